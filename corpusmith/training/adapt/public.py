"""Documents that are public: openly licensed text of a Hub dataset, at one revision.

    corpusmith adapt student --documents hf://datasets/ID@REVISION --public-text CC-BY-4.0 …

A model that was adapted to such text is published like any other; its card names the source.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.readers.read import SUFFIXES

HUB = "hf://datasets/"


def located(
    documents: Sequence[str | Path], licence: str | None
) -> tuple[list[Path], list[dict[str, Any]]]:
    """The paths of all documents, and (id, revision, licence) of each public source.

    Hub datasets are downloaded. Without `licence`, nothing is public.

    Raises:
        UserError: a dataset can't be read, or a licence is given for files of this machine.
    """
    paths, sources = [], []
    for given in map(str, documents):
        if not given.startswith(HUB):
            if licence:
                raise UserError(
                    f"--public-text is for {HUB}ID@REVISION only, and {given} is not: anyone must "
                    "be able to check the source and its licence"
                )
            paths.append(Path(given))
            continue
        name, _, revision = given.removeprefix(HUB).partition("@")
        if licence and not revision:
            raise UserError(f"{given} names no revision: give {given}@REVISION")
        folder, commit = downloaded(name, revision or None)
        paths.append(folder)
        if licence:
            sources.append({"id": name, "revision": commit, "license": licence})
    return paths, sources


def check_base(facts: Mapping[str, Any], model: str) -> list[dict[str, Any]]:
    """The public sources that a model to adapt to public text already learned from.

    Raises:
        UserError: it learned from private text, so what is made of it is not public.
    """
    adapted = facts.get("adapted") or {}
    if facts.get("reviewed") or (adapted and not adapted.get("public")):
        raise UserError(
            f"{model} was trained on local documents, so --public-text does not make it public: "
            "adapt the model that it was made from"
        )
    return list(adapted.get("public") or ())


def downloaded(name: str, revision: str | None) -> tuple[Path, str]:
    """The folder of the dataset's documents in the Hub cache, and the commit."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    patterns = [f"*{suffix}" for suffix in (*SUFFIXES, ".parquet")]
    try:
        api = HfApi()
        commit = str(api.dataset_info(name, revision=revision).sha)
        folder = api.snapshot_download(
            name,
            repo_type="dataset",
            revision=commit,
            allow_patterns=patterns,
            ignore_patterns=["dataset_info*.json", "croissant.json"],
        )
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise UserError(f"cannot read {HUB}{name}: {error}") from error
    return Path(folder), commit
