"""An OpenAI-compatible endpoint: its address, its replies, its refusals, and its dialect."""

from corpusmith.teacher.endpoint.address import Endpoint

__all__ = ["Endpoint"]
