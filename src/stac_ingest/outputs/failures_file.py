"""All failures of a run, in a file beside what it wrote: a million of them are of no use on a screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from stac_ingest.failures import Failure
from stac_ingest.outputs.directory import OutputFolder, write_all

NAME = "failures.ndjson"
_PART = f".{NAME}.part"


def write_failures(folder: OutputFolder, failures: Sequence[Failure]) -> None:
    """Write `failures.ndjson`, one a line, whole or not at all; without failures there is none, nor an earlier one.

    Raises:
        OSError: it can't be written.

    """
    if not failures:
        folder.remove(NAME)
        return
    descriptor = folder.create(_PART)
    try:
        write_all(descriptor, b"".join([orjson.dumps(asdict(one), default=str) + b"\n" for one in failures]))
    finally:
        os.close(descriptor)
    folder.rename(_PART, NAME)
