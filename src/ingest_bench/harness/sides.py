"""The two sides of a cell, made ready: what each reads, from where, and what it has to deliver."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from ingest_bench.arms import ArmSpec, arm_kind
from ingest_bench.config.matrix import ROLES, CellSpec, Role, arm_of, corpus_of
from ingest_bench.config.paths import corpus_folder, manifest_file
from ingest_bench.errors import MeasurementError

if TYPE_CHECKING:
    from ingest_bench.config.models import Corpus, Server, Settings
    from ingest_bench.corpora.manifest import Manifest
    from ingest_bench.results.digest import Reference
    from ingest_bench.simulator.process import SimulatorProcess


Served: TypeAlias = "tuple[str, Server | None]"
Servers: TypeAlias = "dict[Served, SimulatorProcess]"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a cell, ready to be sampled."""

    role: Role
    arm: ArmSpec
    known_defect: str | None
    expected: Reference | None
    """What it has to deliver; None where nobody knows (the user's own API)."""
    count_only: bool
    """Whether only the number of items is known in advance: which ones `max_items` lets through depends on their
    order."""
    broken: tuple[str, ...] | None
    """The files that have to be reported as failures; None where that is not checked."""
    files: Path | None
    """What to read into memory or to evict before a sample; None for an API."""
    server: SimulatorProcess | None
    delivers: bool
    """Whether it is to deliver the corpus; a stage of an ingest alone may deliver nothing."""

    @property
    def asks(self) -> bool:
        """Whether it asks its server anything while the clock runs."""
        return arm_kind(self.arm.fetcher).asks

    @property
    def remote(self) -> bool:
        """Whether it asks a server that isn't the workflow's own."""
        return self.arm.lies.network and self.server is None


def open_sides(settings: Settings, spec: CellSpec, stack: ExitStack) -> dict[Role, Side]:
    """Make both sides ready; servers end with the stack.

    Raises:
        MeasurementError: a corpus was not built, or a server doesn't start.

    """
    scenario = settings.scenarios[spec.scenario]
    servers: Servers = {}
    if scenario.server:
        from ingest_bench.simulator.process import SimulatorProcess  # noqa: PLC0415 - only API cells have a server

        for role in ROLES:
            served = name, behaviour = _served(settings, spec, role)
            if served not in servers and behaviour is not None:
                _manifest(settings, name)
                servers[served] = stack.enter_context(
                    SimulatorProcess(corpus_folder(settings, name), behaviour, settings.seed)
                )
    return {role: _side(settings, spec, role, servers.get(_served(settings, spec, role))) for role in ROLES}


def _served(settings: Settings, spec: CellSpec, role: Role) -> Served:
    """Name what a side's server serves, and how."""
    behaviour = arm_of(settings, spec, role).server or settings.scenarios[spec.scenario].server
    return corpus_of(settings, spec, role)[0], behaviour


def _side(settings: Settings, spec: CellSpec, role: Role, server: SimulatorProcess | None) -> Side:
    name, corpus = corpus_of(settings, spec, role)
    picked = settings.scenarios[spec.scenario].file
    manifest = _manifest(settings, name) if corpus.url is None else None
    source = corpus_folder(settings, name)
    if picked:
        source = source / picked
    arm = arm_of(settings, spec, role)
    return Side(
        role=role,
        arm=ArmSpec(
            fetcher=arm.fetcher,
            layout=corpus.layout.name,
            source=server.url if server else corpus.url or str(source),
            collection=corpus.collection or (manifest.collection if manifest and corpus.layout.network else None),
            concurrency=spec.baseline_concurrency if role == "baseline" else spec.concurrency,
            max_items=corpus.max_items,
            settings=arm.settings,
            budget=settings.remote.model_dump(exclude={"allow"}) if corpus.url else None,
            file=arm.record.file,
        ),
        known_defect=arm.known_defect,
        expected=_expected(manifest, picked) if manifest else None,
        count_only=corpus.max_items is not None,
        broken=tuple(manifest.broken) if manifest and _failures_are_known(corpus) else None,
        files=None if corpus.layout.network else source,
        server=server,
        delivers=arm.record.delivers,
    )


def _expected(manifest: Manifest, picked: str | None) -> Reference | None:
    if picked is None:
        return manifest.reference
    if picked not in manifest.file_references:
        raise MeasurementError(f"the manifest has no reference for {picked}; build the corpus again")
    return manifest.file_references[picked]


def _failures_are_known(corpus: Corpus) -> bool:
    return "corrupt_share" in corpus.record.options and corpus.max_items is None


def _manifest(settings: Settings, name: str) -> Manifest:
    from ingest_bench.corpora.manifest import read_manifest  # noqa: PLC0415 - a cell on the user's own API has none

    path = manifest_file(settings, name)
    try:
        return read_manifest(path)
    except FileNotFoundError:
        raise MeasurementError(f"corpus {name} is not there: {path} is missing; build it first") from None
    except ValidationError as error:
        raise MeasurementError(f"{path} is damaged or of another version ({error.error_count()} faults)") from None
