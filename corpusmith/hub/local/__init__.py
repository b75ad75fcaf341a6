"""A Hugging Face Hub on one machine, for huggingface_hub, datasets and transformers."""

from corpusmith.hub.local.server import application, serve

__all__ = ["application", "serve"]
