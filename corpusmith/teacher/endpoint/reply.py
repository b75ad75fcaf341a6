"""Classify replies with status 200: an answer, a paid reply without one, or an error."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corpusmith.lexicon.words import without_half_pairs
from corpusmith.redaction import redact
from corpusmith.teacher.endpoint.refusal import message_of
from corpusmith.teacher.ledger import Tokens

# Thinking blocks. Without an opening tag the text up to the closing tag is
# thinking: templates such as DeepSeek-R1's put the opening tag into the prompt.
_THINKING = re.compile(
    r"<(think|thinking|thought|reasoning)>.*?</\1>|\[THINK\].*?\[/THINK\]", re.DOTALL | re.I
)
_THINKING_END = re.compile(
    r"\A.*(?:</(?:think|thinking|thought|reasoning)>|\[/THINK\])", re.DOTALL | re.I
)
_THINKING_START = re.compile(r"<(?:think|thinking|thought|reasoning)>|\[THINK\]", re.I)
_HARMONY_FINAL = re.compile(
    r"<\|channel\|>final<\|message\|>(.*?)(?:<\|(?:end|return)\|>|\Z)", re.S
)
# Finish reasons by meaning, in the spellings of servers. All others mean the end of the text:
# stop, eos, eos_token, end_turn, end, stop_sequence, STOP, "", null.
_CUT_SHORT = re.compile(r"length|max|limit|truncat|exceed|incomplete", re.I)
_FILTERED = re.compile(
    r"filter|safety|blocked|blocklist|recitation|prohibited|spii|policy|refus"
    r"|sensitive|guardrail|toxic|moderat|violat",
    re.I,
)
_TOOL = re.compile(r"tool|function", re.I)
_FAULT = re.compile(r"error|abort|cancel|timeout|insufficient|other|malformed", re.I)


NOTHING = Tokens()
LONGEST_TITLE = 80  # characters of a web page's title
MOST_TOKENS = 1e9  # of one reply; a larger number is no count


@dataclass(frozen=True)
class Reply:
    """One reply. Either `text` is the answer, or `problem` says why there is none.

    `final` problems are not asked again. `error` is the body of an error inside a 200.
    """

    text: str = ""
    problem: str | None = None
    final: bool = False
    tokens: Tokens = NOTHING
    billed: bool = False  # the reply has a usage
    error: Any = None


def read_reply(content: bytes) -> Reply:
    """Read a chat completion of any server."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        if content.lstrip()[:1] != b"<":
            return Reply(problem="the reply is cut short or not JSON")
        title = redact(message_of(content.decode(errors="replace")))[:LONGEST_TITLE]
        return Reply(problem=f"the reply is a web page{title and f': {title}'}")
    if not isinstance(body, dict):
        return Reply(problem="the reply is not a chat completion", error=body)
    tokens, billed = read_usage(body.get("usage"))
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        error = body if message_of(body) else None
        return Reply(problem="the reply has no choices", tokens=tokens, billed=billed, error=error)
    if choice.get("error") or body.get("error"):
        error = choice if choice.get("error") else body
        return Reply(problem="error in the reply", tokens=tokens, billed=billed, error=error)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text, thought = message_text(message)
    problem, final = _problem(message, choice.get("finish_reason"), text, thought)
    return Reply(text, problem, final, tokens, billed)


def read_usage(usage: Any) -> tuple[Tokens, bool]:
    """The tokens of a reply, and whether it has a usage at all.

    Some servers count thinking in `total_tokens` only: the larger of completion and
    total − prompt is what they bill.
    """
    if not isinstance(usage, dict):
        return NOTHING, False
    prompt, completion, total = (
        _whole(usage.get(f"{name}_tokens")) for name in ("prompt", "completion", "total")
    )
    details = usage.get("prompt_tokens_details")
    cached = _whole(details.get("cached_tokens")) if isinstance(details, dict) else 0
    if usage.get("prompt_tokens") is not None:
        completion = max(completion, total - prompt)
    return Tokens(prompt, completion, min(cached, prompt)), bool(prompt or completion)


def message_text(message: Mapping[str, Any]) -> tuple[str, bool]:
    """The text of a message without its thinking, and whether it held thinking."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [
        part if isinstance(part, str) else part.get("text")
        for part in parts
        if isinstance(part, str)
        or (isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"))
    ]
    text = "".join(text for text in texts if isinstance(text, str))
    thought = bool(message.get("reasoning_content") or message.get("reasoning")) or len(
        texts
    ) < len([part for part in parts if part])
    if found := _HARMONY_FINAL.search(text):
        return without_half_pairs(found.group(1).strip()), True
    spoken = _THINKING_END.sub("", _THINKING.sub("", text))
    if start := _THINKING_START.search(spoken):  # thinking that was cut short
        spoken = spoken[: start.start()]
    if spoken != text:
        text, thought = spoken.strip(), True
    return without_half_pairs(text), thought


def _problem(
    message: Mapping[str, Any], finish_reason: Any, text: str, thought: bool
) -> tuple[str | None, bool]:
    """Why a message is not an answer, or None, and whether that is final."""
    if message.get("refusal"):
        return "refused", True
    reason = redact(str(finish_reason or ""))[:40]
    if _CUT_SHORT.search(reason):
        return (
            f"finish reason {reason}{', all of it thinking' if thought and not text else ''}",
            True,
        )
    if _FILTERED.search(reason) or _TOOL.search(reason):
        return f"finish reason {reason}", True
    if _FAULT.search(reason):
        return f"finish reason {reason}", False
    if not text.strip():
        return "the answer is only thinking" if thought else "the answer is empty", False
    return None, False


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < MOST_TOKENS else 0
