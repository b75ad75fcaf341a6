"""The steps of a build as datatrove blocks. Each runs `corpusmith.corpus.rows` on a part of the
plan.

Part p of n holds the requests [p * rows / n, (p + 1) * rows / n). Blocks exchange files. A task
rewrites its files when it runs again, so a lost task can be repeated.
"""

import pickle
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from datatrove.data import Document, DocumentsPipeline
from datatrove.io import DataFolder, get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.binaryio import read_tuples_from_file
from datatrove.utils.word_tokenizers import WhitespaceTokenizer

from corpusmith.corpus.build import SPLITS, write_splits
from corpusmith.corpus.counts import Counts
from corpusmith.corpus.filters.duplicates import TEXTS_AT_ONCE, Banding, Duplicates, band_hashes
from corpusmith.corpus.filters.leakage import leakage_of
from corpusmith.corpus.measure.measures import Measures, measure_rows
from corpusmith.corpus.rows import ACCEPTED, RowWriter
from corpusmith.corpus.scale.answers import read_answer, read_indices
from corpusmith.files import batches
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Answer
from corpusmith.teacher.payload import payload_key

JUDGED = (ACCEPTED, "rejected.jsonl")
DUPLICATE = np.dtype([("row", "<u4"), ("exact", "?")])


def upload(path: Path, folder: DataFolder, target: str) -> None:
    """Copy a local file into a folder on any file system, whose parent folders are made."""
    with path.open("rb") as source, folder.open(target, "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def minhash_config(recipe: Recipe) -> MinhashConfig:
    """datatrove's buckets: the whole sentence, then one for each band of the MinHash signature."""
    banding = Banding.for_threshold(recipe.filters.near_duplicates)
    return MinhashConfig(num_buckets=1 + banding.bands, hashes_per_bucket=1)


class Deal(PipelineStep):
    """Distribute answers to the parts of the plan."""

    type, name = "corpusmith", "deal answers to the parts of the plan"

    def __init__(self, recipe: Recipe, answers: str, work: str) -> None:
        super().__init__()
        self.recipe, self.answers, self.work = recipe, get_datafolder(answers), get_datafolder(work)

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> None:
        rows = len(Plan(self.recipe))
        with self.work.get_output_file_manager(mode="wt", compression=None) as out:
            for path in self.answers.get_shard(rank, world_size, glob_pattern="**/*.jsonl*") or []:
                with self.answers.open(path, "rt", compression="infer", encoding="utf-8") as lines:
                    for index, line in read_indices(lines, path, rows):
                        out.write(
                            f"answers/{index * world_size // rows:05d}/{rank:05d}.jsonl", line
                        )
                        self.stat_update("answers")


class Judge(PipelineStep):
    """Verify the answers of one part in the order of the plan; yield each accepted text."""

    type, name = "corpusmith", "verify answers"

    def __init__(self, recipe: Recipe, work: str) -> None:
        super().__init__()
        self.recipe, self.work = recipe, get_datafolder(work)

    def run(
        self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1
    ) -> DocumentsPipeline:
        with tempfile.TemporaryDirectory(prefix="corpusmith-") as scratch:
            writer = RowWriter(self.recipe, Path(scratch))
            for number, row in enumerate(writer.judge(self._answered(writer, rank, world_size))):
                yield Document(text=row["text"], id=str(number))
            for name in JUDGED:
                upload(writer.work / name, self.work, f"judged/{rank:05d}/{name}")
            with self.work.open(f"judged/{rank:05d}/counts.pickle", "wb") as out:
                pickle.dump(writer.counts, out)

    def _answered(
        self, writer: RowWriter, part: int, parts: int
    ) -> Iterator[tuple[Request, Answer]]:
        rows = len(writer.plan)
        lines: dict[int, str] = {}
        for path in (
            self.work.list_files(f"answers/{part:05d}")
            if self.work.isdir(f"answers/{part:05d}")
            else []
        ):
            with self.work.open(path, "rt", encoding="utf-8") as opened:
                for index, line in read_indices(opened, path, rows):
                    lines.setdefault(
                        index, line
                    )  # the first answer to a request stays, as in a ledger
        for index in range(-(-part * rows // parts), -(-(part + 1) * rows // parts)):
            if (given := lines.pop(index, None)) is None:
                writer.counts.add_unanswered(borrowed=index >= writer.recipe.rows)
                continue
            request = writer.plan.request(index)
            if (answer := read_answer(given, payload_key(request.payload))) is None:
                writer.counts.failed += 1
            else:
                yield request, answer


class Signatures(MinhashDedupSignature):
    """datatrove's first MinHash stage, over the band hashes of `filters.duplicates`."""

    def __init__(self, recipe: Recipe, work: str) -> None:
        super().__init__(
            f"{work}/signatures", minhash_config(recipe), language=WhitespaceTokenizer()
        )
        self.banding = Banding.for_threshold(recipe.filters.near_duplicates)
        self.hashes: dict[str, np.ndarray] = {}

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> None:
        return super().run(self._ahead(data), rank, world_size)

    def get_shingles(self, text: str) -> np.ndarray:
        return self.hashes[text]

    def get_signature(self, shingles: np.ndarray) -> list[list[int]]:
        return [[value] for value in shingles.tolist()]

    def _ahead(self, data: DocumentsPipeline) -> Iterator[Document]:
        for documents in batches(data, TEXTS_AT_ONCE):
            texts = [document.text for document in documents]
            self.hashes = dict(zip(texts, band_hashes(texts, self.banding), strict=True))
            yield from documents


class Repeats(MinhashDedupCluster):
    """datatrove's clustering stage, under the rule of `find_duplicates`: a row is dropped if it
    repeats an earlier one. datatrove keeps the root of its union-find tree, which depends on the
    number of tasks.
    """

    def __init__(self, recipe: Recipe, work: str) -> None:
        super().__init__(
            f"{work}/pairs", f"{work}/repeats", minhash_config(recipe), lines_to_buffer=4096
        )

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> None:
        repeats: defaultdict[int, dict[int, bool]] = defaultdict(dict)
        with self.track_time():
            for path in self.input_folder.list_files(glob_pattern="*.dups"):
                exact = path.startswith("00000_")  # the bucket of whole sentences
                with self.input_folder.open(path, "rb") as pairs:
                    for _, _, part, row in read_tuples_from_file(
                        pairs, "4I", lines_to_buffer=self.lines_to_buffer
                    ):
                        repeats[part][row] = repeats[part].get(row, False) or exact
            for part, rows in repeats.items():
                with self.output_folder.open(f"{part:05d}", "wb") as out:
                    out.write(np.array(sorted(rows.items()), dtype=DUPLICATE).tobytes())
                self.stat_update("repeats", value=len(rows))


@dataclass
class Part:
    """One part's figures for `build.json`, and the shards that it wrote."""

    counts: Counts
    measures: Measures = field(default_factory=Measures)
    shards: list[str] = field(default_factory=list)

    def merge(self, other: "Part") -> None:
        self.counts.merge(other.counts)
        self.measures.merge(other.measures)
        self.shards += other.shards


class Publish(PipelineStep):
    """Filter the accepted rows of one part, write its Parquet shards, and measure it."""

    type, name = "corpusmith", "filter, write and measure"

    def __init__(self, recipe: Recipe, work: str, out: str, benchmarks: Path | None) -> None:
        super().__init__()
        self.recipe, self.work, self.out, self.benchmarks = (
            recipe,
            get_datafolder(work),
            get_datafolder(out),
            benchmarks,
        )

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> None:
        with tempfile.TemporaryDirectory(prefix="corpusmith-") as scratch, self.track_time("part"):
            folder = Path(scratch)
            writer = RowWriter(self.recipe, folder / "rows")
            writer.work.mkdir()
            for name in JUDGED:
                self.work.get(f"judged/{rank:05d}/{name}", str(writer.work / name))
            with self.work.open(f"judged/{rank:05d}/counts.pickle", "rb") as counts:
                writer.counts = pickle.load(counts)
            writer.filter(self._duplicates(writer, rank), leakage_of(self.recipe, self.benchmarks))
            rows = {split: writer.work / f"{split}.jsonl" for split in (*SPLITS, "rejected")}
            write_splits(self.recipe, rows, folder / "out", folder)
            part = Part(
                writer.counts,
                measure_rows({split: rows[split] for split in SPLITS}, self.benchmarks),
            )
            for shard in sorted((folder / "out" / "data").rglob("*.parquet")):
                split, number, _, _ = shard.stem.rsplit("-", 3)
                more = (
                    f"-{number}" if int(number) else ""
                )  # a part seldom has rows for a second shard
                target = (
                    f"data/{shard.parent.name}/{split}-{rank:05d}{more}-of-{world_size:05d}.parquet"
                )
                upload(shard, self.out, target)
                part.shards.append(target)
                if split in part.measures.splits:
                    part.measures.splits[split]["bytes"] += shard.stat().st_size
            for split in SPLITS:
                upload(rows[split], self.work, f"rows/{rank:05d}/{split}.jsonl")
            with self.work.open(f"measures/{rank:05d}.pickle", "wb") as out:
                pickle.dump(part, out)

    def _duplicates(self, writer: RowWriter, part: int) -> Duplicates:
        with (writer.work / ACCEPTED).open("rb") as lines:
            count = sum(1 for _ in lines)
        earlier, exact = np.full(count, -1, dtype=np.int32), np.zeros(count, dtype=bool)
        if self.work.isfile(f"repeats/{part:05d}"):
            repeats = np.frombuffer(self.work.cat_file(f"repeats/{part:05d}"), dtype=DUPLICATE)
            earlier[repeats["row"]] = 0
            exact[repeats["row"]] = repeats["exact"]
        return Duplicates(earlier, exact)
