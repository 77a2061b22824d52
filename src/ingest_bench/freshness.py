"""What of the results is out of date, told from the files alone.

Snakemake knows what has changed from its own notes and from the times of files. A fresh clone has no notes, and `touch`
changes times. Here a corpus is compared with its manifest, a cell with its settings, its code and its corpora, and what
is made of cells with those: neither too little nor too much is made again, wherever the files came from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import orjson
from pydantic import ValidationError

from ingest_bench.identity import aggregate_identity, cell_identity, corpus_identity, fingerprint, report_identity
from ingest_bench.matrix import CellSpec, cell_file, cells
from ingest_bench.seal import seal_of
from ingest_bench.settings import Settings
from ingest_bench.sides import built_at, corpus_folder, job_file, manifest_file
from ingest_bench.untouched import untouched
from stac_ingest.core.atomic import write_atomically

AGGREGATE, REPORT = "aggregate", "report"


class Freshness:
    """Says of each thing that the workflow makes why it has to be made (again), or None. Answers are kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._results = Path(settings.results)
        self._seals: dict[str, str] = {}
        self.corpus = cache(self._corpus)
        self.cell = cache(self._cell)
        self.aggregate = cache(self._aggregate)
        self.report = cache(self._report)
        self._built = cache(lambda name: built_at(settings, name))

    def _aggregate(self) -> str | None:
        planned = cells(self._settings)
        if any(self.cell(spec) for spec in planned):
            return "cells are measured again"
        found = [self._seals[cell_file(spec)] for spec in planned]
        return self._difference(AGGREGATE, aggregate_made_from(self._settings, found))

    def _report(self) -> str | None:
        if self.aggregate():
            return "its results are brought together again"
        return self._difference(REPORT, report_made_from(self._settings))

    def _corpus(self, name: str) -> str | None:
        manifest, folder = manifest_file(self._settings, name), corpus_folder(self._settings, name)
        try:
            record = orjson.loads(job_file(self._settings, name).read_bytes())
            if record.get("identity") != fingerprint(corpus_identity(self._settings, name)):
                return "other settings or code"
            return None if untouched(folder, manifest) else "its files have changed"
        except FileNotFoundError:
            return "not there, or not all of it"
        except (OSError, ValidationError, orjson.JSONDecodeError, AttributeError):
            return "its record is damaged"

    def _cell(self, spec: CellSpec) -> str | None:
        local = [name for name in spec.corpora if self._settings.corpora[name].url is None]
        for name in local:
            if self.corpus(name):
                return f"corpus {name} is made again"
        try:
            data = (self._results / cell_file(spec)).read_bytes()
        except OSError:
            return "not measured yet"
        seal = seal_of(data)
        if seal is None:
            return "its file is not whole, or was changed"
        found = orjson.loads(data)
        if found["identity"] != fingerprint(cell_identity(self._settings, spec)):
            return "other settings or code"
        if found["corpora"] != {name: self._built(name) for name in local}:
            return "a corpus was made again since"
        self._seals[cell_file(spec)] = seal
        return None

    def _difference(self, name: str, made_from: str) -> str | None:
        try:
            same = _note(self._settings, name).read_text(encoding="ascii", errors="replace") == made_from
        except OSError:
            same = False
        return None if same else "made from something else"


def aggregate_made_from(settings: Settings, seals: Iterable[str | None]) -> str:
    """Hash what the results are made from: the cells with their order, the corpora, the code."""
    return fingerprint(json.dumps([aggregate_identity(settings), *seals]))


def report_made_from(settings: Settings) -> str:
    """Hash what the report is made from: the results, by what they were made from, captions and code."""
    try:
        results = _note(settings, AGGREGATE).read_text(encoding="ascii", errors="replace")
    except OSError:
        results = None
    return fingerprint(json.dumps([report_identity(settings), results]))


def note(settings: Settings, name: str, made_from: str) -> None:
    """Take note of what something was made from, once it is in place."""
    write_atomically(_note(settings, name), made_from.encode())


def seals(files: Iterable[Path | str]) -> list[str | None]:
    """Give the seals of cell files, in their order."""
    return [seal_of(Path(path).read_bytes()) for path in files]


def _note(settings: Settings, name: str) -> Path:
    return Path(settings.results) / ".made_from" / name
