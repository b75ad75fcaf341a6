"""Adapt a student to private documents.

    corpusmith adapt MODEL --documents notes/ --corpus CORPUS --out DIR

Steps: sample sentences, label them by lookup and student, train on the labels, and repeat.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.files import read_json, write_json
from corpusmith.inference.config import read_config
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import Matcher
from corpusmith.recipe.lookup import corpus_lookup
from corpusmith.training.adapt.choice import Choice, choose
from corpusmith.training.adapt.documents import sample_sentences
from corpusmith.training.adapt.private import private_folder
from corpusmith.training.adapt.public import check_base, located
from corpusmith.training.adapt.report import figures, new_names
from corpusmith.training.adapt.rounds import Labelled, Rounds
from corpusmith.training.adapt.settings import AdaptSettings
from corpusmith.training.data import Corpus, load_corpus


@dataclass(frozen=True)
class Known:
    """Inputs other than the documents: the list's lookup by label, and the synthetic rows.

    `licence` is that of the documents if they are public; see `corpusmith.training.adapt.public`.
    """

    lookup: Mapping[str, Matcher]
    synthetic: Corpus | None = None
    licence: str | None = None


@dataclass(frozen=True)
class Adapted:
    """`facts` are numbers only, as in the model's training.json; `new_names` come from the text."""

    out: Path
    facts: dict[str, Any]
    new_names: list[tuple[str, str, int]]


def adapt(
    model: str,
    documents: Sequence[str | Path],
    out: Path,
    known: Known,
    settings: AdaptSettings,
    say: Callable[[str], None] = print,
) -> Adapted:
    """Adapt an entity model to unlabelled documents and write it to `out`.

    The same call resumes a killed run. The result depends on student, list,
    synthetic rows, documents, settings with their seed, and the processor.

    Args:
        model: the folder of an entity model that `corpusmith train` wrote.
        documents: files and folders, or hf://datasets/ID[@REVISION].
        out: the new model folder, readable by its owner alone.
        known: lookup and synthetic rows; see `known_of`.
        settings: see `corpusmith.training.adapt.settings.adapt_settings`.
        say: called with a line about each stage.

    Raises:
        UserError: when model or documents cannot be read, the lookup has other labels than the
            model, or a model of private text is to be adapted to public text.
    """
    trained = base_facts(model)
    labels = model_labels(model)
    if other := sorted(set(known.lookup) - set(labels)):
        raise UserError(
            f"the list has the labels {', '.join(other)}, the model {', '.join(sorted(labels))}: "
            "give a list for the model's labels, as LABEL=FILE"
        )
    if (out / "training.json").exists():
        raise UserError(f"{out} holds a finished model: write to another folder")
    earlier = check_base(trained, model) if known.licence else []
    paths, sources = located(documents, known.licence)
    with private_folder(out) as work:
        sample = sample_sentences(paths, settings)
        say(
            f"{len(sample.sentences):,} sentences of {sample.sentences_read:,} "
            f"in {sample.documents:,} documents"
        )
        rounds = Rounds(
            sample.sentences, known.lookup, known.synthetic, settings, work, [Path(model)]
        )
        labelled = rounds.run(say)
        held = rounds.held_out().nonzero()[0]
        choice = choose(
            [[of_student[i] for i in held] for of_student in rounds.probabilities],
            rounds.tags,
            [labelled.tags[i] for i in held],
            settings.outside_biases,
        )
        facts = sample.counts() | {
            "rounds": settings.rounds,
            "chosen_round": choice.round,
            "outside_bias": choice.outside_bias,
            "seed": settings.seed,
            **figures(rounds, labelled, choice.outside_bias, choice.round),
        }
        facts |= {"public": [*earlier, *sources]} if sources else {}
        write_model(rounds.students[choice.round], out, choice)
        write_shares(labelled, out / "assist" / "names.json")
        write_json(trained | {"adapted": facts}, out / "training.json")
    return Adapted(out, facts, new_names(labelled))


def known_of(corpus: str | None, lists: Mapping[str, str]) -> Known:
    """Lookup and synthetic rows of a corpus folder that `corpusmith build` wrote, and of lists.

    Args:
        corpus: the folder, whose recipe gives the lookup of every label; or None.
        lists: a lexicon by label, in place of the recipe's: a shipped name or a file.

    Raises:
        UserError: when neither gives a lookup, or one cannot be read.
    """
    synthetic = load_corpus(corpus) if corpus else None
    lookup: dict[str, Matcher] = {}
    if synthetic and corpus:
        lookup = corpus_lookup(Path(corpus.partition(":")[0]), synthetic.config)
    lookup |= {label: load_lexicon(source).matcher for label, source in lists.items()}
    if not lookup:
        raise UserError("no list to look names up in: give --corpus FOLDER or --list LABEL=FILE")
    return Known(lookup, synthetic)


def base_facts(model: str) -> dict[str, Any]:
    """The training.json of the model to adapt."""
    facts = read_json(Path(model, "training.json"))
    if facts is None or facts.get("task") != "ner":
        raise UserError(f"{model} is no entity model: give a folder that `corpusmith train` wrote")
    return facts


def model_labels(model: str) -> set[str]:
    try:
        names = read_config(Path(model))["id2label"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"cannot read the labels in {model}/config.json: {error!r}") from error
    return {name[2:] for name in names.values() if name != "O"}


def write_shares(labelled: Labelled, file: Path) -> None:
    """Keep the estimated precision of listed names for assisted extraction, on this machine.

    `publish` leaves this folder out: the names that occur reveal something about the documents.
    """
    listed = {(c.label, c.name) for c in labelled.found if c.listed}
    shares = [
        [label, name, round(share, 4)]
        for (label, name), share in sorted(labelled.estimates.model.names.items())
        if (label, name) in listed
    ]
    write_json(shares, file, indent=None)


def write_model(student: Path, out: Path, choice: Choice) -> None:
    """Copy the chosen student, with the chosen weight of O in its head."""
    from transformers import AutoModelForTokenClassification

    from corpusmith.inference.weights import load_weights
    from corpusmith.training.encoder import head_bias

    for file in student.glob("tokenizer*"):
        shutil.copyfile(file, out / file.name)
    model = load_weights(AutoModelForTokenClassification, student)
    head_bias(model)[model.config.label2id["O"]] += choice.outside_bias
    model.save_pretrained(out)
