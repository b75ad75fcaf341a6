"""The text of the About tab."""

import json

from huggingface_hub import constants

from corpusmith.space.schema import MAX_BATCH, MAX_CHARACTERS
from corpusmith.space.service import Service
from corpusmith.space.settings import Source

TEXT = """
### How the models were made
A large language model wrote labelled sentences around names from word lists and ontologies. They
were checked, filtered and published as a corpus, and the encoders here were fine-tuned on that
corpus. **No patient's text and no annotated sentence of a benchmark is in the corpus.** If a model
was also trained on real text, its card says so, as it says how well it does on benchmarks.

### What this page runs
{sources}

### From a program
```
from gradio_client import Client

client = Client("the id or address of this Space")
{calls}
```
`/extract` and `/relations` read up to {characters:,} characters, `/batch` up to {batch:,} texts.
An MCP client finds them as tools at `/gradio_api/mcp/`. "Use via API" at the foot of the page lists
their types.

### What happens to a text
The last answer stays in this server's memory, because the threshold acts on it, for an hour at
most. No text is written to disk or to a log. An uploaded file and its results are deleted after
half an hour. A link holds a text only if you press "Copy link", in the part of the address that
browsers do not send. Still, this is a public server: **do not send what identifies a patient.** The
models run on your own machine as well.

### What the models cannot do
They are research models, not medical devices. They know {language} as journals write it, they miss
abbreviations that the text does not spell out, and a probability is only the model's own estimate.
{attributions}
"""


def about(service: Service) -> str:
    """Markdown, with a link to each model, corpus and recipe at its version."""
    settings = service.settings
    lines = [
        *(source_line("Entities", source) for source in settings.ner),
        *(source_line("Relations", source) for source in settings.relations),
        *(source_line("Corpus", source, "datasets/") for source in settings.datasets),
        *(
            source_line("Recipes and prompts", source, "datasets/", "/recipes")
            for source in settings.datasets
        ),
    ]
    owed = sorted({lexicon.attribution for lexicon in service.lexicons.values()} - {""})
    attributions = "\n### Lexicons\n" + "\n".join(f"- {line}" for line in owed) if owed else ""
    return TEXT.format(
        sources="\n".join(lines),
        calls="\n".join(calls(service)),
        language=service.language or "text",
        characters=MAX_CHARACTERS,
        batch=MAX_BATCH,
        attributions=attributions,
    )


def calls(service: Service) -> list[str]:
    """A call of each endpoint, on this Space's own examples."""
    texts = service.examples or ["Your text."]
    related = (service.relation_examples or ["Your text."])[0]
    lines = [f'client.predict({quoted(texts[0])}, api_name="/extract")']
    if service.classifiers:
        lines.append(f'client.predict({quoted(related)}, api_name="/relations")')
    batch = ", ".join(quoted(text) for text in texts[:2])
    return [*lines, f'client.predict([{batch}], api_name="/batch")']


def quoted(text: str) -> str:
    """A string literal that can't end the code block."""
    return json.dumps(text, ensure_ascii=False).replace("`", "'")


def source_line(kind: str, source: Source, hub_kind: str = "", path: str = "") -> str:
    url = source.url(constants.ENDPOINT, hub_kind)
    if url is None:
        return f"- {kind}: `{source.name}`, a folder of this machine"
    return f"- {kind}: [{source.id}{path}]({url}{path}) at `{source.version}`"
