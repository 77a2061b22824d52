"""The journal of a run: a line for each item that it has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from stac_ingest.core.atomic import write_lines

_FOLDER = "changes"


def write_journal(output: Path, generation: int, parts: Iterable[Path]) -> tuple[str | None, Counter[str]]:
    """Join what the merges have noted.

    Args:
        output: the folder of the output.
        generation: of the run.
        parts: the files of the merges; one that isn't there has noted nothing.

    Returns:
        The path of the journal below the output, None where nothing has changed; and how many lines say what.

    Raises:
        DataProcessingError: it can't be written.

    """
    counts = Counter[str]()

    def lines() -> Iterator[bytes]:
        for path in parts:
            if not path.exists():
                continue
            with path.open("rb") as stream:
                for line in stream:
                    counts[orjson.loads(line)["what"]] += 1
                    yield line.rstrip(b"\n")

    name = f"{_FOLDER}/{generation:08d}.ndjson"
    write_lines(output / name, lines())
    if counts:
        return name, counts
    (output / name).unlink()
    return None, counts
