"""Classify error replies: the kind, the reason, and the remedy."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from corpusmith.redaction import redact
from corpusmith.teacher.pace import LONGEST_PAUSE, retry_after

Kind = Literal["account", "unreachable", "busy", "passing", "request"]
LONGEST_REASON = 200
REMEDIES = {
    401: "refuses the API key: set OPENAI_API_KEY",
    402: "needs payment: top up the account, or use another key",
    403: "forbids this: check the rights of the key and the region",
    404: "has no such path or model: check --base-url (most end in /v1) and the model's name",
    405: "has no such path: check --base-url (most end in /v1)",
}
MODEL_REMEDY = "has no such model: check `teacher.model` in the recipe, or --model"
QUOTA_REMEDY = "has no quota left: top up the account, wait for the next period, or use another key"
_QUOTA_CODE = re.compile(
    r"insufficient_quota|billing_not_active|billing_hard_limit|exceeded_current_quota"
)
_QUOTA = re.compile(
    r"billing|\bquota\b|monthly|usage limit|credits?\b"
    r"|insufficient.{0,20}(balance|funds)|balance.{0,20}not enough|arrear|recharge"
    r"|payment|not active|daily limit|per.day limit",
    re.I,
)
_NO_MONEY = re.compile(
    r"credit balance|insufficient.{0,20}(balance|funds|credit|quota)|payment required"
    r"|exceeded.{0,20}quota|billing|usage limits?\b|balance.{0,20}not enough|arrear|good standing"
    r"|recharge|(account|organi[sz]ation|team)\b.{0,40}(disabled|suspended|deactivated)",
    re.I,
)
# A chat template of llama.cpp, SGLang and others refuses a role by an exception, as HTTP 500.
_TEMPLATE = re.compile(
    r"jinja|chat.?template|roles? must alternate|system['\"`]? ?(role|message|prompt)"
    r"|role['\"`:]* ?['\"`]?system",
    re.I,
)
_PER_MINUTE = re.compile(
    r"retry in|try again in|retrydelay|per.?minute|per.?second|\b[rt]pm\b", re.I
)
_MODERATED = re.compile(r"moderat|flagged|content.?policy|safety", re.I)
_WRONG_PATH = re.compile(
    r"unexpected endpoint|unknown (path|endpoint|route)|no such (path|route)", re.I
)
_NO_MODEL = re.compile(
    r"model_not_(found|available|supported)|invalid_model\b|model_decommissioned|not a valid model"
    r"|\b(unknown|invalid|no such|unsupported) model(\s*$|[:'\"`]| name\b| id\b)"
    r"|\bmodel\b:?\s*(['\"`]?[\w./:@-]+['\"`]?,?)?\s*((does|is|was) )?"
    r"(not exist|not found|(has been|been|is) (decommissioned|deprecated|retired))",
    re.I,
)
_ELSEWHERE = re.compile(r"(location|region|country)\b.{0,40}(not|un)[ -]?supported", re.I)
# Differs between requests, and reasons that are alike are counted together.
_REQUEST_ID = re.compile(
    r"[ ,;]*[(\[]?\b(request|trace|log)[ _-]?id\b['\" ]*[:=]?['\" ]*[\w-]+['\"]?[)\]]?"
    r"|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{20,}\b",
    re.I,
)
_LOADING = re.compile(
    r"loading (the )?model|(is|still|currently) (being )?load|starting up|warming up", re.I
)
BUSY = (429, 503, 529)
PASSING = (408, 409, 425)


@dataclass(frozen=True)
class Refusal:
    """An attempt that brought no reply to read.

    Kinds: `account` ends the run, as every request would meet it; `unreachable` does so where the
    endpoint never answered; `busy` makes the whole run wait; `passing` is asked again a few times;
    `request` is final for this request unless all requests meet it.
    """

    kind: Kind
    reason: str  # short, without secrets, and equal for equal faults
    remedy: str = ""
    wait: float | None = None  # seconds that the server asks to wait
    message: str = ""  # the server's, in full, with its `param`: a dialect is learned from it


def read_refusal(
    status: int, content: bytes, headers: Mapping[str, str], phrase: str = ""
) -> Refusal:
    """Classify a reply with an error status."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = content.decode(errors="replace")
    return refusal_of(status, body, headers, phrase)


def refusal_in_reply(body: Any) -> Refusal:
    """Classify an error that came in a reply with status 200."""
    code = _field(body, "code") or _field(body, "status")
    text = message_of(body)
    if str(code).isdigit() and 400 <= int(code) < 600:
        return refusal_of(int(code), body, {})
    if _WRONG_PATH.search(text):
        return Refusal("account", redact(text)[:LONGEST_REASON], REMEDIES[404])
    if _QUOTA.search(text) and not _PER_MINUTE.search(text):
        return Refusal("account", redact(text)[:LONGEST_REASON], QUOTA_REMEDY)
    return Refusal("passing", redact(f"error in the reply: {text}")[:LONGEST_REASON])


def refusal_of(status: int, body: Any, headers: Mapping[str, str], phrase: str = "") -> Refusal:
    """Classify an error by its status and the words in its body."""
    text = message_of(body) or phrase
    reason = redact(f"HTTP {status}: {_REQUEST_ID.sub('', text).strip()}")[:LONGEST_REASON]
    wait = retry_after(headers)
    names = f"{_field(body, 'code')} {_field(body, 'type')} {text}"
    soon = wait is not None and wait <= LONGEST_PAUSE
    by_words = _QUOTA.search(names) and not _PER_MINUTE.search(str(body)) and not soon
    if status == 429 and (_QUOTA_CODE.search(names) or by_words):
        return Refusal("account", reason, QUOTA_REMEDY)
    if status in (400, 403) and _NO_MONEY.search(names):
        return Refusal("account", reason, QUOTA_REMEDY)
    if status == 500 and _TEMPLATE.search(text):
        return Refusal("request", reason, message=text)
    if status in BUSY:
        return Refusal("busy", reason, wait=wait)
    if status in PASSING or status >= 500:
        kind: Kind = "busy" if _LOADING.search(text) else "passing"
        return Refusal(kind, reason, wait=wait)
    if status in REMEDIES and not (status == 403 and _MODERATED.search(names)):
        return Refusal("account", reason, REMEDIES[status])
    if re.search(r"\bapi[ _-]?key\b", text, re.I) and re.search(
        r"valid|incorrect|expired", text, re.I
    ):
        return Refusal("account", reason, REMEDIES[401])
    if _ELSEWHERE.search(text):
        return Refusal("account", reason, REMEDIES[403])
    if _NO_MODEL.search(names) and _field(body, "param") in ("", "None", "model"):
        return Refusal("account", reason, MODEL_REMEDY)
    return Refusal("request", reason, message=f"{text} param={_field(body, 'param')}")


def message_of(body: Any) -> str:
    """The message in an error body: an object, a list, a string, FastAPI's detail, a web page."""
    if isinstance(body, str):
        title = re.search(r"<title>(.*?)</title>", body, re.I | re.S)
        text = title.group(1) if title else re.sub(r"<[^>]*>", " ", body)
        return " ".join(text.split())
    if isinstance(body, list):
        return "; ".join(dict.fromkeys(filter(None, map(message_of, body[:3]))))
    if not isinstance(body, Mapping):
        return ""
    if "msg" in body:  # FastAPI: the input is left out, as it differs between requests
        place = ".".join(str(part) for part in body.get("loc") or () if part != "body")
        return f"{place}: {body['msg']}" if place else str(body["msg"])
    for name in ("error", "message", "detail", "errors", "error_message", "title", "code"):
        if (inner := body.get(name)) and (text := message_of(inner)):
            return text
    return ""


def _field(body: Any, name: str) -> str:
    """A field of an error body, which may be wrapped in `error` or a list."""
    if isinstance(body, list):
        body = body[0] if body else {}
    if not isinstance(body, Mapping):
        return ""
    inner = body.get("error")
    found = inner.get(name) if isinstance(inner, Mapping) else None
    return str(found or body.get(name) or "")
