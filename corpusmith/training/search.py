"""Hyper-parameters by optuna in two phases: few epochs for all trials, then all epochs for the best few."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig

SEARCHED = ("learning_rate", "batch_tokens", "warmup", "weight_decay", "noise_q")


def suggest(trial: Any, config: TrainingConfig) -> TrainingConfig:
    """The space: what moves a fine-tuned encoder most, within the ranges its papers report."""
    return replace(
        config,
        learning_rate=trial.suggest_float("learning_rate", 2e-5, 5e-4, log=True),
        batch_tokens=trial.suggest_categorical("batch_tokens", [512, 1024, 2048]),
        warmup=trial.suggest_float("warmup", 0.0, 0.2),
        weight_decay=trial.suggest_float("weight_decay", 1e-3, 1e-1, log=True),
        noise_q=trial.suggest_categorical("noise_q", [0.0, 0.3, 0.7]),
    )


def search(
    dataset: str,
    encoder: str,
    out: Path,
    config: TrainingConfig,
    trials: int = 20,
    finalists: int = 3,
    first_epochs: int = 1,
) -> dict:
    """Search on the synthetic validation split, write the best model to `out`, and all that was tried to search.json.

    Trials are kept in `out/search.journal`: a search that was killed goes on with those it has.

    Returns:
        What search.json holds: `trials`, `finalists` and `best`, each with its settings and score.

    Raises:
        UserError: when optuna is not installed, `out` holds another search, or as `corpusmith.training.loop.train` does.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise UserError("search needs optuna: pip install optuna") from error
    from corpusmith.training.data import load_corpus
    from corpusmith.training.launch import train_once
    from corpusmith.training.loop import train

    out.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="corpusmith",
        storage=JournalStorage(JournalFileBackend(str(out / "search.journal"))),
        direction="maximize",
        load_if_exists=True,
    )
    # A sampler that began again at the first random number would draw again what has been tried.
    study.sampler = optuna.samplers.TPESampler(seed=config.seed + len(study.trials))
    fixed = {
        name: value
        for name, value in asdict(config).items()
        if name not in SEARCHED and name != "epochs"
    }
    fingerprint = load_corpus(dataset).fingerprint()
    identity: dict[str, Any] = {"dataset": fingerprint, "encoder": encoder, "settings": fixed}
    identity["number of first epochs"] = min(first_epochs, config.epochs)
    known = study.user_attrs.get("identity", identity)
    if changed := [key for key in identity if known[key] != identity[key]]:
        raise UserError(
            f"{out} holds a search over another {' and '.join(changed)}: write to another folder"
        )
    study.set_user_attr("identity", identity)

    def score(trial: Any) -> float:
        settings = replace(suggest(trial, config), epochs=min(first_epochs, config.epochs))
        folder = out / f"trial-{trial.number}"
        value = train(dataset, encoder, folder, settings)["best"]["value"]
        shutil.rmtree(folder)
        return value

    done = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    study.optimize(score, n_trials=max(trials - len(done), 0))
    for unfinished in out.glob("trial-*"):  # of a search that was killed
        shutil.rmtree(unfinished)
    tried = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    ranked = sorted(tried, key=lambda trial: trial.values[0], reverse=True)[:finalists]
    reports = []
    for trial in ranked:
        folder, settings = (
            f"finalist-{trial.number}",
            suggest(optuna.trial.FixedTrial(trial.params), config),
        )
        report = train_once(dataset, encoder, out / folder, settings, fingerprint)
        reports.append(report | {"trial": trial.number, "folder": folder})
    best = max(reports, key=lambda report: report["best"]["value"])
    shutil.copytree(out / best["folder"], out, dirs_exist_ok=True)
    for report in reports:
        shutil.rmtree(out / report["folder"])
    found = {
        "trials": [
            {"trial": trial.number, "value": trial.value, "settings": trial.params}
            for trial in tried
        ],
        "finalists": [
            {"trial": r["trial"], "value": r["best"]["value"], "settings": r["hyperparameters"]}
            for r in reports
        ],
        "best": {
            "trial": best["trial"],
            "value": best["best"]["value"],
            "settings": best["hyperparameters"],
        },
    }
    (out / "search.json").write_text(json.dumps(found, indent=2) + "\n")
    return found
