"""The tabs that read a sentence at a time: Extract, Relations, Compare."""

from collections.abc import Callable, Iterable
from functools import partial

import gradio as gr
from gradio.helpers import Examples

from corpusmith.space import markup
from corpusmith.space.about import RELATION_EXAMPLES, TEXT_EXAMPLES
from corpusmith.space.events import INSTANT, SENTENCES_ON_PAGE, polite
from corpusmith.space.schema import MAX_CHARACTERS, InputError, Mention, above, checked_text
from corpusmith.space.service import Service

Reader = Callable[[str], list[Mention] | None]
FORGOTTEN_AFTER = 3600  # seconds that an answer stays in memory, for the threshold to act on
TOGETHER, SIDE_BY_SIDE = "Together", "Side by side"

# The text travels in the link's fragment, which browsers do not send to any server.
FILL_FROM_LINK = "(text) => new URLSearchParams(location.hash.slice(1)).get('text') ?? text"
COPY_LINK = """(text) => {
  const hash = '#' + new URLSearchParams({text});
  history.replaceState(null, '', hash);
  if (window.parent !== window) window.parent.postMessage({hash}, 'https://huggingface.co');
  navigator.clipboard?.writeText(location.href).catch(() => {});
}"""


def extract_tab(service: Service, page: gr.Blocks) -> None:
    """Reading keeps every candidate; the threshold and the view only choose among them."""
    names = list(service.extractors)
    several = len(names) > 1
    rivals = sum(len(extractor.labels) for extractor in service.extractors.values()) > len(
        service.labels
    )
    found = gr.State({"text": "", "by_model": {}}, time_to_live=FORGOTTEN_AFTER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            text = text_input(TEXT_EXAMPLES[0][1])
            with gr.Row():
                ask = gr.Button(
                    "Find mentions", variant="primary", elem_id="find", scale=3, min_width=140
                )
                link = gr.Button("Copy link", elem_id="copy-link", scale=1, min_width=110)
            examples = example_buttons(TEXT_EXAMPLES, text)
            models = gr.CheckboxGroup(names, value=names, label="Models", visible=several)
            view = gr.Radio(
                [TOGETHER, SIDE_BY_SIDE], value=TOGETHER, label="Show the models", visible=several
            )
        with gr.Column(scale=7, min_width=320):
            together = highlighted("Mentions", service.labels)
            with gr.Row(visible=False) as beside:
                apart = [highlighted(name, service.extractors[name].labels) for name in names]
            threshold = threshold_slider(0.5, "Hides the less likely at once; no model runs again.")
            listed = gr.HTML(markup.note("Results appear here."))

    def show(state: dict, threshold: float, view: str) -> list:
        text, side = state["text"], view == SIDE_BY_SIDE
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
            markup.mention_table(
                sorted(merged, key=lambda pair: pair[1]["start"]), with_model=rivals
            ),
        ]

    def read(text: str, chosen: list[str], threshold: float, view: str) -> list:
        if not chosen:
            raise InputError("Choose at least one model.")
        text = checked_text(text)
        state = {
            "text": text,
            "by_model": {name: service.candidates(text, name) for name in chosen},
        }
        return [state, *show(state, threshold, view)]

    shown = [together, beside, *apart, listed]
    inputs, outputs = [text, models, threshold, view], [found, *shown]
    page.load(None, text, text, js=FILL_FROM_LINK).then(
        polite(read), inputs, outputs, show_progress="hidden", **SENTENCES_ON_PAGE
    )
    for event in (ask.click, text.submit, models.input, examples.load_input_event.then):
        event(polite(read), inputs, outputs, show_progress="minimal", **SENTENCES_ON_PAGE)
    for event in (threshold.input, view.input):
        event(show, [found, threshold, view], shown, **INSTANT)
    told = "It holds the text itself. See the clipboard or the address bar."
    link.click(None, text, None, js=COPY_LINK).then(
        lambda: gr.Info(told, title="Link"), **SENTENCES_ON_PAGE
    )


def relations_tab(service: Service) -> None:
    """Pairs are judged once; the threshold only moves the line between related and not."""
    classifier = next(iter(service.classifiers.values()))
    known = {*service.labels, *service.lexicons}
    sides = [
        label
        for label in known
        if label.upper() in (classifier.head.upper(), classifier.tail.upper())
    ]
    found = gr.State({"text": "", "pairs": []}, time_to_live=FORGOTTEN_AFTER)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            text = text_input(RELATION_EXAMPLES[0][1])
            ask = gr.Button("Find relations", variant="primary", elem_id="relate")
            examples = example_buttons(RELATION_EXAMPLES, text)
        with gr.Column(scale=7, min_width=320):
            together = highlighted("Mentions that stand in a pair", sides)
            threshold = threshold_slider(
                classifier.threshold, "From here on a pair counts as related."
            )
            drawing = gr.HTML()
            listed = gr.HTML(markup.note("Pairs appear here, the likeliest first."))

    def show(state: dict, threshold: float) -> list:
        text, pairs = state["text"], state["pairs"]
        paired = {
            mention["start"]: mention for pair in pairs for mention in (pair["head"], pair["tail"])
        }
        return [
            markup.segments(text, list(paired.values())),
            markup.graph(pairs, threshold),
            markup.pair_list(text, pairs, threshold),
        ]

    def read(text: str, threshold: float) -> list:
        state = {"text": checked_text(text), "pairs": service.relations(text)}
        return [state, *show(state, threshold)]

    shown = [together, drawing, listed]
    for event in (ask.click, text.submit, examples.load_input_event.then):
        event(
            polite(read),
            [text, threshold],
            [found, *shown],
            show_progress="minimal",
            **SENTENCES_ON_PAGE,
        )
    threshold.input(show, [found, threshold], shown, **INSTANT)


def compare_tab(service: Service) -> None:
    """One text as a dictionary, an untrained language model (where that was recorded) and the models here read it."""

    def dictionary(text: str) -> list[Mention]:
        return [
            mention for mention in service.dictionary(text) if mention["label"] in service.labels
        ]

    readers: dict[str, Reader] = {
        name: partial(service.candidates, model=name) for name in service.extractors
    }
    if service.zero_shot:
        readers = {"Language model, untrained": service.recorded, **readers}
    if service.lexicons.keys() & service.labels:
        readers = {"Dictionary": dictionary, **readers}
    text = text_input(TEXT_EXAMPLES[0][1])
    ask = gr.Button("Compare", variant="primary", elem_id="compare-button")
    examples = example_buttons(TEXT_EXAMPLES, text)
    rows = [highlighted(name, service.labels) for name in readers]
    listed = gr.HTML()
    gr.HTML(markup.key_figures(service.key_figures()))

    def read(text: str) -> list:
        text = checked_text(text)
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

    for event in (ask.click, text.submit, examples.load_input_event.then):
        event(polite(read), text, [*rows, listed], show_progress="minimal", **SENTENCES_ON_PAGE)


def highlighted(title: str, labels: Iterable[str]) -> gr.HighlightedText:
    """A text with its mentions, and a legend of the types that can be found in it."""
    return gr.HighlightedText(
        label=title,
        color_map={label: markup.colour(label) for label in sorted(labels)},
        show_legend=True,
        elem_classes="reading",
        interactive=False,
    )


def text_input(value: str) -> gr.Textbox:
    return gr.Textbox(
        value=value,
        label="Text",
        info="A sentence, an abstract or a page of English. Shift + Enter reads it.",
        lines=4,
        max_lines=16,
        max_length=MAX_CHARACTERS,
        elem_classes="reading",
    )


def threshold_slider(value: float, info: str) -> gr.Slider:
    return gr.Slider(0, 1, value, step=0.01, label="Threshold", info=info)


def example_buttons(examples: tuple[tuple[str, str], ...], text: gr.Textbox) -> Examples:
    labels = [label for label, _ in examples]
    return gr.Examples(
        [[example] for _, example in examples], [text], example_labels=labels, label="Examples"
    )
