"""A Hugging Face Hub on one machine: huggingface_hub, datasets and transformers publish to it and load from it."""

from publisher.local_hub.server import application, serve

__all__ = ["application", "serve"]
