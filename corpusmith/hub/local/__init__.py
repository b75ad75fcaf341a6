"""A Hugging Face Hub on one machine: huggingface_hub, datasets and transformers publish to it and
load from it.
"""

from corpusmith.hub.local.server import application, serve

__all__ = ["application", "serve"]
