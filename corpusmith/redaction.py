"""Remove secrets from texts of servers and libraries before they are logged, stored or shown."""

import os
import re

from corpusmith.lexicon.words import without_half_pairs

_SECRET = re.compile(r"\b(?:sk-|hf_|gsk_|xai-)[\w-]{8,}|(?i:\b(?:bearer|basic)\s+[\w.~+/=-]{8,})")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_URL = re.compile(
    r"(\b[a-z][a-z0-9+.-]*://)(?:[^\s\"'<>\\/?#@]*@)?([^\s\"'<>\\?#]*)(?:[?#][^\s\"'<>\\]*)?",
    re.IGNORECASE,
)
_QUERY_SECRET = re.compile(r"(?i)((?:api[-_]?key|token|sig|signature|password)=)[^&\s\"']+")


def redact(text: str) -> str:
    """The text without API keys (those in the environment and look-alikes) and URL passwords.

    Replaces lone surrogates: UTF-8 can't encode them.
    """
    text = without_half_pairs(text)
    for name, value in os.environ.items():
        if len(value) >= 8 and name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")):
            text = text.replace(value, "[redacted]")
    text = _USERINFO.sub("[redacted]@", _SECRET.sub("[redacted]", text))
    return _QUERY_SECRET.sub(r"\1[redacted]", text)


def without_secrets(text: str) -> str:
    """Drop user names, passwords, queries and fragments of URLs, and whatever looks like a key.

    A signed address of a word list carries its signature and token in the query.
    """
    return redact(bare_urls(text))


def bare_urls(text: str) -> str:
    """The text with its URLs cut to scheme, host and path."""
    return _URL.sub(r"\1\2", text)
