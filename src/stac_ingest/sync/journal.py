"""The journal of a run: a line for each item that it has changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from stac_ingest.core.atomic import write_lines

CHANGES = "changes"
"""The folder of the journals, below the output."""
_NAME = re.compile(rf"{CHANGES}/\d{{8,}}(\.failures)?\.ndjson")


def is_journal(path: str) -> bool:
    """Tell whether a path below the output is that of a journal, or of what a run could not read or write."""
    return _NAME.fullmatch(path) is not None


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

    name = f"{CHANGES}/{generation:08d}.ndjson"
    write_lines(output / name, lines())
    if counts:
        return name, counts
    (output / name).unlink()
    return None, counts


def write_failures(output: Path, generation: int, failures: Sequence[tuple[str, str]]) -> str | None:
    """Name what could not be read or written, in a file beside the journal.

    Args:
        output: the folder of the output.
        generation: of the run.
        failures: what it is, such as an id or a file, and why.

    Returns:
        The path of the file below the output; None without any failure.

    Raises:
        DataProcessingError: it can't be written.

    """
    name = f"{CHANGES}/{generation:08d}.failures.ndjson"
    if not failures:
        (output / name).unlink(missing_ok=True)  # of a run that was killed
        return None
    write_lines(output / name, (orjson.dumps({"what": what, "why": why}) for what, why in failures))
    return name
