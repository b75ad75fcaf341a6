"""Entries of a ledger: answers, failures, and paid replies without an answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """The tokens of a reply; `cached` are part of `prompt`, thinking is part of `completion`."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


@dataclass(frozen=True)
class Answer:
    """The reply to the request `key`. `created_at` is in seconds since 1970; a batch costs half."""

    key: str
    text: str
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    created_at: int = 0
    host: str = ""
    batch: bool = False


@dataclass(frozen=True)
class Failure:
    """The reason for a failed request, after `attempts` tries."""

    key: str
    reason: str
    attempts: int


@dataclass(frozen=True)
class Spent:
    """A billed reply to the request `key` without an answer, with the reason."""

    key: str
    reason: str
    tokens: Tokens
    host: str = ""
    batch: bool = False


@dataclass(frozen=True)
class Usage:
    """Answers and tokens of one model, host and mode (batch or not), which set the price;
    `cached_tokens` are part of `prompt_tokens`.

    `unusable` counts the billed replies that are no answer; their tokens are part of the tokens.
    """

    model: str
    host: str
    batch: bool
    answers: int
    unusable: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
