"""Measures a cell: pairs of samples, baseline and candidate, until the speed-up is known well enough."""

import logging
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from ingest_bench.analysis.speedup import cell_speed_up, pair_ratios
from ingest_bench.config.matrix import ROLES, CellSide, PlannedCell, Role
from ingest_bench.config.models import Settings
from ingest_bench.errors import MeasurementError, SampleStoppedError, SampleTimeoutError
from ingest_bench.harness.request_ledger import RequestLedger
from ingest_bench.harness.sides import PairSide, open_sides, scratch_folder, with_services
from ingest_bench.harness.spawn import hash_seed_of, run_sample
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.harness.validity import (
    FixedPairs,
    StoppingRule,
    delay_remark,
    flag_outliers,
    invalid_reason,
    side_parity,
)
from ingest_bench.results.checksum import with_checksum
from ingest_bench.results.digest import CLASSES
from ingest_bench.results.models import Cell, MorePairs, Parity, Sample, StopReason, Trace
from ingest_bench.system.dependencies import recording
from ingest_bench.system.environment import environment, load
from ingest_bench.system.host_lock import host_lock
from ingest_bench.system.page_cache import corpus_files, fill
from ingest_bench.system.services import how_to_install
from stac_ingest.core.atomic import write_atomically
from stac_ingest.core.text import counted

Side = TypeVar("Side", bound=str)
LOG = logging.getLogger(__name__)


_NOT_MEASURED: StopReason = "no_valid_pair"
"""Of a cell without any pair."""
KILLED_BETWEEN = (0.1, 0.9)
"""Shares of a command's time."""
TRACE_SECONDS = 8.0
"""Tracing slows some arms twelvefold; past this it is given up."""


def measure_to_file(
    settings: Settings,
    cell: PlannedCell,
    *,
    identity: str,
    output: Path | str,
    attempt: int = 1,
    more: MorePairs | None = None,
    deferred: str | None = None,
) -> Cell:
    """Measure a cell and write its file, whole or not at all; see `measure`."""
    record = measure(settings, cell, identity=identity, attempt=attempt, more=more, deferred=deferred)
    write_atomically(Path(output), with_checksum(record.model_dump_json(indent=1, exclude={"seal"})))
    return record


def measure(
    settings: Settings,
    cell: PlannedCell,
    *,
    identity: str = "",
    attempt: int = 1,
    more: MorePairs | None = None,
    deferred: str | None = None,
) -> Cell:
    """Measure a cell and return its record.

    Args:
        settings: the whole configuration.
        cell: what to measure.
        identity: hash of the settings that the cell depends on, for its record; empty where none is kept.
        attempt: which try of the workflow's this is.
        more: pairs to add to those of before, which are the whole record then; None: measure it from the start.
        deferred: why a record is all that is made now, and a round is to measure it; None: measure it.

    Raises:
        MeasurementError: a sample, a server or a corpus failed.

    """
    started, load_before = time.time(), load()
    with recording() as code, ExitStack() as stack:
        stack.enter_context(_ended_by_signal())
        run = CellRun(settings, cell, open_sides(settings, cell, stack), more)
        samples, stop_reason, trace = list[Sample](), _NOT_MEASURED, Trace(items=0, peak_mib=None)
        lacking, trouble = deferred or _lacking(cell), None
        if lacking is None:
            run.sides = with_services(run.sides, stack)
            trouble = run.prepare()
        if lacking is None and trouble is None:
            samples, stop_reason = run.take_pairs()
            trace = run.trace()
        if deferred:
            LOG.info("%s", deferred)
            stop_reason = "deferred"
    servers = {id(side.server) for side in run.sides.values() if side.server}
    if code.reports["simulator"] != len(servers):
        raise MeasurementError("the simulator had to be killed, so it isn't known what code it ran")
    candidate, baseline = run.sides["candidate"], run.sides["baseline"]
    flag_outliers(samples, pair_ratios(samples))
    return Cell(
        identity=identity,
        depends_on=code.dependencies(),
        corpora={name: settings.built_at(name) for name, corpus in cell.corpora.items() if corpus.url is None},
        scenario=cell.scenario,
        group=cell.group,
        arm=cell.arm,
        label=cell.label,
        concurrency=cell.concurrency,
        is_null_cell=cell.is_null_cell,
        known_defect=cell.candidate.options.known_defect,
        programs={name: version for name, version in _programs(cell).items() if version},
        unavailable=lacking,
        cache=cell.cache,
        corpus=cell.corpus,
        settings=_described(cell.candidate),
        baseline=_described(cell.baseline),
        samples=samples,
        speedup=cell_speed_up(samples, cell.sampling.confidence, stop_reason),
        stop_reason=stop_reason,
        cut_off=run.cut_off,
        unused_requests=run.unused_requests,
        parity=Parity(ok=False, reason=trouble)
        if trouble
        else side_parity(candidate, samples, baseline if cell.corpus == cell.baseline.corpus else None),
        baseline_parity=side_parity(baseline, samples),
        trace=trace,
        environment=environment(Path(settings.results)),
        load_before=load_before,
        load_after=load(),
        attempt=attempt,
        started_at=started,
        ended_at=time.time(),
    )


def _programs(cell: PlannedCell) -> dict[str, str | None]:
    return {**cell.baseline.options.programs, **cell.candidate.options.programs}


def _lacking(cell: PlannedCell) -> str | None:
    """Say which programs that a cell needs are not there; None: none."""
    missing = [name for name, version in _programs(cell).items() if version is None]
    hints = dict.fromkeys(how_to_install(name) for name in missing)
    return f"{', '.join(missing)}: not installed here; {' and '.join(hints)}" if missing else None


def orders(sides: tuple[Side, Side], seed: str) -> Iterator[tuple[Side, ...]]:
    """Give who goes first, pair by pair: each order once in any two pairs, by lot."""
    lot = random.Random(seed)  # noqa: S311 - not for secrets
    while True:
        both = [sides, sides[::-1]]
        lot.shuffle(both)
        yield from reversed(both)


class CellRun:
    """What a cell's samples share."""

    def __init__(
        self, settings: Settings, cell: PlannedCell, sides: dict[Role, PairSide], more: MorePairs | None = None
    ) -> None:
        self.sides = sides
        self.cut_off: str | None = None
        self.unused_requests = 0
        self._more = more
        self._first = more.first if more else 0
        self._two_passes = settings.two_passes
        self._cell = cell
        self._sampling = cell.sampling
        self._scratch = scratch_folder(settings)
        self._ledger = RequestLedger.of(settings) if any(side.remote for side in sides.values()) else None
        # Seeded by text, so that every cell has an order of its own and a rerun has the same.
        self._seed = f"{settings.seed}/{cell.scenario}/{cell.arm}/{cell.concurrency}"
        self._orders = orders(ROLES, f"{self._seed}/{self._first}" if more else self._seed)

    def prepare(self) -> str | None:
        """Bring the files into the state that the scenario asks for: in memory, or on the disk and evictable.

        Returns:
            Why the cell can't be measured; None: it can. A command that doesn't end costs its own cells alone.

        """
        with host_lock():
            self._prepare_files()
            for side in self.sides.values():
                if side.whole_process and (side.role == "candidate" or not self._cell.is_null_cell):
                    try:
                        self._rehearse(side)
                    except SampleTimeoutError as error:
                        return f"{side.planned.options.label or side.planned.arm}: {error}"
        return None

    def _prepare_files(self) -> None:
        for files in {side.files for side in self.sides.values() if side.files}:
            if self._cell.cache == "warm":
                fill(corpus_files(files))
            else:
                os.sync()

    def _rehearse(self, side: PairSide) -> None:
        """Run a command once, so that its code is in memory, and that it is known which modules of ours it loads."""
        self._run(side, None, tracemalloc_items=1)

    def take_pairs(self) -> tuple[list[Sample], StopReason]:
        """Sample until the stop rule says why to end."""
        stop, samples, seconds, taken = self._stopping_rule(), list[Sample](), 0.0, 0
        while True:
            why = self._ledger.why_not(self._cell.concurrency) if self._ledger else None
            if why is None:
                with host_lock():
                    began = time.perf_counter()
                    why = self._take_pair(samples, self._first + taken)
                    seconds += time.perf_counter() - began
            if why is not None:
                LOG.info("%s", why)
                self.cut_off = why
                return samples, "requests_spent" if pair_ratios(samples) else "no_valid_pair"
            taken += 1
            ratios = list(pair_ratios(samples).values())
            reason = stop(ratios, taken, seconds)
            times = [
                f"{sample.role} {counted(sample.items, 'item')} in {sample.wall_s:.3f} s"
                + (f", invalid: {sample.invalid}" if sample.invalid else "")
                for sample in samples[-2:]
            ]
            LOG.info("pair %d: %s", taken, ", ".join(times))
            if reason:
                LOG.info("%s after %d pairs and %.1f s", reason, taken, seconds)
                return samples, reason

    def _take_pair(self, samples: list[Sample], pair: int) -> str | None:
        """Add the samples of a pair; say why a server that is asked only so much cuts it off, or None."""
        for role in next(self._orders):
            side = self.sides[role]
            if self._ledger and (why := self._ledger.begin(side.planned.concurrency)):
                return why
            try:
                samples.append(self._sample(side, pair))
            except SampleStoppedError as stopped:
                if self._ledger is None:
                    raise
                sent = self._ledger.most if stopped.requests is None else stopped.requests
                self._ledger.end(sent, refused=stopped.refused, concurrency=side.planned.concurrency)
                self.unused_requests += sent
                return f"{stopped}, and the server answered 429" if stopped.refused else str(stopped)
        return None

    def _stopping_rule(self) -> StoppingRule | FixedPairs:
        if self._more:
            return FixedPairs(self._more.pairs, "rounds_ended")
        if self._two_passes:
            return FixedPairs(self._sampling.pairs.first, "first_pass", self._sampling.budget_seconds)
        return StoppingRule(self._sampling)

    def trace(self) -> Trace:
        """Trace the candidate's memory in a pass of its own, without a clock."""
        count, side = self._sampling.tracemalloc_items, self.sides["candidate"]
        if self._first:
            return Trace(items=0, peak_mib=None, skipped="traced with the first pairs")
        if count == 0:
            return Trace(items=0, peak_mib=None, skipped="sampling.tracemalloc_items is 0")
        if side.whole_process:
            return Trace(items=0, peak_mib=None, skipped="a command is looked at from outside")
        if side.remote:
            return Trace(items=0, peak_mib=None, skipped="a server that isn't ours is spared the pass")
        try:
            with host_lock():
                result = self._run(side, None, tracemalloc_items=count)
        except MeasurementError as error:
            return Trace(items=0, peak_mib=None, skipped=str(error))
        return Trace(items=result["items"], peak_mib=result["peak_mib"])

    def _sample(self, side: PairSide, pair: int) -> Sample:
        if side.server:
            side.server.reset()
        # Both sides of a pair are killed at the same share of their time, where they are.
        moment = random.Random(f"{self._seed}/kill/{pair}").uniform(*KILLED_BETWEEN)  # noqa: S311 - not for secrets
        result = self._run(side, pair % CLASSES, moment=moment, hash_seed=hash_seed_of(pair, self._seed))
        if self._ledger and result.get("requests") is not None:
            level = side.planned.concurrency
            self._ledger.end(result["requests"], refused=bool(result["rate_limited"]), concurrency=level)
        server = side.server.stats() if side.server and side.asks else None
        sample = Sample(**result, role=side.role, pair=pair, server=server)
        sample.invalid = sample.invalid or invalid_reason(sample, server)
        sample.notes += filter(None, [delay_remark(server)])
        return sample

    def _run(
        self,
        side: PairSide,
        content_class: int | None,
        tracemalloc_items: int | None = None,
        moment: float = 0.5,
        hash_seed: int = 0,
    ) -> dict[str, Any]:
        cold = self._cell.cache == "cold" and side.files is not None
        timeout = self._sampling.timeout_seconds
        with self._empty_scratch(wanted=side.whole_process or side.planned.output is not None) as scratch:
            return run_sample(
                SampleSpec(
                    arm=side.arm,
                    content_class=content_class,
                    parent=os.getpid(),
                    evict=str(side.files) if cold and tracemalloc_items is None else None,
                    output=side.planned.output,
                    scratch=scratch,
                    moment=moment,
                    tracemalloc_items=tracemalloc_items,
                ),
                timeout if tracemalloc_items is None or side.whole_process else TRACE_SECONDS,
                remote=side.remote,
                hash_seed=hash_seed,
            )

    @contextmanager
    def _empty_scratch(self, *, wanted: bool) -> Iterator[str | None]:
        if not wanted:
            yield None
            return
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        try:
            yield str(self._scratch)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)
            with suppress(OSError):  # another host's samples may be in it
                self._scratch.parent.rmdir()


def _described(side: CellSide) -> dict[str, Any]:
    return {
        "arm": side.arm,
        "fetcher": side.options.fetcher,
        "concurrency": side.concurrency,
        "corpus": side.corpus,
        "settings": side.options.settings,
    }


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Have SIGTERM unwind the stack as Ctrl-C does, so that samples, servers and scratch files are cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
