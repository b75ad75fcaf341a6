"""Hostile inputs: each gets an answer or an error message with a remedy."""

import io
import json
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytestmark = pytest.mark.slow

CONTROL = [f"asthma {chr(code)} BRCA1" for code in (*range(0x20), *range(0x7F, 0xA0))]
MARKS = (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
DIRECTION = [f"asthma {chr(code)}fever{chr(code)}" for code in MARKS]
SCRIPTS = [
    "الربو مرض",
    "אסתמה ופיברוזיס",
    "喘息と嚢胞性線維症",
    "천식",
    "астма",
    "άσθμα",
    "asthma في BRCA1 المرضى",
    "दमा",
]
MARKUP = [
    template.format(payload)
    for payload in ("alert(1)", "document.cookie", "fetch('//evil')")
    for template in (
        "<script>{}</script> asthma",
        "<img src=x onerror={}> asthma",
        "<svg/onload={}>",
        '"><iframe srcdoc="{}">',
        "javascript:{}",
        "[asthma](javascript:{})",
        "![x]({})",
        "${{{}}} asthma",
        "{{{{{}}}}} asthma",
        "{{% {} %}}",
        "<style>*{{background:url({})}}</style>",
        "</textarea><b>{}</b>",
        "&lt;script&gt;{}&lt;/script&gt;",
    )
]
FORMULAS = [
    f"{first}{rest}"
    for first in "=+-@\t\r"
    for rest in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("//evil","asthma")')
]
SIZES = [
    "",
    " ",
    "\n" * 50,
    "a" * 20_000,
    "a" * 20_001,
    "asthma " * 2_800,
    "asthma " * 100_000,
    "." * 19_999,
    "(" * 5_000,
]
ODD = [
    "\ud800 asthma",
    "asthma \udfff",
    "\ud83d\ude00 asthma",
    "👩‍👩‍👧‍👦 asthma",
    "a" + "\u0301" * 5_000,
    "\ufeffasthma",
    "\ufffe\uffff",
    "asthma\u2028fever\u2029BRCA1",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "'; DROP TABLE mentions; --",
    "%00%0a%s%n",
    "@GENE$ causes @DISEASE$",
    "[CLS] asthma [SEP] [MASK] [PAD]",
    "\\u0000 \\x00",
    "NaN",
    "-1e999",
    "null",
    "A\u0000sthma",
]
WRONG_TYPES = [
    None,
    True,
    0,
    -1,
    1.5,
    [],
    ["asthma"],
    {},
    {"text": "asthma"},
    [[[]]],
    {"path": "/etc/passwd"},
]
TEXTS: list[Any] = [*CONTROL, *DIRECTION, *SCRIPTS, *MARKUP, *FORMULAS, *SIZES, *ODD, *WRONG_TYPES]
ARGUMENTS: list[list[Any]] = [
    ["asthma", model, 0.5]
    for model in ("../disease", "/etc/passwd", "a/b@main", "https://evil", 7, ["disease"], {})
] + [["asthma", "", threshold] for threshold in (-1, 2, "0.5", None, [], {}, 1e308, True)]


def zipped() -> bytes:
    """Fifty megabytes compressed to about fifty kilobytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"0" * 50_000_000)
    return packed.getvalue()


FILES: list[tuple[str, bytes]] = [
    (f"{name}.{suffix}", content)
    for suffix in ("csv", "tsv", "jsonl", "txt")
    for name, content in {
        "empty": b"",
        "blank": b"\n\n\n",
        "zeros": b"\0" * 1000,
        "noise": bytes(range(256)) * 20,
        "latin": "text\nMénière".encode("latin-1"),
        "utf16": "text\nasthma".encode("utf-16"),
        "torn": "text\nasthma".encode("utf-16")[:-1],
        "quotes": b'text\n"asthma\n""' * 50,
        "wide": b",".join([b"c"] * 20_000) + b"\n" + b",".join([b"asthma"] * 20_000),
        "deep": b"[" * 50_000 + b"]" * 50_000,
        "long": b"text\n" + b"x" * 300_000,
        "rows": b"text\n" + b"asthma\n" * 20_001,
        "html": b'<img src=x onerror=alert(1)>,"=1+1"\n<script>alert(1)</script>,asthma\n',
        "zip": zipped(),
        "numbers": b'{"text": 1e999}\n{"text": NaN}\n{"text": 123456789012345678901234567890}',
    }.items()
] + [
    ("name.exe", b"MZ"),
    ("..csv", b"text\nasthma"),
    ("a" * 200 + ".csv", b"text\nasthma"),
    ("<b>.csv", b"text\nasthma"),
]


def post(url: str, body: bytes, kind: str) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


def ask(app, endpoint: str, data: list[Any]) -> Any:
    """Return the endpoint's answer through the queue: a list, or the error message."""
    address = f"{app.url}gradio_api/call/{endpoint}"
    joined = post(address, json.dumps({"data": data}).encode(), "application/json")
    if "event_id" not in joined:
        return joined["error"]
    event = joined["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=120) as stream:
        lines = stream.read().decode().split("\n")
    last = max(
        i for i, line in enumerate(lines) if line.startswith("event:") and "heartbeat" not in line
    )
    told = json.loads(lines[last + 1].removeprefix("data: "))
    return told[0] if lines[last] == "event: complete" else (told or {}).get("error")


def clear(answer: Any) -> bool:
    """Check for an answer, or an error message with a remedy."""
    told = (
        isinstance(answer, str)
        and len(answer.split()) > 5
        and "Traceback" not in answer
        and "verbose" not in answer
    )
    return told or isinstance(answer, list)


def test_enough_hostile_inputs_are_tested() -> None:
    assert len(TEXTS) + len(ARGUMENTS) + len(FILES) >= 200


@pytest.mark.parametrize("endpoint", ["extract", "relations"])
def test_texts(app, endpoint: str) -> None:
    calls = [*([text, "", 0.5] for text in TEXTS), *ARGUMENTS]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda data: ask(app, endpoint, data), calls))
    unclear = [
        (str(call)[:60], answer)
        for call, answer in zip(calls, answers, strict=True)
        if not clear(answer)
    ]
    assert unclear == []
    assert app.alive() and [m["text"] for m in ask(app, "extract", ["asthma", "", 0.5])] == [
        "asthma"
    ]


def test_batches(app) -> None:
    for texts in (
        TEXTS,
        ["asthma"] * 1_001,
        "asthma",
        None,
        {},
        [["asthma"]],
        ["asthma " * 2_000] * 100,
    ):
        assert clear(ask(app, "batch", [texts, "", 0.5]))
    mixed = [text for text in TEXTS if isinstance(text, str) and len(text) <= 20_000]
    assert len(ask(app, "batch", [mixed, "", 0.5])) == len(mixed)


def test_files(app) -> None:
    config = json.load(urllib.request.urlopen(app.url + "config"))
    file = next(
        c["id"]
        for c in config["components"]
        if c["type"] == "file" and c["props"].get("label") == "File"
    )
    look = next(d["id"] for d in config["dependencies"] if [file, "upload"] in d["targets"])
    for name, content in FILES:
        mark = "----boundary"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        )
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        uploaded = post(
            app.url + "gradio_api/upload", body, f"multipart/form-data; boundary={mark}"
        )
        assert isinstance(uploaded, list), (name, uploaded)
        data = {"path": uploaded[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        request = {"data": [data], "fn_index": look, "session_hash": "hostile"}
        answer = post(
            app.url + "gradio_api/run/predict", json.dumps(request).encode(), "application/json"
        )
        assert "data" in answer or clear(answer.get("error")), (name, answer)
        shown = json.dumps(answer.get("data", [])[1:4])  # what the page sets as HTML
        assert "<script>" not in shown and "<img" not in shown
    assert app.alive()
