"""A report with every section."""


def seeds(mean: float, spread: float = 0.0, **more: float) -> dict:
    """Figures of two seeds, or of a baseline without a seed."""
    figures = {"strict_f1": mean, "precision": mean + 4, "recall": mean - 4, **more}
    figures["ci95"] = {"strict_f1": [mean - 3, mean + 3]}
    if not spread:
        return figures | {"by_seed": {}}
    return figures | {
        "stdev": {"strict_f1": spread},
        "by_seed": {"1": mean - spread, "2": mean + spread},
    }


def trained_section(**more: object) -> dict:
    about = {
        "benchmark": "ncbi_disease",
        "split": "dev",
        "sentences": 923,
        "seeds": [1, 2],
        "encoder": "MiniLM",
    }
    return (
        about
        | {"settings": {"epochs": 3, "learning_rate": 2e-4, "seed": 42, "patience": None}}
        | more
    )


def baselines_section() -> dict:
    above = {
        "dictionary": {"strict_f1": {"difference": 9.2, "ci95": [7.0, 11.5], "p": 0.0001}},
        "zero-shot": {"strict_f1": {"difference": 30.5, "ci95": [26.0, 35.1], "p": 0.0001}},
    }
    return trained_section(
        rows=[
            {"system": "dictionary", "figures": seeds(52.3)},
            {
                "system": "synthetic",
                "training_rows": 1800,
                "figures": seeds(61.5, 0.7),
                "above": above,
            },
            {"system": "gold", "training_rows": 4882, "figures": seeds(82.0, 0.4)},
            {"system": "gold+synthetic", "training_rows": 6682, "figures": seeds(82.6, 0.3)},
            {"system": "zero-shot", "figures": seeds(31.0)},
        ],
        gap_closed={"value": 0.598, "ci95": [0.55, 0.64]},
        left_out=[],
        notes=["A note."],
    )


def report_sections() -> dict:
    """A report with every section, without the facts that its page takes from the build."""
    auroc = {"sd": 0.01, "rows": 1000, "folds": 5, "seed": 0}
    near = {"rows": 472, "mean": 0.45, "ci95": [0.44, 0.46], "p50": 0.44, "p99": 0.68, "max": 0.8}
    difference = {"difference": -4.2, "ci95": [-6.0, -2.4], "p": 0.0001}
    return {
        "acceptance": {
            "accepted_share": 0.7246,
            "ci95": [0.69, 0.757],
            "rejected_by_reason": {"seed missing": 120, "definition": 50},
            "filtered_by_reason": {"near-duplicate": 12},
            "added_by_augmentation": {"replaced": 900},
        },
        "form": {},
        "unlabelled": {
            "split": "train",
            "labels": {
                "Disease": {
                    "labelled": 2900,
                    "unlabelled": 36,
                    "names": [
                        {
                            "name": "prostate cancer",
                            "labelled": 0,
                            "unlabelled": 32,
                            "row": "ncbi-disease-0000007-2",
                        },
                        {
                            "name": "tumor",
                            "labelled": 115,
                            "unlabelled": 4,
                            "row": "ncbi-disease-0000009",
                        },
                    ],
                }
            },
        },
        "map": {
            "encoder": "MiniLM",
            "two_sample": {"auroc": 0.914, "ci95": [0.896, 0.933], **auroc},
            "real_halves": {"auroc": 0.51, "ci95": [0.473, 0.547], **auroc},
        },
        "memorisation": {
            "encoder": "MiniLM",
            "nearest": {"ncbi_disease/dev": {"synthetic": near, "real": near}},
        },
        "curve": trained_section(
            points=[
                {"rows": 100, "training_rows": 380, "figures": seeds(48.0, 2.1)},
                {"rows": 200, "training_rows": 760, "figures": seeds(55.0, 1.2)},
            ],
            line={"system": "dictionary", "figures": seeds(52.3)},
        ),
        "ablation": trained_section(
            rows=[
                {"name": "The whole recipe", "training_rows": 1800, "figures": seeds(61.5, 0.7)},
                {
                    "name": "No contrasts",
                    "training_rows": 900,
                    "figures": seeds(57.3, 0.9),
                    "difference": difference,
                },
            ],
            left_out=["No modifiers asked for: it changes no row."],
        ),
        "baselines": baselines_section(),
    }
