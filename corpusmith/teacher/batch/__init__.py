"""The OpenAI Batch API: the same requests and the same ledger, at half the price, within a day."""

from corpusmith.teacher.batch.run import generate_batches

__all__ = ["generate_batches"]
