"""Record the zero-shot answers of an LLM to some texts, for the Space's Compare tab.

    python -m builders.record_zero_shot --base-url http://127.0.0.1:8081/v1 --model MODEL

The prompt is that of the zero-shot baseline. The answers go to space/zero_shot.jsonl, which is
released with the Space.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.quality.zero_shot import ZeroShotTeacher, zero_shot_spans
from corpusmith.space.settings import read_zero_shot
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits

LABELS = ("Disease", "Gene", "Chemical")
OUT = shipped("space", "zero_shot.jsonl")


def record(
    texts: Sequence[str],
    out: Path,
    *,
    model: str,
    base_url: str | None = None,
    labels: Sequence[str] = LABELS,
) -> int:
    """Write a line `{"text", "teacher", "entities"}` for each usable answer; return their number.

    Raises UserError, and leaves `out` as it was, if the endpoint gives no usable answer.
    """
    with (
        tempfile.TemporaryDirectory() as scratch,
        Ledger(Path(scratch) / "ledger.sqlite") as ledger,
    ):
        # The examples are our own sentences, so they may go to any endpoint.
        teacher = ZeroShotTeacher(model, base_url, True, AskLimits(concurrency=16))
        found = zero_shot_spans(texts, labels, ledger, teacher)
    answered = [
        (text, spans) for text, spans in zip(texts, found, strict=True) if spans is not None
    ]
    if not answered:
        raise UserError(
            f"{model} gave no usable answer for any of {len(texts)} texts: nothing was recorded"
        )
    rows = [
        {
            "text": text,
            "teacher": model,
            "entities": [dict(zip(("start", "end", "label"), s, strict=True)) for s in spans],
        }
        for text, spans in answered
    ]
    partial = out.with_name(out.name + ".partial")
    partial.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )
    partial.replace(out)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="the model to ask for")
    parser.add_argument("--base-url", help="endpoint; default $OPENAI_BASE_URL")
    parser.add_argument("--texts", type=Path, help="one text on each line; default those of --out")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    try:
        if options.texts:
            texts = options.texts.read_text(encoding="utf-8").splitlines()
        else:
            texts = list(read_zero_shot(options.out))
        count = record(texts, options.out, model=options.model, base_url=options.base_url)
    except (OSError, ValueError, UserError) as error:
        sys.exit(f"error: {error}")
    print(f"{options.out}: answers for {count} of {len(texts)} texts")


if __name__ == "__main__":
    main()
