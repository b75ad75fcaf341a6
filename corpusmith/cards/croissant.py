"""croissant.json of a dataset repo: the facts of its card as Croissant 1.1.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import json
from typing import Any

from corpusmith.cards.dataset import CorpusFacts, DatasetFacts, split_name
from corpusmith.cards.markdown import citation, plain

TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject "
    "fileProperty fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path "
    "recordSet references regex repeated replace samplingRate separator source subField transform"
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in TERMS.split()},
}
TYPES = {
    "string": "sc:Text",
    "int32": "cr:Int32",
    "int64": "cr:Int64",
    "float32": "cr:Float32",
    "float64": "cr:Float64",
}


def render(facts: DatasetFacts, url: str) -> str:
    """The file for a repo at `url`."""
    corpora = [corpus for corpus in facts.corpora if corpus.features]
    refused = [corpus for corpus in facts.corpora if corpus.rejected and corpus.rejected_features]
    configs = {
        corpus.name: (corpus.features, [f"data/{corpus.name}/*.parquet"]) for corpus in corpora
    }
    if refused:
        files = [f"data/rejected/{split_name(corpus.name)}-*.parquet" for corpus in refused]
        configs["rejected"] = (refused[0].rejected_features, files)
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": facts.repo_id.split("/")[-1],
        "description": f"{facts.rows} synthetic sentences with labels: {_origin(facts.corpora)}.",
        "url": url,
        "version": facts.version.removeprefix("v"),
        "citeAs": cite_as(facts),
        "datePublished": facts.versions[0][1] if facts.versions else None,
        "license": facts.license,
        "inLanguage": sorted({corpus.language for corpus in facts.corpora}),
        "keywords": ["biology", "medical", "synthetic"],
        "distribution": [
            _repo(url, facts.version),
            *(_file_set(name, files) for name, (_, files) in configs.items()),
        ],
        "recordSet": [_record_set(name, features) for name, (features, _) in configs.items()],
    }
    return (
        json.dumps(
            {key: value for key, value in document.items() if value}, indent=1, ensure_ascii=False
        )
        + "\n"
    )


def cite_as(facts: DatasetFacts) -> str:
    """The card's BibTeX entry on one line."""
    fields = citation(facts.repo_id, "datasets/", facts.version, facts.versions)
    stated = {key: value for key, value in fields.items() if key not in ("key", "title")}
    entries = [
        "author={The corpusmith developers}",
        f"title={{Synthetic corpus {fields['title']}}}",
        *(f"{key}={{{value}}}" for key, value in stated.items()),
    ]
    return f"@misc{{{fields['key']}, {', '.join(entries)}}}"


def _origin(corpora: tuple[CorpusFacts, ...]) -> str:
    names = sorted(
        {plain(str(teacher["model"]), 80) for corpus in corpora for teacher in corpus.teachers}
    )
    if not names:
        return "no sentence is from a patient or an article"
    derived = any(corpus.added_by_augmentation for corpus in corpora)
    return f"written by {', '.join(names)}{', or derived from such by rule' if derived else ''}"


def _repo(url: str, version: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": "repo",
        "name": "repo",
        "contentUrl": f"{url}/tree/{version}",
        "encodingFormat": "git+https",
        "sha256": "https://github.com/mlcommons/croissant/issues/80",  # as the specification says
    }


def _file_set(name: str, files: list[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{name}-files",
        "containedIn": {"@id": "repo"},
        "encodingFormat": "application/x-parquet",
        "includes": files if len(files) > 1 else files[0],
    }


def _record_set(name: str, features: tuple[Any, ...]) -> dict[str, Any]:
    files = {"fileSet": {"@id": f"{name}-files"}}
    split = {
        "@type": "cr:Field",
        "@id": f"{name}/split",
        "dataType": "sc:Text",
        "source": {
            **files,
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": "^([^-]+)-"},
        },
    }
    fields = [
        _field(name, feature, {**files, "extract": {"column": feature["name"]}})
        for feature in features
    ]
    return {"@type": "cr:RecordSet", "@id": name, "field": [split, *fields]}


def _field(parent: str, feature: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """A column as a card's YAML describes it. Members of a structure have a path in it."""
    name = f"{parent}/{feature['name']}"
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name}
    kind: Any = feature.get("dtype", feature.get("list", feature.get("struct")))
    if "list" in feature:
        field |= {"isArray": True, "arrayShape": "-1"}
    if isinstance(kind, list):
        members = [
            _field(name, member, {**source, "transform": {"jsonPath": member["name"]}})
            for member in kind
        ]
        return {**field, "subField": members}
    data_type = (
        "cr:Int64" if isinstance(kind, dict) else TYPES[kind]
    )  # a ClassLabel is stored as its index
    return {**field, "dataType": data_type, "source": source}
