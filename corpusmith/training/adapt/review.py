"""Write sentences for a person to correct, as tasks of Label Studio.

The sample is random, so that the corrected sentences measure the model without bias; the hardest
sentences would not. `corpusmith evaluate MODEL EXPORT.json` reads Label Studio's export.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from corpusmith.errors import UserError
from corpusmith.files import write_json
from corpusmith.inference import EntityExtractor
from corpusmith.training.adapt.documents import Sample
from corpusmith.training.adapt.private import private_files


def write_review(model: str, sample: Sample, out: Path) -> int:
    """Write `tasks.json` and `labels.xml` for Label Studio to `out`; returns the number of tasks.

    The files hold sentences of the documents, so they are readable by their owner alone.

    Raises:
        UserError: when the model cannot be loaded, or `out` holds tasks already.
    """
    if (out / "tasks.json").exists():
        raise UserError(f"{out} holds tasks already: write to another folder")
    try:
        extractor = EntityExtractor.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load {model}: {error}") from error
    texts = [" ".join(words) for words in sample.sentences]
    with private_files():
        out.mkdir(parents=True, exist_ok=True)
        write_json(tasks(extractor, texts), out / "tasks.json")
        (out / "labels.xml").write_text(labelling(extractor.labels), encoding="utf-8")
    return len(texts)


def tasks(extractor: EntityExtractor, texts: Sequence[str]) -> list[dict[str, Any]]:
    """One task a sentence, with the model's mentions to correct."""
    return [
        {
            "data": {"id": str(number), "text": text},
            "predictions": [
                {
                    "result": [
                        {
                            "id": f"{number}-{at}",
                            "from_name": "label",
                            "to_name": "text",
                            "type": "labels",
                            "value": {
                                "start": utf16_length(text[: entity.start]),
                                "end": utf16_length(text[: entity.end]),
                                "text": entity.text,
                                "labels": [entity.label],
                            },
                        }
                        for at, entity in enumerate(entities)
                    ]
                }
            ],
        }
        for number, (text, entities) in enumerate(
            zip(texts, extractor.extract(texts), strict=True), 1
        )
    ]


def utf16_length(text: str) -> int:
    """Label Studio runs in a browser, where an offset counts UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def labelling(labels: Sequence[str]) -> str:
    """The labelling interface: paste it in the project's settings."""
    choices = "".join(f"    <Label value={quoteattr(label)}/>\n" for label in labels)
    return (
        f'<View>\n  <Labels name="label" toName="text">\n{choices}  </Labels>\n'
        '  <Text name="text" value="$text"/>\n</View>\n'
    )
