"""The tabs that read one text at a time: Extract, Relations, Compare."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import gradio as gr
from gradio.helpers import Examples

from corpusmith.space import markup
from corpusmith.space.events import INSTANT, SENTENCES_ON_PAGE, refusing
from corpusmith.space.privacy import FORGET_AFTER
from corpusmith.space.schema import (
    MAX_CHARACTERS,
    InputError,
    Mention,
    above,
    checked_text,
    checked_threshold,
    one_of,
)
from corpusmith.space.service import Service

Reader = Callable[[str], list[Mention] | None]
TOGETHER, SIDE_BY_SIDE = "Together", "Side by side"

# The text is in the link's fragment, which browsers do not send to a server.
FILL_FROM_LINK = "(text) => new URLSearchParams(location.hash.slice(1)).get('text') ?? text"
COPY_LINK = """(text) => {
  const hash = '#' + new URLSearchParams({text});
  history.replaceState(null, '', hash);
  if (window.parent !== window) window.parent.postMessage({hash}, 'https://huggingface.co');
  navigator.clipboard?.writeText(location.href).catch(() => {});
}"""


def extract_tab(service: Service, page: gr.Blocks) -> None:
    """Build the tab. A model answers once; threshold and view only choose among its mentions."""
    names = list(service.extractors)
    several = len(names) > 1
    nothing: dict[str, Any] = {"text": "", "by_model": {}}
    found = gr.State(nothing, time_to_live=FORGET_AFTER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            text = text_input(service.examples, service.language)
            gr.HTML(markup.keyboard_hint())
            with gr.Row():
                ask = gr.Button(
                    "Find mentions", variant="primary", elem_id="find", scale=3, min_width=140
                )
                link = gr.Button("Copy link", elem_id="copy-link", scale=1, min_width=110)
            examples = example_buttons(service.examples, text)
            models = gr.CheckboxGroup(names, value=names, label="Models", visible=several)
            assist = gr.Checkbox(
                False,
                label="Use the list of names",
                info="Joins model and list by estimated precision.",
                visible=bool(service.assistants),
            )
            view = gr.Radio(
                [TOGETHER, SIDE_BY_SIDE], value=TOGETHER, label="Show the models", visible=several
            )
        with gr.Column(scale=7, min_width=320):
            together = highlighted("Mentions", service.labels)
            with gr.Row(visible=False) as beside:
                apart = [highlighted(name, service.extractors[name].labels) for name in names]
            threshold = threshold_slider(0.5, "Hides less likely mentions; no model runs again.")
            listed = gr.HTML(markup.note("Results appear here."))
    rivals = sum(len(model.labels) for model in service.extractors.values()) > len(service.labels)

    def show(state: dict, threshold: float, view: str) -> list:
        text, side = state["text"], view == SIDE_BY_SIDE
        threshold = checked_threshold(threshold)
        kept = {name: above(mentions, threshold) for name, mentions in state["by_model"].items()}
        merged = [(name, mention) for name in kept for mention in kept[name]]
        return [
            gr.update(
                value=markup.segments(text, [mention for _, mention in merged]), visible=not side
            ),
            gr.update(visible=side),
            *(
                gr.update(value=markup.segments(text, kept.get(n, [])), visible=n in kept)
                for n in names
            ),
            markup.mention_table(sorted(merged, key=lambda pair: pair[1]["start"]), rivals),
        ]

    def read(text: str, chosen: list[str], assist: bool, threshold: float, view: str) -> list:
        try:
            if not isinstance(chosen, list) or not chosen:
                raise InputError("Choose at least one model.")
            text = checked_text(text)
            candidates = {
                one_of(name, service.extractors): service.candidates(text, name, assist is True)
                for name in chosen
            }
            state = {"text": text, "by_model": candidates}
            return [state, *show(state, threshold, view)]
        except InputError as error:
            return [nothing, *show(nothing, 0.5, view)[:-1], markup.refusal(str(error))]

    def read_first(text: str, *settings: Any) -> list:
        if text:
            return read(text, *settings)
        return [nothing, *show(nothing, 0.5, settings[-1])[:-1], gr.skip()]

    shown = [together, beside, *apart, listed]
    inputs, outputs = [text, models, assist, threshold, view], [found, *shown]
    page.load(None, text, text, js=FILL_FROM_LINK).then(
        read_first, inputs, outputs, show_progress="hidden", **SENTENCES_ON_PAGE
    )
    on_ask(ask, text, examples, read, inputs, outputs)
    for choice in (models, assist):
        choice.input(read, inputs, outputs, show_progress="minimal", **SENTENCES_ON_PAGE)
    for event in (threshold.input, view.input):
        event(refusing(show), [found, threshold, view], shown, **INSTANT)
    told = "The link contains the text. It is on the clipboard and in the address bar."
    link.click(None, text, None, js=COPY_LINK).then(
        lambda: gr.Info(told, title="Link"), **SENTENCES_ON_PAGE
    )


def relations_tab(service: Service) -> None:
    """Build the tab. Pairs are scored once; the threshold only decides which count as related."""
    classifier = next(iter(service.classifiers.values()))
    sides = [classifier.head.upper(), classifier.tail.upper()]
    marked = [label for label in service.marked_labels if label.upper() in sides]
    nothing: dict[str, Any] = {"text": "", "pairs": []}
    found = gr.State(nothing, time_to_live=FORGET_AFTER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            text = text_input(service.relation_examples, service.language)
            gr.HTML(markup.keyboard_hint())
            ask = gr.Button("Find relations", variant="primary", elem_id="relate")
            examples = example_buttons(service.relation_examples, text)
        with gr.Column(scale=7, min_width=320):
            together = highlighted("Mentions in a pair", marked)
            threshold = threshold_slider(
                classifier.threshold, "From this probability on, a pair counts as related."
            )
            drawing = gr.HTML()
            listed = gr.HTML(markup.note("Pairs appear here, the likeliest first."))

    def show(state: dict, threshold: float) -> list:
        text, pairs = state["text"], state["pairs"]
        threshold = checked_threshold(threshold)
        paired = {
            mention["start"]: mention for pair in pairs for mention in (pair["head"], pair["tail"])
        }
        return [
            markup.segments(text, list(paired.values())),
            markup.graph(pairs, threshold),
            markup.pair_list(text, pairs, threshold, classifier.labels[0]),
        ]

    def read(text: str, threshold: float) -> list:
        try:
            state = {"text": checked_text(text), "pairs": service.relations(text)}
            return [state, *show(state, threshold)]
        except InputError as error:
            return [nothing, *show(nothing, 0.5)[:-1], markup.refusal(str(error))]

    shown = [together, drawing, listed]
    on_ask(ask, text, examples, read, [text, threshold], [found, *shown])
    threshold.input(refusing(show), [found, threshold], shown, **INSTANT)


def compare_tab(service: Service) -> None:
    """Build the tab: the mentions of a dictionary, a zero-shot LLM (if recorded) and the models."""

    def dictionary(text: str) -> list[Mention]:
        return [
            mention for mention in service.dictionary(text) if mention["label"] in service.labels
        ]

    readers: dict[str, Reader] = {
        name: partial(service.candidates, model=name) for name in service.extractors
    }
    if service.zero_shot:
        readers = {"LLM, zero-shot": service.recorded, **readers}
    if service.lexicons.keys() & service.labels:
        readers = {"Dictionary": dictionary, **readers}
    texts = list(service.zero_shot) or service.examples
    text = text_input(texts, service.language)
    gr.HTML(markup.keyboard_hint())
    ask = gr.Button("Compare", variant="primary", elem_id="compare-button")
    examples = example_buttons(texts, text)
    rows = [highlighted(name, service.labels) for name in readers]
    listed = gr.HTML()
    gr.HTML(markup.key_figures(service.key_figures()))

    def read(text: str) -> list:
        try:
            text = checked_text(text)
        except InputError as error:
            return [*(gr.update(value=[], visible=False) for _ in rows), markup.refusal(str(error))]
        answers = {name: reader(text) for name, reader in readers.items()}
        kept = {
            name: above(mentions, 0.5) for name, mentions in answers.items() if mentions is not None
        }
        return [
            *(
                gr.update(value=markup.segments(text, kept.get(name, [])), visible=name in kept)
                for name in readers
            ),
            markup.agreement(kept),
        ]

    on_ask(ask, text, examples, read, [text], [*rows, listed])


def on_ask(
    ask: gr.Button,
    text: gr.Textbox,
    examples: Examples | None,
    read: Callable,
    inputs: list,
    outputs: list,
) -> None:
    """Read the text when a visitor presses the button or Shift + Enter, or picks an example."""
    events = [ask.click, text.submit, *([examples.load_input_event.then] if examples else [])]
    for event in events:
        event(read, inputs, outputs, show_progress="minimal", **SENTENCES_ON_PAGE)


def highlighted(title: str, labels: Iterable[str]) -> gr.HighlightedText:
    """A text with its mentions, and a legend of the entity types."""
    return gr.HighlightedText(
        label=title,
        color_map={label: markup.colour(label) for label in sorted(labels)},
        show_legend=True,
        elem_classes="reading",
        interactive=False,
    )


def text_input(examples: Sequence[str], language: str) -> gr.Textbox:
    return gr.Textbox(
        value=examples[0] if examples else "",
        label="Text",
        info=f"A sentence, an abstract or a page{language and f' of {language}'}.",
        placeholder="Type or paste a text.",
        lines=4,
        max_lines=16,
        max_length=MAX_CHARACTERS,
        elem_classes="reading",
    )


def threshold_slider(value: float, info: str) -> gr.Slider:
    return gr.Slider(0, 1, value, step=0.01, label="Threshold", info=info)


def example_buttons(examples: Sequence[str], text: gr.Textbox) -> Examples | None:
    """A button for each example, labelled by its first words; None without examples."""
    if not examples:
        return None
    labels = [markup.shorten(example, 48) for example in examples]
    return gr.Examples(
        [[example] for example in examples], [text], example_labels=labels, label="Examples"
    )
