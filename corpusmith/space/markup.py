"""The page's own HTML: tables, pairs, the graph of relations.

`Markup.format` and `Markup.join` escape everything that is not Markup.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from zlib import crc32

from markupsafe import Markup

from corpusmith.space.schema import Annotated, Mention, ScoredPair, without_overlaps

USUAL_COLOURS = {"Disease": "#ef6f6c", "Gene": "#4a9be8", "Chemical": "#e3a92f"}
OTHER_COLOURS = ("#3fae85", "#9a7fe0", "#de74ae")


def colour(label: str) -> str:
    """The colour of an entity type, the same on every tab."""
    return USUAL_COLOURS.get(label) or OTHER_COLOURS[crc32(label.encode()) % len(OTHER_COLOURS)]


def segments(text: str, mentions: Sequence[Mention]) -> list[tuple[str, str | None]]:
    """Cut `text` into labelled and plain parts. Of overlapping mentions, the likelier stays."""
    parts: list[tuple[str, str | None]] = []
    at = 0
    for mention in without_overlaps(mentions):
        parts += [
            (text[at : mention["start"]], None),
            (text[mention["start"] : mention["end"]], mention["label"]),
        ]
        at = mention["end"]
    return [part for part in [*parts, (text[at:], None)] if part[0]]


def note(message: str) -> Markup:
    """A quiet line in place of a result."""
    return Markup('<p class="note">{}</p>').format(message)


def keyboard_hint() -> Markup:
    """Hidden by the style sheet on devices without a keyboard."""
    return Markup('<p class="keyboard">Shift + Enter reads the text.</p>')


def refusal(message: str) -> Markup:
    """The reason for a refused input, in place of a result. Screen readers announce it."""
    return Markup('<p class="note refused" role="alert">{}</p>').format(message)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table that scrolls, with the keyboard too, on a narrow screen."""
    return Markup(
        '<div class="table" tabindex="0" role="region" aria-label="{0}">'
        "<table><caption>{0}</caption><thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(
        caption,
        join(Markup('<th scope="col">{}</th>').format(name) for name in head),
        join(
            Markup("<tr>{}</tr>").format(join(Markup("<td>{}</td>").format(cell) for cell in row))
            for row in rows
        ),
    )


def mention_table(mentions: Sequence[tuple[str, Mention]], with_model: bool) -> Markup:
    """A row a mention; `mentions` are (model, mention)."""
    if not mentions:
        return note(
            "Nothing found at this threshold. That can be right: most sentences name no entity."
        )
    head = ["Mention", "Type", "Probability", "Concept", "Offsets", *["Model"][:with_model]]
    rows = [
        [
            m["text"],
            badge(m["label"]),
            meter(m["score"]),
            concept(m),
            f"{m['start']}–{m['end']}",
            *[model][:with_model],
        ]
        for model, m in mentions
    ]
    return table("Mentions", head, rows)


def file_mentions(documents: Sequence[Annotated], limit: int) -> Markup:
    """The first mentions of a file, each with the id of its row."""
    found = [(d["id"], mention) for d in documents for mention in d["mentions"]]
    if not found:
        return note("Nothing found at this threshold in any row.")
    rows = [
        [shorten(row_id, 40), m["text"], badge(m["label"]), meter(m["score"]), concept(m)]
        for row_id, m in found[:limit]
    ]
    return table(
        f"Mentions: {len(rows):,} of {len(found):,}",
        ["Row", "Mention", "Type", "Probability", "Concept"],
        rows,
    )


def agreement(found: dict[str, list[Mention]]) -> Markup:
    """Every mention that a method found, and which methods found that span and type."""
    spans = sorted(
        {
            (m["start"], m["end"], m["label"], m["text"])
            for mentions in found.values()
            for m in mentions
        }
    )
    if not spans:
        return note("No method found a mention in this text.")
    of = {
        name: {(m["start"], m["end"], m["label"]) for m in mentions}
        for name, mentions in found.items()
    }
    rows = [
        [span[3], badge(span[2]), *("found" if span[:3] in of[name] else "–" for name in found)]
        for span in spans
    ]
    return table("Which method found which mention", ["Mention", "Type", *found], rows)


def concept(mention: Mention) -> Markup:
    if not mention["concept_id"]:
        return Markup('<span class="quiet">not in the lexicon</span>')
    link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
    return link.format(mention["concept_url"], mention["concept_id"])


def badge(label: str) -> Markup:
    return Markup('<span class="badge" style="--type: {}">{}</span>').format(colour(label), label)


def meter(score: float) -> Markup:
    """A probability as a number, with a bar that screen readers skip."""
    bar = Markup(
        '<span class="meter" style="--share: {0:.0%}"><span aria-hidden="true"></span>'
        "{0:.2f}</span>"
    )
    return bar.format(score)


def pair_list(text: str, pairs: Sequence[ScoredPair], threshold: float, negative: str) -> Markup:
    """Each pair with its sentence and probability; a disclosure shows the classifier's input."""
    if not pairs:
        return note("No pair of the right types in one sentence of this text.")
    return Markup('<ol class="pairs">{}</ol>').format(
        join(pair_item(text, pair, threshold, negative) for pair in pairs)
    )


def pair_item(text: str, pair: ScoredPair, threshold: float, negative: str) -> Markup:
    """One pair; `negative` is the model's name for "no relation"."""
    related = pair["score"] >= threshold
    type_ = "related" if pair["label"] == negative else pair["label"]
    return Markup(
        '<li class="pair {state}"><p class="verdict"><strong>{verdict}</strong> {meter}</p>'
        '<p class="sentence">{sentence}</p>'
        "<details><summary>What the model read</summary><code>{masked}</code></details></li>"
    ).format(
        state="related" if related else "unrelated",
        verdict=type_ if related else "not related",
        meter=meter(pair["score"]),
        sentence=marked(text, pair),
        masked=pair["masked_text"],
    )


def marked(text: str, pair: ScoredPair, around: int = 160) -> Markup:
    """The passage around the two mentions, with both marked."""
    first, second = sorted([pair["head"], pair["tail"]], key=lambda mention: mention["start"])
    begin, end = max(0, first["start"] - around), min(len(text), second["end"] + around)
    return Markup("{}{}{}{}{}{}{}").format(
        "… " if begin else "",
        text[begin : first["start"]],
        mark(first),
        text[first["end"] : second["start"]],
        mark(second),
        text[second["end"] : end],
        " …" if end < len(text) else "",
    )


def mark(mention: Mention) -> Markup:
    return Markup('<mark style="--type: {}">{}</mark>').format(
        colour(mention["label"]), mention["text"]
    )


def graph(pairs: Sequence[ScoredPair], threshold: float) -> Markup:
    """Heads on the left, tails on the right, a line for each related pair, thicker if likelier.

    Widths are shares of the page's, so that the letters keep their size on a phone.
    """
    related = [pair for pair in pairs if pair["score"] >= threshold]
    if not related:
        return Markup("")
    heads = {pair["head"]["text"]: pair["head"]["label"] for pair in related}
    tails = {pair["tail"]["text"]: pair["tail"]["label"] for pair in related}
    height = 36 * max(len(heads), len(tails))
    head_y = {name: height * (i + 0.5) / len(heads) for i, name in enumerate(heads)}
    tail_y = {name: height * (i + 0.5) / len(tails) for i, name in enumerate(tails)}
    line = Markup('<line x1="42%" y1="{:.0f}" x2="58%" y2="{:.0f}" stroke-width="{:.1f}"/>')
    dot = Markup('<circle cx="{}" cy="{:.0f}" r="5" style="--type: {}"/>')
    name_of = Markup('<text x="{}" y="{:.0f}" dy=".33em" text-anchor="{}">{}</text>')
    return Markup(
        '<svg class="graph" height="{}" role="img" aria-label="Related: {}">{}</svg>'
    ).format(
        height,
        "; ".join(f"{pair['head']['text']} and {pair['tail']['text']}" for pair in related),
        join(
            [
                *(
                    line.format(
                        head_y[p["head"]["text"]], tail_y[p["tail"]["text"]], 1 + 4 * p["score"]
                    )
                    for p in related
                ),
                *(dot.format("42%", head_y[name], colour(label)) for name, label in heads.items()),
                *(dot.format("58%", tail_y[name], colour(label)) for name, label in tails.items()),
                *(name_of.format("39%", head_y[name], "end", shorten(name, 17)) for name in heads),
                *(
                    name_of.format("61%", tail_y[name], "start", shorten(name, 17))
                    for name in tails
                ),
            ]
        ),
    )


def shorten(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def key_figures(evaluations: Sequence[dict]) -> Markup:
    """Strict F1, or macro F1 of relations, of each evaluation in the models' repositories."""
    if not evaluations:
        return note("The models' repositories hold no evaluation.")
    rows = [
        [
            e["model"],
            text_name(e),
            e.get("split", "–"),
            percent(e, "precision"),
            percent(e, "recall"),
            f1(e),
        ]
        for e in evaluations
    ]
    head = ["Model", "Text", "Split", "Precision", "Recall", "F1 (95% interval)"]
    return table("Key figures of the models, in percent", head, rows)


def text_name(evaluation: dict) -> str:
    """The name of a benchmark, or of a corpus's config, which holds synthetic sentences."""
    name, _, config = str(evaluation["benchmark"]).partition("@")[0].partition(":")
    synthetic = bool(config) or evaluation.get("real") is False
    return f"{config or PurePath(name).name}{', synthetic' if synthetic else ''}"


def percent(evaluation: dict, name: str) -> str:
    return f"{evaluation[name]:.1f}" if isinstance(evaluation.get(name), (int, float)) else "–"


def f1(evaluation: dict) -> str:
    """Strict F1, or macro F1 of relations: the F1 of one class rewards always predicting it."""
    name = "strict_f1" if "strict_f1" in evaluation else "macro_f1"
    interval = evaluation.get("ci95")
    low_high = interval.get(name) if isinstance(interval, dict) else interval
    shown = percent(evaluation, name) + (
        f" ({low_high[0]:.1f}–{low_high[1]:.1f})" if low_high else ""
    )
    return f"{shown}, macro" if name == "macro_f1" else shown


def progress(done: int, total: int, mentions: int) -> Markup:
    return Markup(
        '<div class="progress"><progress value="{0}" max="{1}" aria-label="Texts read"></progress>'
        "<span>{0:,} of {1:,} texts, {2:,} mentions</span></div>"
    ).format(done, total, mentions)


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)
