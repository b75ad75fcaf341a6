"""Search hyper-parameters with optuna: few epochs for all trials, all epochs for the best."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig

SEARCHED = ("learning_rate", "batch_tokens", "warmup", "weight_decay", "noise_q")


@dataclass(frozen=True)
class SearchPlan:
    """The number of trials, their epochs, and the number of finalists that train in full."""

    trials: int = 20
    finalists: int = 3
    first_epochs: int = 1


def suggest(trial: Any, config: TrainingConfig) -> TrainingConfig:
    """Draw the settings with the largest effect on a fine-tuned encoder, in ranges from papers."""
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
    plan: SearchPlan = SearchPlan(),
) -> dict:
    """Search on the synthetic validation split; write the best model and search.json to `out`.

    `out/search.journal` keeps the trials, so the same call resumes a killed search.

    Returns:
        The content of search.json: `trials`, `finalists` and `best`, with settings and scores.

    Raises:
        UserError: when optuna is not installed, or `out` holds a search with other data, encoder
            or settings; and as `corpusmith.training.loop.train` does.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise UserError("search needs optuna: pip install optuna") from error
    from corpusmith.training.data import load_corpus
    from corpusmith.training.encoder import remove_results
    from corpusmith.training.launch import train_once
    from corpusmith.training.loop import train

    out.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name="corpusmith",
        storage=JournalStorage(JournalFileBackend(str(out / "search.journal"))),
        direction="maximize",
        load_if_exists=True,
    )
    # With the same seed, a resumed search would draw settings that it has already tried.
    study.sampler = optuna.samplers.TPESampler(seed=config.seed + len(study.trials))
    fixed = {
        name: value
        for name, value in asdict(config).items()
        if name not in SEARCHED and name != "epochs"
    }
    fingerprint = load_corpus(dataset).fingerprint()
    identity: dict[str, Any] = {"dataset": fingerprint, "encoder": encoder, "settings": fixed}
    identity["number of first epochs"] = plan.first_epochs
    known = study.user_attrs.get("identity", identity)
    if changed := [key for key in identity if known[key] != identity[key]]:
        raise UserError(
            f"{out} holds a search over another {' and '.join(changed)}: write to another folder"
        )
    study.set_user_attr("identity", identity)

    def score(trial: Any) -> float:
        settings = replace(suggest(trial, config), epochs=plan.first_epochs)
        folder = out / f"trial-{trial.number}"
        value = train(dataset, encoder, folder, settings)["best"]["value"]
        shutil.rmtree(folder)
        return value

    done = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    study.optimize(score, n_trials=max(plan.trials - len(done), 0))
    for unfinished in out.glob("trial-*"):  # left by a killed search
        shutil.rmtree(unfinished)
    tried = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    ranked = sorted(tried, key=lambda trial: trial.values[0], reverse=True)[: plan.finalists]
    reports = []
    for trial in ranked:
        folder, settings = (
            f"finalist-{trial.number}",
            suggest(optuna.trial.FixedTrial(trial.params), config),
        )
        report = train_once(dataset, encoder, out / folder, settings, fingerprint)
        reports.append(report | {"trial": trial.number, "folder": folder})
    best = max(reports, key=lambda report: report["best"]["value"])
    remove_results(out)
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
