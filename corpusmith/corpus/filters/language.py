"""The language of an answer."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from corpusmith.files import shipped
from corpusmith.recipe.request import Request

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Letters outside the Latin and Greek alphabets.
OTHER_SCRIPT = re.compile("[\u0400-\u1cff\u2c80-\ua71f\uac00-\ud7ff\U00020000-\U0003ffff]")
FEWEST_WORDS = 4  # besides the names; fewer are too short to detect a language
# Least probability of the recipe's language. Of the 6,252 accepted answers of the shipped
# transcripts the lowest is 0.06, sentences in other languages have less than 0.00001.
LEAST = 0.01
WORD = re.compile(r"[^\W\d_]+")


def in_other_script(text: str, request: Request) -> bool:
    """Whether the answer has letters of a script that is neither Latin, Greek nor in the prompt."""
    prompt = "".join(message["content"] for message in request.payload.get("messages", ()))
    return any(map(str.isalpha, OTHER_SCRIPT.findall(text))) and not OTHER_SCRIPT.search(prompt)


def in_other_language(text: str, request: Request, language: str) -> bool:
    """Whether the answer is not in `language` (an ISO 639-1 code).

    The names that were asked for don't count: a list of species has Latin ones. A language that
    py3langid does not know is not checked.
    """
    for seed in sorted(request.seeds, key=lambda seed: -len(seed.text)):
        text = text.replace(seed.text, " ")
    if len(text.split()) < FEWEST_WORDS or language not in labels():
        return False
    text = text.lower()  # titles may be in capitals
    if language == "en" and is_plainly_english(text):
        return False
    return dict(identifier().rank(text))[language] < LEAST


def is_plainly_english(text: str) -> bool:
    """Whether function words show that a lower-case text is English: two, and one in ten words.

    That decides 73% of the answers of the shipped transcripts. py3langid takes twenty times as
    long.
    """
    words = WORD.findall(text)
    found = sum(word in function_words() for word in words)
    return found >= 2 and 10 * found >= len(words)


@lru_cache(maxsize=1)
def function_words() -> frozenset[str]:
    """Words of English running text, in builders/words/english.txt."""
    return frozenset(shipped("builders", "words", "english.txt").read_text("utf-8").split())


@lru_cache(maxsize=1)
def identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=1)
def labels() -> frozenset[str]:
    return frozenset(identifier().labels)
