"""What a ledger stores of a request: an answer, or a failure; and the tokens of many of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What a teacher replied to the request `key`. `created_at` is in seconds since 1970; `batch` answers cost half."""

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
    """Why a request has no answer after `attempts` tries; tokens are those of replies that were paid but unusable."""

    key: str
    reason: str
    attempts: int
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Usage:
    """Answers and tokens by what sets their price; `cached_tokens` are part of `prompt_tokens`."""

    model: str
    host: str
    batch: bool
    answers: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
