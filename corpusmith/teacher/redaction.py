"""Remove secrets from texts of servers and libraries before they are logged, stored or shown."""

import os
import re

from corpusmith.lexicon.words import without_half_pairs

_SECRET = re.compile(r"\b(?:sk-|hf_|gsk_|xai-)[\w-]{8,}|(?i:\b(?:bearer|basic)\s+[\w.~+/=-]{8,})")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
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
