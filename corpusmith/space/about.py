"""What the page says at length: its examples, and the About tab."""

from huggingface_hub import constants

from corpusmith.space.schema import MAX_BATCH, MAX_CHARACTERS
from corpusmith.space.service import Service
from corpusmith.space.settings import Source

TEXT_EXAMPLES = (
    (
        "Genes and a syndrome",
        "Germline variants in MLH1 and MSH2 explained most families with Lynch syndrome, "
        "whereas sporadic colorectal cancer seldom carried them.",
    ),
    (
        "Two diseases, one drug",
        "Cyclosporine was stopped in three kidney recipients because of hypertension, "
        "and gingival hyperplasia receded within two months.",
    ),
    (
        "A case in three sentences",
        "Two siblings were seen for tremor and raised liver enzymes. Both were homozygous for a frameshift in ATP7B, "
        "and Wilson disease was diagnosed. The older one had already developed cirrhosis and haemolytic anaemia.",
    ),
    (
        "Nothing to find",
        "Supernatants were kept at four degrees and measured in triplicate within a day of sampling.",
    ),
    (
        "A limit: bare abbreviations",
        "AS was ruled out, MS was not, and the WAS and HD families declined to take part, as did the man with ALL.",
    ),
)
RELATION_EXAMPLES = (
    (
        "Linked, and only mentioned",
        "Loss of PTEN was found in eleven of twelve patients with Cowden syndrome; "
        "BRCA2 was sequenced as a control and showed no change.",
    ),
    (
        "A negated finding",
        "No association between the APOE genotype and migraine was seen in either cohort.",
    ),
    (
        "Several pairs",
        "Variants in GBA and LRRK2 raise the risk of Parkinson disease, and GBA is also mutated in Gaucher disease.",
    ),
)

TEXT = """
### How it came about
A large language model wrote labelled sentences around names drawn from public ontologies. They were checked, filtered
and published as a corpus, and the encoders here were fine-tuned on that corpus alone: **no patient's text and no
annotated sentence of a real benchmark went into them.** Real benchmarks only measure them.

### What is served here
{sources}

### From a program
```
from gradio_client import Client

client = Client("the id or address of this Space")
client.predict("BRCA1 is mutated in breast cancer.", "", 0.5, api_name="/extract")
client.predict("BRCA1 is mutated in breast cancer.", "", 0.0, api_name="/relations")
client.predict(["A first text.", "A second."], "", 0.5, api_name="/batch")
```
`/extract` and `/relations` read up to {characters:,} characters, `/batch` up to {batch:,} texts. The same three are
tools for an MCP client, at `/gradio_api/mcp/`. "Use via API" at the foot of the page lists their types.

### What happens to a text
The last answer stays in this Space's memory, for the threshold to act on, for an hour at most. No text is written
down or logged; an uploaded file and its results are deleted after half an hour. A link carries a text only if you ask
for one, in the part of the address that browsers keep to themselves. Still, this is a public server: **do not send
what identifies a patient.** The models run on your own machine as well.

### What they cannot do
They are research models, not medical devices. They know English as journals write it, they miss abbreviations that are
not spelt out, they take some gene families for diseases and the other way round, and a probability is the model's own
opinion of itself.
{attributions}
"""


def about(service: Service) -> str:
    """Markdown of the About tab, with a link to each model, corpus and recipe at its version."""
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
    owed = sorted(
        {lexicon.attribution for lexicon in service.lexicons.values() if lexicon.attribution}
    )
    attributions = "\n### Lexicons\n" + "\n".join(f"- {line}" for line in owed) if owed else ""
    return TEXT.format(
        sources="\n".join(lines),
        characters=MAX_CHARACTERS,
        batch=MAX_BATCH,
        attributions=attributions,
    )


def source_line(kind: str, source: Source, hub_kind: str = "", path: str = "") -> str:
    url = source.url(constants.ENDPOINT, hub_kind)
    where = (
        f"[{source.id}{path}]({url}{path}) at `{source.version}`"
        if url
        else f"`{source.id}`, a folder of this machine"
    )
    return f"- {kind}: {where}"
