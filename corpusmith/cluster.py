"""Run tasks with datatrove's executors: on one host, Ray or Slurm."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor, SlurmPipelineExecutor
from datatrove.executor.base import PipelineExecutor
from datatrove.pipeline.base import PipelineStep

from corpusmith.errors import UserError

RETRIES = 3  # of a task whose Ray node was lost


@dataclass(frozen=True)
class Cluster:
    """Where tasks run, and how many at a time.

    Args:
        executor: processes of this host, Ray or Slurm.
        workers: tasks that run at a time.
        memory_gb: memory of a task, on Ray and Slurm.
        sbatch: options of Slurm's `sbatch`: partition, time, account and others.
        setup: for Slurm: the shell line that makes `corpusmith` available to a job.
        work: folder or URL, shared by all tasks, for the files between the stages of a build;
            default `work` in the folder that the build writes.
    """

    executor: Literal["local", "ray", "slurm"] = "local"
    workers: int = 1
    memory_gb: int = 2
    sbatch: Mapping[str, str] = field(default_factory=dict)
    setup: str = f"export PATH={Path(sys.executable).parent}:$PATH"
    work: str | None = None

    def executor_of(
        self, name: str, pipeline: list[PipelineStep], tasks: int, work: str
    ) -> PipelineExecutor:
        """datatrove's executor of one stage; its logs and completions lie below `work`."""
        common: dict[str, Any] = {
            "tasks": tasks,
            "workers": self.workers,
            "logging_dir": f"{work}/logs/{name}",
        }
        if self.executor == "local":
            return LocalPipelineExecutor(pipeline, **common)
        if self.executor == "ray":
            # Ray restarts the tasks of a lost node. Without restarts, datatrove waits for ever for
            # a node that is lost before its worker has reported its address.
            again = {"max_restarts": RETRIES, "max_task_retries": RETRIES}
            return RayPipelineExecutor(
                pipeline, mem_per_cpu_gb=self.memory_gb, ray_remote_kwargs=again, **common
            )
        return SlurmExecutor(
            pipeline,
            time=self.sbatch.get("time", "24:00:00"),
            partition=self.sbatch.get("partition", ""),
            mem_per_cpu_gb=self.memory_gb,
            job_name=f"corpusmith-{name}",
            env_command=self.setup,
            qos="",
            sbatch_args=dict(self.sbatch),
            **common,
        )

    def run(self, name: str, pipeline: list[PipelineStep], tasks: int, work: str) -> None:
        """Run the incomplete tasks. Raises UserError, naming the logs, when one fails."""
        if self.executor == "ray":
            import ray

            if not ray.is_initialized():
                try:
                    ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), log_to_driver=False)
                except ConnectionError as error:
                    raise UserError(
                        f"no Ray cluster: set RAY_ADDRESS, or `ray start --head` here ({error})"
                    ) from None
        executor = self.executor_of(name, pipeline, tasks, work)
        logs = executor.logging_dir.resolve_paths("logs")
        try:
            executor.run()
            if isinstance(executor, SlurmExecutor):
                executor.wait()
        except UserError:
            raise
        except Exception as error:  # datatrove re-raises whatever a block raised
            raise UserError(
                f"stage {name} failed ({type(error).__name__}: {error}); see {logs}"
            ) from error
        executor.logging_dir.fs.invalidate_cache()  # other processes wrote to an object store
        if missing := executor.get_incomplete_ranks(skip_completed=True):
            raise UserError(
                f"stage {name}: {len(missing)} of {tasks} tasks did not complete; see {logs}"
            )


class SlurmExecutor(SlurmPipelineExecutor):
    """datatrove's executor with `wait`; Slurm chooses the partition where none is given."""

    def get_sbatch_args(self, max_array: int = 1) -> dict[str, Any]:
        arguments: dict[str, Any] = super().get_sbatch_args(max_array)
        return {name: value for name, value in arguments.items() if name != "partition" or value}

    def launch_merge_stats(self) -> None:
        """Do nothing: the merged statistics are not used."""

    def wait(self, pause: float = 5.0) -> None:
        """Wait until the job has left Slurm's queue: finished, failed or cancelled."""
        while self.job_id not in (None, -1):
            asked = subprocess.run(
                ["squeue", "-h", "-j", str(self.job_id)], capture_output=True, text=True
            )
            if asked.returncode and "Invalid job id" not in asked.stderr:
                print(
                    f"squeue: {asked.stderr.strip()}; asking again", file=sys.stderr
                )  # slurmctld may be restarting
            elif not asked.stdout.strip():
                return
            time.sleep(pause)
