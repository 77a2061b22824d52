"""The reference run: first load, three syncs, a kill in each, a sync with nothing to do, and an audit."""

from __future__ import annotations

import logging
import os
import random
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ingest_bench.errors import MeasurementError, SettingsError
from ingest_bench.reference.check import check_output
from ingest_bench.reference.job import KillMoment, kill_moment, run_job
from ingest_bench.reference.journal import check_journal
from ingest_bench.reference.manifest import manifest_of
from ingest_bench.reference.page import page
from ingest_bench.reference.records import Check, Epoch, Job, Reference
from ingest_bench.reference.server import ReferenceServer
from ingest_bench.simulator.generated.description import Description
from ingest_bench.simulator.generated.history import History
from ingest_bench.simulator.generated.store import GeneratedStore
from ingest_bench.simulator.options import GENERATED
from ingest_bench.system.environment import environment
from ingest_bench.system.steps import Steps
from ingest_bench.system.whole_process import last_words
from stac_ingest.core.atomic import write_atomically

LOG = logging.getLogger(__name__)
PROGRAM = (sys.executable, "-m", "stac_ingest")
_SAID = "said.log"
_DIFFERS = 1
"""The exit code of an audit that found something."""


@dataclass(frozen=True)
class Options:
    """What is run, and where."""

    folder: Path
    items: int
    seed: int = 0
    page_items: int = 1000
    largest_page: int = 10_000
    concurrency: int = 8
    epochs: int = 3
    program: Sequence[str] = field(default=PROGRAM)
    """What stands for `stac-ingest`."""

    @property
    def output(self) -> Path:
        """The output of the syncs."""
        return self.folder / "output"

    @property
    def said(self) -> Path:
        """All that the commands say."""
        return self.folder / _SAID


class _Begun(BaseModel):
    """What a folder was begun with."""

    description: Description
    page_items: int = Field(ge=1)
    largest_page: int = Field(ge=1)
    port: int


def run_reference(options: Options) -> Reference:
    """Run the reference job, or go on with it, and write `reference.json` and `reference.md` into its folder.

    Raises:
        MeasurementError: a command or the server can't be started, or a file of an earlier call can't be read.
        SettingsError: the folder was begun with other options.

    """
    begun = _begin(options)
    steps = Steps(options.folder / "steps")
    with ReferenceServer(options.folder / "api", port=begun.port, largest_page=begun.largest_page) as server:
        reference = _Run(options, begun, server, steps).whole()
    data = reference.model_dump_json(indent=2).encode()
    write_atomically(options.folder / "reference.json", data)
    write_atomically(options.folder / "reference.md", page(reference).encode())
    return reference


class _Run:
    def __init__(self, options: Options, begun: _Begun, server: ReferenceServer, steps: Steps) -> None:
        self._options, self._begun, self._server, self._steps = options, begun, server, steps
        self._history = History(begun.description)

    def whole(self) -> Reference:
        options = self._options
        epochs: list[Epoch] = []
        for number in range(options.epochs + 1):
            epochs.append(self._epoch(number, epochs[-1].generation if epochs else 0))
        idle = self._steps.do("idle", Job, lambda starts: self._sync(options.epochs, starts))
        audit = self._steps.do("audit", Job, self._audit)
        return Reference(
            description=self._begun.description,
            page_items=self._begun.page_items,
            largest_page=self._begun.largest_page,
            environment=environment(options.folder),
            epochs=epochs,
            idle=idle,
            idle_months=epochs[-1].months,
            audit=audit,
        )

    def _epoch(self, number: int, before: int) -> Epoch:
        killed = self._steps.do(f"epoch-{number}-killed", Job, lambda starts: self._killed(number, starts))
        done = self._steps.do(f"epoch-{number}-finished", Job, lambda starts: self._sync(number, starts))
        return self._steps.do(f"epoch-{number}-checked", Epoch, lambda _: self._checked(number, before, killed, done))

    def _killed(self, number: int, starts: int) -> Job:
        self._server.switch(number)
        lot = random.Random(f"{self._begun.description.seed}/{number}")  # noqa: S311 - repeatable on purpose
        work = self._begun.description.items
        if number:
            delta = self._history.delta(number)
            work = len(delta.changed) + len(delta.added)
        moment = kill_moment(lot.random, self._server, work)
        return self._job("sync", self._sync_command(), starts, kill=moment)

    def _sync(self, number: int, starts: int) -> Job:
        self._server.switch(number)
        return self._job("sync", self._sync_command(), starts)

    def _audit(self, starts: int) -> Job:
        options = self._options
        self._server.switch(options.epochs)
        command = [*options.program, "audit", str(options.output), "--against", self._server.url]
        return self._job("audit", [*command, *self._reading()], starts, allowed=(0, _DIFFERS))

    def _job(
        self,
        name: str,
        command: Sequence[str],
        starts: int,
        *,
        allowed: Sequence[int] = (0,),
        kill: KillMoment | None = None,
    ) -> Job:
        """Run a command; one that fails is no result, so that the next call tries it again."""
        job = run_job(name, command, self._server, self._options.said, starts=starts, kill=kill)
        if not job.killed and job.exit_code not in allowed:
            said = last_words(self._options.said)
            raise MeasurementError(
                f"{name} ended with exit code {job.exit_code}: {said} (its output is in {self._options.said}; "
                "run it again to resume)"
            )
        return job

    def _sync_command(self) -> list[str]:
        options = self._options
        return [*options.program, "sync", self._server.url, "--output", str(options.output), *self._reading()]

    def _reading(self) -> list[str]:
        return [
            *("--collection", GeneratedStore.collection_id),
            *("--limit", str(self._begun.page_items)),
            *("--concurrency", str(self._options.concurrency)),
        ]

    def _checked(self, number: int, before: int, killed: Job, finished: Job) -> Epoch:
        store = GeneratedStore(self._begun.description, number)
        manifest = manifest_of(self._options.output)
        check: Check = check_output(self._options.output, store, processes=len(os.sched_getaffinity(0)))
        journal = None
        if manifest.generation == before + 1:
            path = self._options.output / manifest.journal if manifest.journal else None
            journal = check_journal(path, self._history, number)
        delta = self._history.delta(number) if number else None
        months = store.state.taken.astype("datetime64[us]").astype("datetime64[M]")
        return Epoch(
            number=number,
            changed=len(delta.changed) if delta else 0,
            moved=len(delta.moved) if delta else 0,
            added=len(delta.added) if delta else len(store),
            removed=len(delta.removed) if delta else 0,
            held=len(store) - len(delta.added) + len(delta.removed) if delta else 0,
            months=len(np.unique(months)),
            killed=killed,
            finished=finished,
            check=check,
            generation=manifest.generation,
            journal=journal,
            verdict=manifest.verdict,
            reason=manifest.reason,
            held_bytes=manifest.bytes,
            disk_bytes=sum(path.stat().st_size for path in self._options.output.rglob("*") if path.is_file()),
            parts=sum(len(partition.parts) for partition in manifest.partitions),
        )


def _begin(options: Options) -> _Begun:
    """Return what the folder was begun with; begin it where it is new."""
    path = options.folder / "begun.json"
    description = Description(items=options.items, seed=options.seed, epochs=options.epochs)
    if not path.exists():
        begun = _Begun(
            description=description,
            page_items=options.page_items,
            largest_page=options.largest_page,
            port=_free_port(),
        )
        write_atomically(options.folder / "api" / GENERATED, description.model_dump_json(indent=2).encode())
        write_atomically(path, begun.model_dump_json(indent=2).encode())
        return begun
    try:
        begun = _Begun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise MeasurementError(f"{path} can't be read: {error}") from None
    asked = (description, options.page_items, options.largest_page)
    if asked != (begun.description, begun.page_items, begun.largest_page):
        raise SettingsError(
            f"--folder: {options.folder} was begun with --items {begun.description.items} --seed "
            f"{begun.description.seed} --limit {begun.page_items}; use these, or name another folder"
        )
    return begun


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
