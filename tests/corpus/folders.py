"""Read dataset folders, so that tests can compare them."""

from pathlib import Path


def without_bytes(facts: dict) -> dict:
    """Remove the Parquet size from the facts of a build: it depends on the number of files."""
    splits = {
        split: {k: v for k, v in figures.items() if k != "bytes"}
        for split, figures in facts["splits"].items()
    }
    return {**facts, "splits": splits}


def rows_of(folder: Path, config: str) -> list[dict]:
    import pyarrow.parquet as pq

    files = sorted((folder / "data" / config).glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]
