"""What dataset folders hold, so that they can be compared."""

from pathlib import Path


def without_bytes(facts: dict) -> dict:
    """The facts of a build but for the size of its Parquet files, which depends on their number."""
    splits = {
        split: {k: v for k, v in figures.items() if k != "bytes"}
        for split, figures in facts["splits"].items()
    }
    return {**facts, "splits": splits}


def rows_of(folder: Path, config: str) -> list[dict]:
    import pyarrow.parquet as pq

    files = sorted((folder / "data" / config).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]
