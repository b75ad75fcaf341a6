"""The state of a run on disk, written atomically, so that a run killed at any point resumes."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError


@dataclass
class LoopState:
    """The state of the loop besides weights, optimiser and random state."""

    step: int = 0
    loss: float = 0.0
    """Summed since the last evaluation, over `loss_steps` steps."""
    loss_steps: int = 0
    sentences: int = 0
    seconds: float = 0.0
    """Spent in training, without evaluation and saving."""
    history: list[dict] = field(default_factory=list)
    best: int = -1
    """Index in `history` of the weights to keep: the best score, or the last."""

    def record(self, epoch: float, scores: dict, metric: str, keep_last: bool = False) -> bool:
        """Add a row to the history and start a new mean loss.

        Returns:
            Whether to keep its weights: at the best score so far, or always with `keep_last`.
        """
        row = {
            "epoch": round(epoch, 3),
            "step": self.step,
            "train_loss": self.loss / self.loss_steps,
        }
        self.history.append(row | {"validation": scores})
        self.loss, self.loss_steps = 0.0, 0
        if (
            not keep_last
            and self.best >= 0
            and scores[metric] <= self.history[self.best]["validation"][metric]
        ):
            return False
        self.best = len(self.history) - 1
        return True

    def stale(self) -> int:
        """Evaluations since the best one."""
        return len(self.history) - 1 - self.best


class Checkpoint:
    """`folder/state-N`, the last complete state, and its best weights; `identity` names the run."""

    def __init__(self, folder: Path, accelerator: Any, identity: dict) -> None:
        self.folder, self.accelerator, self.identity = folder, accelerator, identity

    def load(self) -> LoopState:
        """Restore the last state into the prepared model and optimiser, if there is one.

        Raises:
            UserError: when the state is from a run with other data, encoder or settings.
        """
        found = sorted(self.folder.glob("state-*/progress.json"))
        if not found:
            return LoopState()
        saved = json.loads(found[-1].read_text())
        if saved["identity"] != self.identity:
            changed = [
                key for key in self.identity if saved["identity"].get(key) != self.identity[key]
            ]
            raise UserError(
                f"{self.folder} holds the unfinished run of another {' and '.join(changed)}: "
                "delete it, or write to another folder"
            )
        self.accelerator.load_state(str(found[-1].parent))
        return LoopState(**saved["progress"])

    def save(self, progress: LoopState) -> None:
        """Write the state beside the last one, rename it into place, then remove the last one."""
        partial, final = self.folder / "partial", self.folder / f"state-{progress.step:09d}"
        if self.accelerator.is_main_process:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        self.accelerator.wait_for_everyone()
        self.accelerator.save_state(str(partial))
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            (partial / "progress.json").write_text(
                json.dumps({"identity": self.identity, "progress": asdict(progress)})
            )
            os.rename(partial, final)
            kept = {final.name, self.best(progress).name}
            for path in self.folder.iterdir():
                if path.name not in kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.accelerator.wait_for_everyone()

    def best(self, progress: LoopState) -> Path:
        """The weights of the best evaluation so far."""
        return self.folder / f"best-{progress.best}.safetensors"

    def save_best(self, model: Any, progress: LoopState) -> None:
        from safetensors.torch import save_file

        weights = self.accelerator.get_state_dict(model)
        if self.accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file(
                {name: value.contiguous() for name, value in weights.items()}, self.best(progress)
            )

    def remove(self) -> None:
        """Rename the state before deleting it, so that a kill leaves no partial state to load."""
        if self.accelerator.is_main_process:
            old = self.folder.with_name("state-done")
            shutil.rmtree(old, ignore_errors=True)
            os.rename(self.folder, old)
            shutil.rmtree(old)
