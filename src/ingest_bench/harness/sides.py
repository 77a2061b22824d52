"""The two sides of a cell, made ready: what each reads, from where, and what it has to deliver."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from pydantic import ValidationError

from ingest_bench.arms import ArmSpec
from ingest_bench.arms.base import json_files
from ingest_bench.config.matrix import ROLES, CellSide, PlannedCell, Role
from ingest_bench.config.models import Settings
from ingest_bench.config.server import Server
from ingest_bench.errors import MeasurementError
from ingest_bench.results.digest import Reference, matches
from ingest_bench.results.models import Digest
from ingest_bench.system.services import SERVICES
from stac_ingest.core.text import counted

if TYPE_CHECKING:
    from ingest_bench.corpora.inventory import Manifest
    from ingest_bench.simulator.process import SimulatorProcess


@dataclass(frozen=True, slots=True)
class PairSide:
    """One side of a cell, ready to be sampled."""

    role: Role
    arm: ArmSpec
    planned: CellSide
    expected: Reference | None
    """What it has to deliver; None where nobody knows (the user's own API)."""
    broken: tuple[str, ...] | None
    """The files that have to be reported as failures; None where that is not checked."""
    files: Path | None
    """What to read into memory or to evict before a sample; None for an API."""
    server: SimulatorProcess | None

    @property
    def delivers(self) -> bool:
        """Whether it is to deliver the corpus; a stage of an ingest alone may deliver nothing."""
        return self.planned.options.record.delivers

    @property
    def asks(self) -> bool:
        """Whether it asks its server anything while the clock runs."""
        return self.planned.options.record.asks

    @property
    def whole_process(self) -> bool:
        """Whether a process that it starts is what is timed."""
        return self.planned.options.record.whole_process

    @property
    def remote(self) -> bool:
        """Whether it asks a server that isn't the workflow's own."""
        return self.arm.lies.network and self.server is None

    def difference(self, delivered: Digest, other: Digest | None = None) -> str | None:
        """Compare a digest with what it should be: where nobody knows, with another; None when equal or unknown."""
        expected = self.expected or other
        # Which items `max_items` lets through depends on their order, so only their number is known in advance.
        limited = self.planned.corpus_options.max_items is not None
        if expected is None or (limited and delivered.count == expected.count):
            return None
        return matches(delivered, expected)


def open_sides(settings: Settings, cell: PlannedCell, stack: ExitStack) -> dict[Role, PairSide]:
    """Return both sides, ready to be sampled; servers end with the stack.

    Raises:
        MeasurementError: a corpus was not built, or a server doesn't start.

    """
    servers: dict[tuple[str, Server], SimulatorProcess] = {}
    for planned in (cell.baseline, cell.candidate):
        if planned.server and (planned.corpus, planned.server) not in servers:
            from ingest_bench.simulator.process import SimulatorProcess  # noqa: PLC0415 - only API cells have a server

            _manifest(settings, planned.corpus)
            simulator = SimulatorProcess(settings.corpus_folder(planned.corpus), planned.server, settings.seed)
            servers[planned.corpus, planned.server] = stack.enter_context(simulator)
    sides: dict[Role, PairSide] = {}
    lines: dict[str, Path] = {}

    def lines_of(name: str, spec: ArmSpec) -> Path:
        if name not in lines:
            folder = scratch_folder(settings)
            place = folder.with_name(f"{folder.name}.{name}.ndjson")
            lines[name] = stack.enter_context(joined(json_files(spec), place))
        return lines[name]

    for role in ROLES:
        planned = cell.side(role)
        server = servers[planned.corpus, planned.server] if planned.server else None
        sides[role] = side = _side(settings, role, planned, cell, server)
        if side.whole_process and planned.options.settings.get("joined"):
            sides[role] = _of_lines(side, cell, lines_of)
    return sides


def _of_lines(side: PairSide, cell: PlannedCell, lines_of: Callable[[str, ArmSpec], Path]) -> PairSide:
    """Have a side read one file of lines, now and in the last run."""
    path, before = lines_of(side.planned.corpus, side.arm), side.arm.before
    if before and cell.before:
        before = str(lines_of(cell.before, replace(side.arm, source=before)))
    return replace(side, arm=replace(side.arm, source=str(path), before=before), files=path)


def with_services(sides: Mapping[Role, PairSide], stack: ExitStack) -> dict[Role, PairSide]:
    """Return the sides, told by environment variables of the services that they need, which end with the stack.

    Raises:
        MeasurementError: a service doesn't start.

    """
    running: dict[str, Mapping[str, str]] = {}
    told = dict(sides)
    for role, side in sides.items():
        name = side.arm.settings.get("service") if side.whole_process else None
        if name:
            if name not in running:
                running[name] = stack.enter_context(SERVICES[name].run())
            variables = {**running[name], **side.arm.settings.get("variables", {})}
            told[role] = replace(side, arm=replace(side.arm, settings={**side.arm.settings, "variables": variables}))
    return told


def scratch_folder(settings: Settings) -> Path:
    """Give the folder that samples write to.

    It is on the results' own file system, since that is where a pipeline would write; one a host, which the host lock
    makes ours: what a killed run left in it can go.
    """
    return Path(settings.results) / "scratch" / socket.gethostname()


@contextmanager
def joined(files: Iterable[Path], place: Path) -> Iterator[Path]:
    """Write item files as one file of lines of JSON, removed at the end; what is no JSON is left out."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with place.open("wb") as stream:
            for path in files:
                with suppress(OSError, orjson.JSONDecodeError):
                    stream.write(_one_line(path.read_bytes()) + b"\n")
        yield place
    finally:
        place.unlink(missing_ok=True)
        with suppress(OSError):  # another host's samples may be in it
            place.parent.rmdir()


def _one_line(document: bytes) -> bytes:
    parsed = orjson.loads(document)
    return orjson.dumps(parsed) if b"\n" in document or b"\r" in document else document


def _side(
    settings: Settings, role: Role, planned: CellSide, cell: PlannedCell, server: SimulatorProcess | None
) -> PairSide:
    arm, corpus = planned.options, planned.corpus_options
    manifest = _manifest(settings, planned.corpus) if corpus.url is None else None
    source = settings.corpus_folder(planned.corpus)
    if cell.picked:
        source = source / cell.picked
    # What a command reports of broken files is for its user to read.
    failures_are_known = (
        "corrupt_share" in corpus.record.options and corpus.max_items is None and not arm.record.whole_process
    )
    return PairSide(
        role=role,
        arm=ArmSpec(
            fetcher=arm.fetcher,
            layout=corpus.layout.name,
            source=server.url if server else corpus.url or str(source),
            collection=corpus.collection or (manifest.collection if manifest and corpus.layout.network else None),
            concurrency=planned.concurrency,
            max_items=corpus.max_items,
            settings={**arm.settings, **({"datetime": corpus.datetime} if corpus.datetime else {})},
            budget=settings.remote.model_dump(exclude={"allow", "total_requests", "grant"}) if corpus.url else None,
            file=arm.record.file,
            search=cell.search.written() if cell.search else None,
            before=str(settings.corpus_folder(cell.before)) if cell.before else None,
            killed=cell.killed,
        ),
        planned=planned,
        # What a search has to find is what the baseline finds.
        expected=_expected(manifest, cell.picked) if manifest and cell.search is None else None,
        broken=tuple(manifest.broken) if manifest and failures_are_known else None,
        files=None if corpus.layout.network else source,
        server=server,
    )


def _expected(manifest: Manifest, picked: str | None) -> Reference | None:
    if picked is None:
        return manifest.reference
    if picked not in manifest.file_references:
        raise MeasurementError(f"the manifest has no reference for {picked}; build the corpus again")
    return manifest.file_references[picked]


def _manifest(settings: Settings, name: str) -> Manifest:
    from ingest_bench.corpora.inventory import read_manifest  # noqa: PLC0415 - a cell on the user's own API has none

    path = settings.manifest_file(name)
    try:
        return read_manifest(path)
    except FileNotFoundError:
        raise MeasurementError(f"corpus {name} is not there: {path} is missing; build it first") from None
    except ValidationError as error:
        raise MeasurementError(
            f"{path} is damaged or of another version ({counted(error.error_count(), 'fault')})"
        ) from None
