"""The form of sentences, measured the same way for synthetic rows and for benchmark rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from corpusmith.corpus.filters.ngrams import comparable_words

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass
class Form:
    """Running counts of what `form` reports. Those of several shards add up."""

    rows: int = 0
    tokens: int = 0
    full_stops: int = 0
    vocabulary: set[str] = field(default_factory=set)  # with case; it is dropped once, at the end
    rows_with_mentions_known: int = 0
    mentions: int = 0
    without_mention: int = 0
    unique_mentions: set[str] = field(default_factory=set)

    def add(self, row: dict) -> None:
        tokens = row.get("tokens") or _TOKEN.findall(row["text"])
        self.rows += 1
        self.tokens += len(tokens)
        self.full_stops += bool(tokens) and tokens[-1].endswith(".")
        self.vocabulary.update(tokens)
        mentions = _mentions(row)
        if mentions is not None:
            self.rows_with_mentions_known += 1
            self.mentions += len(mentions)
            self.without_mention += not mentions
            self.unique_mentions.update(mentions)

    def merge(self, other: "Form") -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, mine | value if isinstance(mine, set) else mine + value)

    def figures(self) -> dict[str, float | int]:
        """Means and shares per row. Rows of relations list no mentions."""
        rows = max(self.rows, 1)
        figures: dict[str, float | int] = {
            "rows": self.rows,
            "tokens_mean": round(self.tokens / rows, 2),
            "share_ending_in_full_stop": round(self.full_stops / rows, 4),
            "vocabulary": len({token.lower() for token in self.vocabulary}),
        }
        if self.rows_with_mentions_known:
            figures["mentions_mean"] = round(self.mentions / rows, 3)
            figures["share_without_mention"] = round(self.without_mention / rows, 4)
            figures["unique_mentions"] = len(
                {" ".join(comparable_words(mention)) for mention in self.unique_mentions}
            )
        return figures


def form(rows: Iterable[dict]) -> dict[str, float | int]:
    """Length, mentions, vocabulary and final full stops of `rows`, read once.

    A row has `tokens` or `text`; its mentions come from `entities`, else from string BIO
    `ner_tags`. Text is compared without regard to case, a mention also without punctuation, so that
    pretokenised and plain spellings are one.
    """
    measured = Form()
    for row in rows:
        measured.add(row)
    return measured.figures()


def _mentions(row: dict) -> list[str] | None:
    if "entities" in row:
        return [entity["text"] for entity in row["entities"]]
    if "ner_tags" not in row:
        return None
    mentions: list[list[str]] = []
    previous = "O"
    for token, tag in zip(row["tokens"], row["ner_tags"], strict=True):
        if tag.startswith("B-") or (tag != "O" and tag[2:] != previous[2:]):
            mentions.append([token])
        elif tag != "O":
            mentions[-1].append(token)
        previous = tag
    return [" ".join(mention) for mention in mentions]
