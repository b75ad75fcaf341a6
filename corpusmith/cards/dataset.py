"""The card of a dataset repo, which has a config for each recipe: facts in, README.md out."""

from dataclasses import dataclass
from typing import Any

from huggingface_hub import DatasetCardData

from corpusmith.cards import markdown
from corpusmith.cards.corpus import CorpusFacts, Example, Split, split_name
from corpusmith.cards.tables import corpus as tables
from corpusmith.inference.front_matter import language

__all__ = ["CorpusFacts", "DatasetFacts", "Example", "Split", "render", "split_name"]

TASKS = {
    "ner": ("token-classification", "named-entity-recognition", "named entities"),
    "relations": ("text-classification", "multi-class-classification", "relations"),
}
SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)


@dataclass(frozen=True)
class DatasetFacts:
    """The facts of a dataset card."""

    # given by the publisher
    repo_id: str
    version: str
    # read from each config's build.json
    corpora: tuple[CorpusFacts, ...]
    # given by whoever publishes, all optional
    pretty_name: str = ""
    license: str | list[str] | None = None
    space: str | None = None
    # read from the changelog: (version, date, one line), newest first
    versions: tuple[tuple[str, str, str], ...] = ()

    @property
    def title(self) -> str:
        return self.pretty_name or self.repo_id.split("/")[-1]

    @property
    def rows(self) -> int:
        return sum(corpus.rows for corpus in self.corpora)


def metadata(facts: DatasetFacts) -> DatasetCardData:
    """The front matter: configs and dataset_info for `datasets`, the rest for the Hub's search."""
    configs, infos = [], []
    for index, corpus in enumerate(facts.corpora):
        files = [
            {"split": split.name, "path": f"data/{corpus.name}/{split.name}-*"}
            for split in corpus.splits
        ]
        configs.append(
            {
                "config_name": corpus.name,
                "data_files": files,
                **({"default": True} if index == 0 else {}),
            }
        )
        infos.append(_info(corpus.name, corpus.features, corpus.splits))
    refused = [corpus.rejected for corpus in facts.corpora if corpus.rejected]
    if refused:
        files = [
            {"split": split.name, "path": f"data/rejected/{split.name}-*"} for split in refused
        ]
        configs.append({"config_name": "rejected", "data_files": files})
        columns = next(corpus.rejected_features for corpus in facts.corpora if corpus.rejected)
        infos.append(_info("rejected", columns, refused))
    tasks = list(dict.fromkeys(corpus.task for corpus in facts.corpora))
    languages = sorted({corpus.language for corpus in facts.corpora})
    return DatasetCardData(
        pretty_name=facts.title,
        language=languages,
        license=facts.license,
        task_categories=[TASKS[task][0] for task in tasks],
        task_ids=[TASKS[task][1] for task in tasks],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        multilinguality=["monolingual" if len(languages) == 1 else "multilingual"],
        source_datasets=["original"],
        size_categories=[next((name for limit, name in SIZES if facts.rows < limit), "n>10M")],
        tags=["biology", "medical", "synthetic", "corpusmith"],
        configs=configs,
        dataset_info=infos,
    )


def _info(name: str, features: tuple[Any, ...], splits: Any) -> dict[str, Any]:
    info: dict[str, Any] = {"config_name": name}
    if features:
        info["features"] = list(features)
    info["splits"] = [
        {"name": split.name, "num_bytes": split.bytes, "num_examples": split.rows}
        for split in splits
    ]
    info["download_size"] = sum(split.download_bytes for split in splits)
    info["dataset_size"] = sum(split.bytes for split in splits)
    return info


def render(facts: DatasetFacts) -> str:
    """README.md of the dataset repo."""
    return markdown.render(
        "dataset.md.jinja",
        metadata(facts),
        facts=facts,
        tables=tables,
        kinds=list(dict.fromkeys(TASKS[corpus.task][2] for corpus in facts.corpora)),
        languages=", ".join(sorted({language(corpus.language) for corpus in facts.corpora})),
        domains=list(dict.fromkeys(c.domain for c in facts.corpora if c.domain)),
        loaded=printed_dataset(facts.corpora[0]),
        refused=any(corpus.rejected for corpus in facts.corpora),
        homepage=markdown.homepage(),
        cited=markdown.citation(facts.repo_id, "datasets/", facts.version, facts.versions),
    )


def printed_dataset(corpus: CorpusFacts) -> str | None:
    """The output of `print(load_dataset(...))` for a config, if its columns are known."""
    if not corpus.features:
        return None
    columns = [feature["name"] for feature in corpus.features]
    splits = "".join(
        f"    {split.name}: Dataset({{\n        features: {columns},\n"
        f"        num_rows: {split.rows}\n    }})\n"
        for split in corpus.splits
    )
    return f"DatasetDict({{\n{splits}}})"
