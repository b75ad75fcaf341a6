"""`corpusmith extract --executor`: extract over many tasks, on one host, Ray or Slurm.

Each task loads the model with one thread and extracts a part of the batches into its own file in
the folder `OUT.parts`. The output is the same as that of one process, byte for byte.
"""

import glob
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from datatrove.pipeline.base import PipelineStep

from corpusmith.cluster import Cluster
from corpusmith.errors import UserError
from corpusmith.extraction.extract import Extractor, ExtractorSettings
from corpusmith.extraction.run import (
    Counted,
    Extraction,
    Inputs,
    Output,
    begin_partial,
    extract_part,
    read_partials,
    run_key,
    write,
)
from corpusmith.extraction.sources import STDIN
from corpusmith.progress import bar

TASKS_A_WORKER = 4
POLL = 2.0  # seconds between looks at what the tasks have written


class ExtractPart(PipelineStep):
    """Extracts the part of one task; what its file holds already is kept."""

    type, name = "corpusmith", "extract"

    def __init__(
        self, settings: ExtractorSettings, inputs: Inputs, folder: Path, batches: int
    ) -> None:
        super().__init__()
        self.settings, self.inputs, self.folder, self.batches = settings, inputs, folder, batches

    def run(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a core belongs to each task
        extractor = loaded(self.settings)
        first, last = (self.batches * n // world_size for n in (rank, rank + 1))
        partial = part_of(self.folder, rank)
        for _ in extract_part(extractor, self.inputs, partial, range(first, last)):
            pass


@lru_cache(maxsize=1)
def loaded(settings: ExtractorSettings) -> Extractor:
    """Loaded once in each worker, for all of its tasks."""
    return settings.load(threads=1)


def extract_at_scale(
    settings: ExtractorSettings,
    inputs: Inputs,
    output: Output,
    cluster: Cluster,
    tasks: int | None = None,
) -> Extraction:
    """Like `extract_files`, each task for a part of the documents.

    All tasks must reach the inputs and the folder of the output. The same call resumes. By default
    there are `TASKS_A_WORKER` tasks for each worker, so that a slow one gets fewer of them.

    Raises:
        UserError: as `extract_files`; when the input is stdin; when `OUT.parts` was begun with
            another number of tasks; when a task fails, with the folder of its log.
    """
    if STDIN in inputs.patterns or output.out is None:
        raise UserError("--executor reads files and writes to --out, not stdin and stdout")
    inputs = replace(inputs, patterns=[absolute(pattern) for pattern in inputs.patterns])
    settings = replace(
        settings,
        model=absolute(settings.model),
        relations=settings.relations and absolute(settings.relations),
        assist=tuple(map(absolute_list, settings.assist)),
    )
    folder = output.beside("parts").resolve()
    size = inputs.size()
    folder.mkdir(exist_ok=True)
    tasks = agreed_tasks(folder, tasks, min(size.batches, TASKS_A_WORKER * cluster.workers))
    parts = [part_of(folder, rank) for rank in range(tasks)]
    key = f"{run_key(loaded(settings), inputs)}-{tasks}"
    for part in parts:
        begin_partial(part, key)
    # A copy: `inputs` holds the listed sources by now, which can't be sent to another process.
    step = ExtractPart(settings, replace(inputs), folder, size.batches)
    with progress(parts, size.documents):
        cluster.run("extract", [step], tasks, str(folder))
    counted = Counted(read_partials(parts))
    write(counted, output)
    shutil.rmtree(folder)
    return Extraction(counted.documents, counted.mentions, size.skipped)


def agreed_tasks(folder: Path, tasks: int | None, default: int) -> int:
    """The number of tasks that the folder was begun with; for a new folder `tasks` or `default`.

    Raises:
        UserError: when it was begun with another number than `tasks`.
    """
    begun = len(list(folder.glob("*.jsonl")))
    if begun and tasks not in (None, begun):
        raise UserError(
            f"{folder} was begun with {begun} tasks: give --tasks {begun}, or remove it"
        )
    return begun or tasks or max(default, 1)


def part_of(folder: Path, rank: int) -> Path:
    return folder / f"{rank:05d}.jsonl"


def absolute(name: str) -> str:
    """A path of this machine in full, as tasks may run in another folder; else a URL or Hub id."""
    return str(Path(name).absolute()) if glob.glob(name, recursive=True) else name


def absolute_list(given: str) -> str:
    """The same for `LABEL=FILE`, and for a corpus folder."""
    label, mark, name = given.rpartition("=")
    return f"{label}{mark}{absolute(name)}"


@contextmanager
def progress(parts: list[Path], total: int) -> Iterator[None]:
    """A line of progress: the documents in the files of all tasks."""
    ended = threading.Event()
    lines = {part: line_counter(part) for part in parts}

    def watch() -> None:
        with closing(bar(total, "extract", "documents")) as shown:
            while not ended.wait(POLL):
                shown.update(sum(count() for count in lines.values()))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def line_counter(part: Path) -> Callable[[], int]:
    """A function that counts the documents added to a file since its last call.

    The first call counts all that the file holds, after its header.
    """
    with part.open("rb") as file:
        place = len(file.readline())

    def count() -> int:
        nonlocal place
        with part.open("rb") as file:
            file.seek(place)
            new = file.read()
        place += len(new)
        return new.count(b"\n")

    return count
