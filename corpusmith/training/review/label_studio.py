"""Sentences to correct as tasks of Label Studio, whose export is read back like any other file."""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from corpusmith.inference import Entity


def tasks(texts: Sequence[str], found: Sequence[Sequence[Entity]]) -> list[dict[str, Any]]:
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
        for number, (text, entities) in enumerate(zip(texts, found, strict=True), 1)
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
