"""Train and measure a student: train, adapt, search, export, evaluate."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.api.folder import Folder, PathName, training_config

if TYPE_CHECKING:
    from corpusmith.training.config import TrainingConfig


def train(
    dataset: PathName,
    out: PathName,
    *,
    encoder: PathName = "embedded",
    config: "TrainingConfig | Mapping[str, Any] | PathName | None" = None,
    seeds: Sequence[int] = (),
    num_processes: int = 1,
) -> Folder:
    """Fine-tune an encoder on a corpus. Repeat a killed call to continue it.

    >>> student = cs.train(
    ...     "corpus", out="student", encoder="tiny-encoder",
    ...     config={"epochs": 1, "learning_rate": 1e-3, "tracker": "none"},
    ... )
    >>> student.facts["best"]["metric"]
    'strict_f1'

    Args:
        dataset: a folder, a `Folder`, or a Hub id `id[:config][@revision]`.
        out: the model folder to write.
        encoder: "embedded" (MiniLM), a folder, or a Hub id that AutoModel loads.
        config: settings as a YAML file, a mapping or a TrainingConfig; docs/training.md lists them.
            Left out, epochs, learning rate, early stopping and the weight of O follow from the
            corpus; the others have fixed defaults.
        seeds: train once with each and keep the model that is best on the validation split.
        num_processes: processes on this machine.

    Raises:
        UserError: the dataset or the encoder can't be used.
    """
    from corpusmith.training.launch import train_in_processes, train_seeds

    chosen = training_config(config)
    if num_processes > 1:
        facts = train_in_processes(
            str(dataset), str(encoder), Path(out), chosen, seeds, num_processes
        )
    else:
        facts = train_seeds(str(dataset), str(encoder), Path(out), chosen, seeds)
    return Folder(Path(out), facts)


def adapt(
    model: PathName,
    documents: PathName | Sequence[PathName],
    out: PathName,
    *,
    corpus: PathName | None = None,
    lists: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | PathName | None = None,
) -> Folder:
    """Adapt an entity model to documents without labels. No sentence leaves this machine.

    Repeat a killed call to continue it.

    >>> adapted = cs.adapt(
    ...     "student", "notes.txt", out="adapted", corpus="corpus",
    ...     config={"rounds": 1, "epochs": 1},
    ... )
    >>> adapted.facts["documents"], adapted.facts["rounds"]
    (1, 1)

    Args:
        model: a folder that `train` wrote.
        documents: files and folders, in the formats of docs/formats.md, or
            hf://datasets/ID[@REVISION].
        out: the model folder to write, readable by you alone.
        corpus: folder of the corpus that the model was trained on: its list of names and its rows
            are used.
        lists: label to list of names (a file or a shipped lexicon), in place of the corpus's list.
        config: values in place of those in training/settings/adapt.yaml, as a mapping or a YAML
            file; also `seed`.

    Raises:
        UserError: model, documents or lists can't be read, or don't fit each other.
    """
    from corpusmith.training.adapt.adapt import adapt as learn
    from corpusmith.training.adapt.adapt import known_of
    from corpusmith.training.adapt.settings import adapt_settings

    paths = [documents] if isinstance(documents, str | PathLike) else list(documents)
    known = known_of(None if corpus is None else str(corpus), lists or {})
    if config is None or isinstance(config, Mapping):
        settings = adapt_settings(**(config or {}))
    else:
        settings = adapt_settings(Path(config))
    done = learn(str(model), [*map(str, paths)], Path(out), known, settings, lambda line: None)
    return Folder(Path(out), done.facts)


def review(
    model: PathName,
    documents: PathName | Sequence[PathName],
    out: PathName,
    *,
    sentences: int = 100,
    seed: int = 42,
) -> Path:
    """Write a random sample of sentences with predictions, to be corrected by a person.

    `corpusmith review MODEL --out OUT` then shows them in the browser; Label Studio reads
    `tasks.json`.

    >>> cs.review("student", "notes.txt", out="review", sentences=10).name
    'tasks.json'

    Then measure the model on Label Studio's export: `cs.evaluate("student", "export.json")`.

    Args:
        model: a folder or Hub id of an entity model.
        documents: files and folders, in the formats of docs/formats.md.
        out: the folder to write, readable by you alone: `tasks.json` and `labels.xml`.
        sentences: the size of the sample.
        seed: the seed of the sample.
    """
    from corpusmith.training.adapt.documents import sample_sentences
    from corpusmith.training.adapt.settings import adapt_settings
    from corpusmith.training.review.sentences import write_review

    paths = [documents] if isinstance(documents, str | PathLike) else list(documents)
    settings = adapt_settings(sentences=sentences, seed=seed)
    write_review(str(model), sample_sentences([Path(p) for p in paths], settings), Path(out))
    return Path(out) / "tasks.json"


def search(
    dataset: PathName,
    out: PathName,
    *,
    encoder: PathName = "embedded",
    config: "TrainingConfig | Mapping[str, Any] | PathName | None" = None,
    trials: int = 20,
    finalists: int = 3,
) -> Folder:
    """Search hyper-parameters on the validation split and keep the best model (needs optuna).

    `facts` holds all trials and the finalists. Repeat a killed call to continue it.

    >>> best = cs.search(
    ...     "corpus", out="searched", encoder="tiny-encoder", trials=2, finalists=1,
    ...     config={"epochs": 1, "tracker": "none"},
    ... )
    >>> len(best.facts["trials"]), len(best.facts["finalists"])
    (2, 1)

    Args:
        trials: settings to try for one epoch each.
        finalists: how many of the best are trained in full.
    """
    from corpusmith.training.search import SearchPlan
    from corpusmith.training.search import search as run_search

    plan = SearchPlan(trials, finalists)
    found = run_search(str(dataset), str(encoder), Path(out), training_config(config), plan)
    return Folder(Path(out), found)


def export(
    model: PathName, benchmark: PathName | None = None, split: str = "validation"
) -> dict[str, Any]:
    """Write the ONNX files of a model, float32 and int8, into its folder.

    >>> sorted(cs.export("student", benchmark="corpus")["bytes"])
    ['onnx/model.onnx', 'onnx/model_quantized.onnx']

    Args:
        benchmark: measure on it how much F1 int8 loses.

    Returns:
        `bytes` of each file; with a benchmark also `fp32`, `int8` and `lost`, F1 in percent.
    """
    from corpusmith.training.export import export as write

    return write(str(model), None if benchmark is None else str(benchmark), split)


def evaluate(
    model: PathName,
    benchmark: PathName,
    split: str = "test",
    *,
    training: PathName | None = None,
    types: Mapping[str, str] | None = None,
    against: PathName | None = None,
) -> dict[str, Any]:
    """Measure a model, or predictions of any system, with confidence intervals and an error table.

    >>> figures = cs.evaluate("student", "corpus", split="test")
    >>> figures["task"], 0 <= figures["strict_f1"] <= 100
    ('ner', True)

    Args:
        model: a folder, a Hub id, or a JSON Lines file of predictions.
        benchmark: a folder with `{split}.jsonl` or one of the formats in docs/evaluation.md, a
            dataset folder, or a Hub id.
        training: the dataset the model was trained on: scores seen and unseen mentions separately.
        types: maps the benchmark's types to the model's, as {"SpecificDisease": "Disease"}.
        against: a second model or predictions file: adds a paired test under "against".

    Raises:
        UserError: model or benchmark can't be read, or don't fit each other.
    """
    from corpusmith.evaluation.evaluate import compare
    from corpusmith.evaluation.evaluate import evaluate as measure

    seen = None if training is None else str(training)
    figures = measure(str(model), str(benchmark), split, training=seen, types=types)
    if against is not None:
        figures["against"] = compare(str(model), str(against), str(benchmark), split, types=types)
    return figures
