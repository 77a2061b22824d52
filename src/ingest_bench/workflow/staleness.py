"""What of the results is out of date, told from the files alone.

Snakemake knows what has changed from its own notes and from the times of files. A fresh clone has no notes, and `touch`
changes times. Here a corpus is compared with its manifest, a cell with its settings, its corpora and the code that its
processes loaded, and what is made of cells with those: neither too little nor too much is made again, wherever the
files came from. Of a corpus, names, sizes and times are compared first, which takes half a second for 100,000 files.
Only where they differ (after a copy, a `touch`, a clone) is every byte read, once.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ingest_bench.calibration.models import CALIBRATION
from ingest_bench.config.matrix import PlannedCell, cells
from ingest_bench.config.models import Settings
from ingest_bench.corpora.inventory import files_below, status_of
from ingest_bench.errors import AggregationError
from ingest_bench.results.checksum import checksum_of
from ingest_bench.results.models import Dependencies
from ingest_bench.system.dependencies import changed, lock_files, recording
from ingest_bench.workflow.identity import (
    aggregate_identity,
    cell_identity,
    corpus_identity,
    fingerprint,
    report_identity,
    round_identity,
)
from ingest_bench.workflow.round_files import plan_file, plans, read_round
from stac_ingest.core.atomic import write_atomically

AGGREGATE, REPORT, ADVICE, RECEIPT = "aggregate", "report", "advice", "receipt"
DAMAGED = (OSError, ValidationError, orjson.JSONDecodeError, AttributeError, KeyError, TypeError)
"""What reading a record that was cut off, edited or is another version's may raise."""


class Freshness:
    """Says of each thing that the workflow makes why it has to be made (again), or None. Answers are kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._results = Path(settings.results)
        self._checksums: dict[str, str] = {}
        self._cells: dict[str, str | None] = {}
        self._added: dict[str, str | None] = {}
        self.corpus = cache(self._corpus)
        self.aggregate = cache(self._aggregate)
        self.report = cache(lambda: self._written(REPORT))
        self.advice = cache(lambda: self._written(ADVICE))
        self.receipt = cache(self._receipt)
        self.calibration = cache(self._calibration)
        self._built = cache(settings.built_at)

    def cell(self, cell: PlannedCell) -> str | None:
        """Say why a cell has to be measured (again), or None."""
        if cell.name not in self._cells:
            self._cells[cell.name] = self._cell(cell)
        return self._cells[cell.name]

    def first_pass(self, cell: PlannedCell) -> tuple[float, float] | None:
        """Give when a cell's first pass began and ended, seconds since 1970; None where it has to be measured (again).

        Its corpora are taken to be as they were: jobs ask for this one by one, and to look through files takes long.
        """
        if self._measured(cell.file, cell):
            return None
        record = orjson.loads((self._results / cell.file).read_bytes())
        return float(record["started_at"]), float(record["ended_at"])

    def added(self, cell: PlannedCell, number: int) -> str | None:
        """Say why the pairs that a round adds to a cell have to be measured (again), or None."""
        path = cell.round_file(number)
        if path not in self._added:
            again = "the first pass of its cell is measured again" if self.cell(cell) else None
            self._added[path] = again or self._measured(path, cell)
        return self._added[path]

    def plan(self, number: int) -> str | None:
        """Say why a round has to be planned (again), or None."""
        if any(self.cell(cell) for cell in cells(self._settings)):
            return "cells are measured again"
        try:
            made_of = [self._checksums[cell.file] for cell in cells(self._settings)]
            made_of += self._round_checksums(number - 1)
            return self._made_from(self._results / plan_file(number), round_made_from(self._settings, made_of))
        except _MeasuredAgainError as again:
            return str(again)
        except AggregationError:
            return "an earlier round is planned again"

    def _round_checksums(self, last: int) -> list[str]:
        """Give the checksums of all pairs that rounds have added, up to one.

        Raises:
            AggregationError: a plan isn't there, or damaged.
            _MeasuredAgainError: pairs are not those that were planned.

        """
        planned, found = cells(self._settings), []
        for number in range(1, last + 1):
            plan = read_round(self._results / plan_file(number))
            for cell in planned:
                if cell.name not in plan.cells:
                    continue
                if self.added(cell, number):
                    raise _MeasuredAgainError(f"pairs of round {number} are measured again")
                found.append(self._checksums[cell.round_file(number)])
        return found

    def _aggregate(self) -> str | None:
        planned = cells(self._settings)
        if any(self.cell(cell) for cell in planned):
            return "cells are measured again"
        made_of = [self._checksums[cell.file] for cell in planned]
        try:
            for plan in plans(self._settings):
                if self.plan(plan.number):
                    return "a round is planned again"
                last = plan.number
            if self._settings.two_passes:
                made_of += self._round_checksums(last)
        except (_MeasuredAgainError, AggregationError):
            return "pairs are measured again"
        return self._difference(AGGREGATE, aggregate_made_from(self._settings, made_of))

    def _written(self, name: str) -> str | None:
        if self.aggregate():
            return "its results are brought together again"
        return self._difference(name, report_made_from(self._settings))

    def _receipt(self) -> str | None:
        if self.report() or self.advice():
            return "what it holds is written again"
        return self._difference(RECEIPT, receipt_made_from(self._settings))

    def _calibration(self) -> str | None:
        try:
            record = orjson.loads((self._results / CALIBRATION).read_bytes())
            if record["seed"] != self._settings.seed:
                return "another seed"
            return _changed(record)
        except FileNotFoundError:
            return "not there"
        except DAMAGED:
            return "its record is damaged"

    def _corpus(self, name: str) -> str | None:
        manifest, folder = self._settings.manifest_file(name), self._settings.corpus_folder(name)
        try:
            record = orjson.loads(self._settings.job_file(name).read_bytes())
            if record.get("identity") != fingerprint(corpus_identity(self._settings, name)):
                return "other settings"
            if reason := _changed(record):
                return reason
            return None if corpus_unchanged(folder, manifest) else "its files have changed"
        except FileNotFoundError:
            return "not there, or not all of it"
        except DAMAGED:
            return "its record is damaged"

    def _cell(self, cell: PlannedCell) -> str | None:
        local = [name for name, corpus in cell.corpora.items() if corpus.url is None]
        for name in local:
            if self.corpus(name):
                return f"corpus {name} is made again"
        return self._measured(cell.file, cell)

    def _measured(self, file: str, cell: PlannedCell) -> str | None:
        """Say why what a file holds of a cell has to be measured (again), or None."""
        try:
            data = (self._results / file).read_bytes()
        except OSError:
            return "not measured yet"
        checksum = checksum_of(data)
        if checksum is None:
            return "its file is not whole, or was changed"
        self._checksums[file] = checksum
        local = [name for name, corpus in cell.corpora.items() if corpus.url is None]
        try:
            record = orjson.loads(data)
            if record["identity"] != fingerprint(cell_identity(self._settings, cell)):
                return "other settings"
            built = {name: self._built(name) for name in local}
            return "a corpus was made again since" if record["corpora"] != built else _changed(record)
        except DAMAGED:
            return "its record is damaged"

    def _difference(self, name: str, made_from: str) -> str | None:
        return self._made_from(_note(self._settings, name), made_from)

    def _made_from(self, path: Path, made_from: str) -> str | None:
        try:
            note = orjson.loads(path.read_bytes())
            return _changed(note) if note["made_from"] == made_from else "made from something else"
        except FileNotFoundError:
            return "not there, or not all of it"
        except DAMAGED:
            return "its record is damaged"


class _MeasuredAgainError(Exception):
    """Pairs that a plan rests on are not there any more, or not the same."""


def round_made_from(settings: Settings, checksums: Iterable[str | None]) -> str:
    """Hash what a round's plan is made from beside code: the cells with their order, pairs of before, its settings."""
    return fingerprint(json.dumps([round_identity(settings), *checksums]))


def aggregate_made_from(settings: Settings, checksums: Iterable[str | None]) -> str:
    """Hash what the results are made from beside code: the cells with their order, and the corpora."""
    return fingerprint(json.dumps([aggregate_identity(settings), *checksums]))


def report_made_from(settings: Settings) -> str:
    """Hash what report and advice are made from beside code: the results, by what they were made from, and captions."""
    try:
        results = _note(settings, AGGREGATE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        results = None
    return fingerprint(json.dumps([report_identity(settings), results]))


def receipt_made_from(settings: Settings) -> str:
    """Hash what a receipt is made from beside code: report and advice, by what they were made from, and lock files."""
    notes = [_note(settings, name).read_text(encoding="utf-8", errors="replace") for name in (REPORT, ADVICE)]
    locks = [path.read_text(encoding="utf-8") for path in lock_files()]
    return fingerprint(json.dumps([*notes, *locks]))


@contextmanager
def noted(settings: Settings, name: str, made_from: str) -> Iterator[None]:
    """Take note of what something is made from, and of the code that makes it, when the block has ended well."""
    with recording() as code:
        yield
    note = {"made_from": made_from, "depends_on": code.dependencies(without=()).model_dump()}
    write_atomically(_note(settings, name), orjson.dumps(note, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _changed(record: dict[str, Any]) -> str | None:
    """Say which code that a record depends on has changed.

    Raises:
        AttributeError, pydantic.ValidationError: the record is damaged.

    """
    depends_on = record.get("depends_on")
    module = changed(Dependencies.model_validate(depends_on) if depends_on is not None else None)
    return f"other code: {module}" if module else None


def checksums(files: Iterable[Path | str]) -> list[str | None]:
    """Give the checksums of cell files, in their order."""
    return [checksum_of(Path(path).read_bytes()) for path in files]


def _note(settings: Settings, name: str) -> Path:
    return Path(settings.results) / ".made_from" / name


def corpus_unchanged(folder: Path, manifest: Path) -> bool:
    """Say whether a corpus, file or folder, holds what its manifest says.

    Raises:
        OSError: the manifest, or the corpus, can't be read.
        pydantic.ValidationError: the manifest is damaged.

    """
    looks = _stat_fingerprint(folder, manifest)
    with suppress(OSError):
        if _memory(manifest).read_bytes() == looks.encode():
            return True
    # How a corpus is looked through is nothing that a corpus depends on.
    from ingest_bench.corpora.check import verify  # noqa: PLC0415

    if verify(folder, manifest):
        return False
    remember(folder, manifest)
    return True


def remember(folder: Path, manifest: Path) -> None:
    """Take note of how a corpus looks that has just been made from, or compared with, its manifest."""
    with suppress(OSError):  # results that can't be written to are looked through every time
        write_atomically(_memory(manifest), _stat_fingerprint(folder, manifest).encode())


def _memory(manifest: Path) -> Path:
    return manifest.with_name(f".{manifest.name.removesuffix('.manifest.json')}.seen")


def _stat_fingerprint(folder: Path, manifest: Path) -> str:
    total = sha256(manifest.read_bytes())
    for path, name in sorted(files_below(folder)):
        status = status_of(path)
        total.update(os.fsencode(name) + f"\0{status.st_mode}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return total.hexdigest()
