"""Deviations that an endpoint needs: parameters left out or renamed, no system role.

A dialect changes the sent payload, never the request's key: ledger and `build` use the planned
payload.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from corpusmith.teacher.payload import Payload

_KEPT = {"model", "messages"}  # never left out
_REFUSED = re.compile(
    r"unsupported|not support|not permitted|not allowed|not available|unrecognized|unknown"
    r"|unexpected|extra|invalid param|not a valid param|deprecated|only the default"
    r"|only \S{1,12} is allowed|must be \S{1,12} for this model|cannot both|only one of",
    re.I,
)
# A refused value, not a refused name: a limit that was left out for it may cost any amount.
_VALUE = re.compile(
    r"\b(above|below|greater|less|larger|exceed\w*|more than|at (most|least)|maximum|minimum"
    r"|too (large|small|high|low)|between|range)\b|[<>]",
    re.I,
)
# The names may be those that the endpoint takes.
_SUPPORTED = re.compile(r"\b(supported|allowed|valid|accepted) (param|field|argument|are|is)", re.I)
_RENAMED = (("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens"))


@dataclass(frozen=True)
class Dialect:
    """Parameters that are not sent (`left_out`) or sent under another name (`renamed`)."""

    left_out: frozenset[str] = frozenset()
    renamed: tuple[tuple[str, str], ...] = ()
    merge_system: bool = False  # put the system message into the user's

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "Dialect":
        """The dialect that a recipe's `teacher.parameters` set: `seed: false`, `system: merge`."""
        left_out = frozenset({"seed"} if parameters.get("seed") is False else ())
        return cls(left_out, merge_system=parameters.get("system") == "merge")

    @classmethod
    def from_json(cls, text: str | None) -> "Dialect":
        """The dialect that `to_json` wrote."""
        stored = json.loads(text) if text else {}
        renamed = tuple((old, new) for old, new in stored.get("renamed", {}).items())
        return cls(
            frozenset(stored.get("left_out", ())), renamed, stored.get("merge_system", False)
        )

    def to_json(self) -> str:
        """One line of JSON, for the ledger."""
        stored = {
            "left_out": sorted(self.left_out),
            "renamed": dict(self.renamed),
            "merge_system": self.merge_system,
        }
        return json.dumps(stored)

    def __or__(self, other: "Dialect") -> "Dialect":
        renamed = {**dict(self.renamed), **dict(other.renamed)}
        return Dialect(
            self.left_out | other.left_out,
            tuple(renamed.items()),
            self.merge_system or other.merge_system,
        )

    def __str__(self) -> str:
        changes = [f"{name} left out" for name in sorted(self.left_out)]
        changes += [f"{old} sent as {new}" for old, new in self.renamed if old not in self.left_out]
        changes += ["the system message put into the user's"] if self.merge_system else []
        return ", ".join(changes)

    def apply(self, payload: Payload) -> Payload:
        """The payload in this dialect."""
        if self == PLAIN:
            return payload
        names = dict(self.renamed)
        sent = {names.get(k, k): v for k, v in payload.items() if k not in self.left_out}
        if self.merge_system:
            sent["messages"] = merge_system(payload["messages"])
        return sent

    def learn(self, message: str, payload: Payload) -> "Dialect | None":
        """The dialect that avoids a refusal of a planned payload; None when it is unclear.

        `message` is the server's, with its `param`. A refusal is clear if it names the refused
        parameters alone. A refused limit of an answer's length is first sent under its other name,
        since an answer without a limit may cost any amount.
        """
        lowered = message.lower()
        roles = any(m["role"] == "system" for m in payload["messages"])
        if roles and not self.merge_system and _refuses_system(lowered):
            return replace(self, merge_system=True)
        if not _REFUSED.search(message):
            return None
        for old, new in _RENAMED:
            if old in payload and f"use '{new}'" in lowered.replace('"', "'").replace("`", "'"):
                return self | Dialect(renamed=((old, new),))
        sent = {name: dict(self.renamed).get(name, name) for name in payload}
        candidates = sorted(sent.keys() - _KEPT - self.left_out - {"response_format"})
        by_field = [name for name in candidates if f"param={sent[name]}" in message]
        by_word = [
            name for name in candidates if re.search(rf"\b{re.escape(sent[name])}\b", message)
        ]
        named = by_field or by_word
        if {"temperature", "top_p"} == set(named) and "both" in lowered:
            named = ["top_p"]
        unclear = set(named) & dict(_RENAMED).keys() or _SUPPORTED.search(message)
        if not named or (len(named) > 1 and unclear):
            return None
        other = dict(_RENAMED).get(named[0])
        if other and _VALUE.search(message):
            return None
        if other and other not in payload and named[0] not in dict(self.renamed):
            return self | Dialect(renamed=((named[0], other),))
        return self | Dialect(left_out=frozenset(named))


PLAIN = Dialect()


def merge_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with the system's text at the beginning of the first message of the user."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system" and m["content"])
    rest = [dict(message) for message in messages if message["role"] != "system"]
    if system and rest:
        rest[0]["content"] = f"{system}\n\n{rest[0]['content']}"
    return rest


# In lower case, without quotes: "system role not supported", "role system is not supported",
# "unexpected role system", "input should be user or assistant", "roles must alternate".
_SYSTEM_REFUSED = re.compile(
    r"system (role|message|prompt|instruction)s?\b.*not (supported|allowed|enabled|permitted)"
    r"|role:? system\b.*(not (supported|allowed|permitted|valid)|invalid|unsupported)"
    r"|(unexpected|unknown|invalid|unsupported) (message )?role:? system"
    r"|not support.*\bsystem\b|developer instruction is not enabled"
    r"|conversation roles must alternate"
    r"|only (supports? )?user,? (and )?(assistant|model).*roles"
    r"|(should|must) be (one of )?user,? (or )?(assistant|model)"
    r"|\bsystem\b.{0,40}(not one of|does not match any).{0,60}\buser\b"
)


def _refuses_system(message: str) -> bool:
    return bool(_SYSTEM_REFUSED.search(re.sub(r"['\"`\[\]]", "", message)))
