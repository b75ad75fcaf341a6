"""Rows for an experiment tracker, and the energy of a run."""

from importlib.util import find_spec

from corpusmith.errors import UserError

PROJECT = "corpusmith"


def tracker(chosen: str | None) -> str | None:
    """The name for Accelerate's `log_with`: `chosen`, else trackio if it is installed.

    Trackio keeps its data on this machine.

    Raises:
        UserError: when the chosen tracker is not installed.
    """
    if chosen == "none":
        return None
    if chosen and not find_spec(chosen):
        raise UserError(f"tracker {chosen} is not installed: pip install {chosen}")
    return chosen or ("trackio" if find_spec("trackio") else None)


def tracked_figures(row: dict) -> dict[str, float]:
    """A row of the history for trackers: a flat dict of numbers."""
    scores = {f"validation/{name}": value for name, value in row["validation"].items()}
    flat = {"epoch": row["epoch"], "train/loss": row["train_loss"]} | scores
    return {name: value for name, value in flat.items() if isinstance(value, int | float)}


class EnergyMeter:
    """Energy of this process, estimated by codecarbon. It sends nothing and writes no file."""

    def __init__(self) -> None:
        self.tracker = None
        if find_spec("codecarbon"):
            from codecarbon import OfflineEmissionsTracker

            # The country only sets the carbon of a kWh, which is not used here.
            self.tracker = OfflineEmissionsTracker(
                country_iso_code="FRA",
                tracking_mode="process",
                output_methods=[],
                log_level="critical",
                allow_multiple_runs=True,
            )
            self.tracker.start()

    def stop(self) -> float | None:
        """kWh since the start, or None without codecarbon."""
        if self.tracker is None:
            return None
        self.tracker.stop()
        return self.tracker.final_emissions_data.energy_consumed
