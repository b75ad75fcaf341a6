"""Facts of a full run, and the fewest facts that a card needs."""

import pytest

from corpusmith.cards.dataset import CorpusFacts, DatasetFacts, Example, Split
from corpusmith.cards.model import ModelFacts
from tests.cards.sections import baselines_section, report_sections

STRING = {"name": "id", "dtype": "string"}
TAGS = {
    "name": "ner_tags",
    "list": {"class_label": {"names": {"0": "O", "1": "B-Disease", "2": "I-Disease"}}},
}
LABEL = {"name": "label", "dtype": {"class_label": {"names": {"0": "unrelated", "1": "related"}}}}
VERSIONS = (
    ("v0.2.0", "2026-11-23", "demo-disease: more rows of the same kind."),
    ("v0.1.0", "2026-11-20", "First release."),
)


@pytest.fixture
def disease() -> CorpusFacts:
    """A config with every fact."""
    return CorpusFacts(
        name="demo-disease",
        task="ner",
        title="Diseases in single sentences",
        labels=("Disease",),
        domain="PubMed abstracts",
        masks_words=True,
        near_duplicates=0.8,
        borrowed_requests=200,
        lenders=("ncbi-disease", "gad"),
        lexicons=(
            {
                "name": "diseases",
                "version": "2026.11",
                "license": "CC BY 4.0",
                "concepts": 11000,
                "names": 34000,
                "attribution": "MeSH (NLM), Disease Ontology, MONDO.",
            },
        ),
        teacher={
            "model": "Qwen2.5-Coder-1.5B-Instruct",
            "license": "Apache-2.0",
            "parameters": {"temperature": 0.9, "top_p": 0.95, "max_tokens": 120},
        },
        prompts=(
            {
                "name": "ner.v1",
                "text": "Write one sentence of an abstract.\nName: {{ mentions | join(', ') }}",
                "sha256": "0123456789abcdef" * 4,
            },
        ),
        prompt_example=(
            {"role": "system", "content": "You write sentences of biomedical abstracts."},
            {"role": "user", "content": "Name: cystic fibrosis"},
        ),
        usage={
            "prompt_tokens": 61234,
            "completion_tokens": 20567,
            "cost": 0.1234,
            "currency": "USD",
        },
        counts={
            "requests": 700,
            "answered": 690,
            "accepted": 500,
            "rejected": 190,
            "failed": 6,
            "pending": 4,
        },
        rejected_by_reason={"seed missing": 120, "definition": 50, "wrapped in quotes": 20},
        filtered_by_reason={"near duplicate": 312, "8-gram shared with ncbi_disease/dev": 3},
        added_by_augmentation={"replaced": 200, "contrasted": 115},
        written_rows=380,
        mentions_in_train={"validation": (9, 49), "test": (0, 35)},
        example_row={"id": "demo-disease-0000003", "text": "Gout é", "ner_tags": [1, 0]},
        label_noise={"judged": 502, "rejected": 2, "predictions_sha256": "89abcdef" * 8},
        outliers={"judged": 501, "rejected": 1, "limit": 3.5, "distances_sha256": "01234567" * 8},
        splits=(
            Split("train", 400, 90000, 40000),
            Split("validation", 50, 11000, 7000),
            Split("test", 50, 11000, 7000),
        ),
        features=(STRING, TAGS),
        rejected=Split("demo_disease", 190, 30000, 14000),
        rejected_features=(STRING,),
        examples=(
            Example("Mutations in CFTR cause cystic fibrosis.", ((24, 39, "Disease"),)),
            Example(
                "Ataxia telangiectasia and breast cancer share ATM.",
                ((0, 21, "Disease"), (26, 39, "Disease")),
            ),
            Example("Cells were kept at 37 °C", ()),
        ),
        statistics={
            "rows": 500,
            "tokens_mean": 19.4,
            "mentions_mean": 0.91,
            "share_without_mention": 0.42,
            "share_ending_in_full_stop": 0.88,
            "vocabulary": 2912,
            "unique_mentions": 388,
        },
        reference_statistics={
            "ncbi_disease/train": {
                "rows": 5424,
                "tokens_mean": 25.1,
                "mentions_mean": 0.95,
                "share_without_mention": 0.46,
                "share_ending_in_full_stop": 0.97,
                "vocabulary": 9000,
                "unique_mentions": 1700,
            },
            "bc5cdr_disease/train": {
                "rows": 4560,
                "tokens_mean": 25.9,
                "mentions_mean": 0.92,
                "share_without_mention": 0.42,
                "share_ending_in_full_stop": 0.98,
            },
        },
        audit={
            "ncbi_disease/train": {
                "leaked_rows_8gram": 0,
                "leaked_rows_13gram": 0,
                "longest_common_ngram": 7,
                "jaccard": {"mean": 0.02, "p99": 0.101, "max": 0.286},
            },
            "ncbi_disease/dev": {
                "leaked_rows_8gram": 0,
                "leaked_rows_13gram": 0,
                "longest_common_ngram": 7,
            },
        },
        made_figures=("recipes/demo-disease/figures/acceptance.png",),
        form_figures=("recipes/demo-disease/figures/form.png",),
        fingerprint="fedcba9876543210" * 4,
        content_hash="00112233445566778899aabbccddeeff" * 2,
        transcript_sha256="a5" * 32,
        corpusmith_version="0.1.0",
    )


@pytest.fixture
def gad() -> CorpusFacts:
    return CorpusFacts(
        name="demo-gad",
        near_duplicates=0.8,
        task="relations",
        added_by_augmentation={"mistagged": 40},
        written_rows=180,
        labels=("unrelated", "related"),
        splits=(Split("train", 200, 50000, 20000), Split("test", 20, 5000, 3000)),
        features=(STRING, LABEL),
        examples=(
            Example(
                "BRCA1 variants raise the risk of breast cancer.",
                ((0, 5, "Gene"), (33, 46, "Disease")),
                "related",
            ),
            Example(
                "Early-onset cases of breast cancer were seen.",
                ((0, 11, "Gene"), (21, 34, "Disease")),
                "unrelated",
                derived=True,
            ),
        ),
    )


@pytest.fixture
def dataset_facts(disease: CorpusFacts, gad: CorpusFacts) -> DatasetFacts:
    return DatasetFacts(
        "local/corpusmith-ner", "v0.2.0", (disease, gad), license="cc-by-4.0", versions=VERSIONS
    )


def evaluation(benchmark: str, f1: float, system: str = "synthetic", **more) -> dict:
    return {
        "task": "ner",
        "benchmark": benchmark,
        "split": "dev",
        "strict_f1": f1,
        "precision": f1 + 2.5,
        "recall": f1 - 2,
        "ci95": [f1 - 1.8, f1 + 1.9],
        "sentences": 923,
        "system": system,
        "real": True,
        "revision": "1a2b3c4d",
        **more,
    }


@pytest.fixture
def model_facts() -> ModelFacts:
    return ModelFacts(
        "local/corpusmith-demo-disease-minilm",
        "v0.2.0",
        dataset="local/corpusmith-ner",
        dataset_version="v0.2.0",
        space="local/corpusmith",
        license="apache-2.0",
        task="ner",
        labels=("Disease",),
        encoder="nreimers/MiniLM-L6-H384-uncased",
        training={
            "task": "ner",
            "encoder_revision": "3276f0fac9d8",
            "dataset": {
                "id": "local/corpusmith-ner",
                "config": "demo-disease",
                "revision": "v0.2.0",
                "rows": {"train": 400, "validation": 50},
            },
            "hyperparameters": {"epochs": 5, "learning_rate": 1e-4, "batch_tokens": 1024},
            "seed": 42,
            "best": {"epoch": 4, "step": 80, "metric": "strict_f1", "value": 81.25},
            "history": [
                {
                    "epoch": e,
                    "step": 20 * e,
                    "train_loss": 1.2 / e,
                    "validation": {"strict_f1": 50 + 8 * e},
                }
                for e in range(1, 6)
            ],
            "seconds": 63.2,
            "sentences_per_second": 58.4,
            "hardware": "2 CPU cores",
            "energy_kwh": 0.0021,
            "versions": {"torch": "2.13.0", "transformers": "5.23.0"},
        },
        evaluations=(
            evaluation(
                "ncbi_disease",
                61.5,
                calibration={"ece": 0.083},
                errors={
                    "boundary": {
                        "count": 120,
                        "examples": [
                            {
                                "gold": "familial breast cancer",
                                "predicted": "breast cancer",
                                "count": 9,
                            }
                        ],
                    },
                    "spurious": {
                        "count": 210,
                        "examples": [{"gold": None, "predicted": "ATM", "count": 12}],
                    },
                    "missed": 180,
                },
                as_deployed={"strict_f1": 60.9},
                relaxed={"f1": 74.0},
                boundary_only={"f1": 61.5},
                mentions={"seen": {"f1": 71.3}, "unseen": {"f1": 44.4}},
                by_type={"Disease": {"f1": 61.5, "support": 787}},
            ),
            evaluation("bc5cdr_disease", 66.2),
            evaluation(
                "demo-disease",
                80.1,
                dataset="local/corpusmith-ner",
                config="demo-disease",
                calibration={},
            )
            | {"real": False, "split": "test", "revision": "v0.2.0"},
            evaluation("ncbi_disease", 52.3, "dictionary"),
            evaluation("bc5cdr_disease", 67.0, "dictionary"),
            evaluation("ncbi_disease", 31.0, "zero-shot"),
            evaluation("ncbi_disease", 82.0, "gold"),
            evaluation("ncbi_disease", 63.9, "student and dictionary"),
        ),
        export={"metric": "strict_f1", "fp32": 81.25, "int8": 80.75, "lost": 0.5}
        | {"split": "validation"},
        baselines=baselines_section(),
        has_onnx=True,
        domain="PubMed abstracts",
        figures=("figures/comparison.png", "figures/training.png"),
        widget=("Mutations in the APC gene cause familial polyposis.",),
        answer=(
            {"entity_group": "Disease", "score": 0.98, "word": "polyposis", "start": 43, "end": 52},
        ),
        versions=VERSIONS,
    )


@pytest.fixture
def sections() -> dict:
    return report_sections()
