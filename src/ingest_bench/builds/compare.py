"""Takes the pairs: one sample of each build, back to back, in an order drawn from the seed."""

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ingest_bench.analysis.counters import OF_SOFTWARE
from ingest_bench.builds.build import ROOT, Build, this_build
from ingest_bench.builds.cases import COMMANDS, Case, CellCase, CommandCase
from ingest_bench.builds.records import SIDES, BuildComparison, BuildRecord, CaseRecord, SideName, judge
from ingest_bench.comparison.comparability import OURS
from ingest_bench.config.matrix import PlannedCell, find_cell, load_settings
from ingest_bench.config.models import Settings
from ingest_bench.errors import ComparisonError, MeasurementError, SettingsError
from ingest_bench.harness.measure import orders
from ingest_bench.harness.spawn import run_json
from ingest_bench.results.models import Sample
from ingest_bench.system.environment import environment, load
from ingest_bench.system.host_lock import host_lock

LOG = logging.getLogger(__name__)

DRIVER = Path(__file__).with_name("driver.py")
COMMAND = "commands/"
DESCRIBE_SECONDS = 120.0
DEFAULT_CELLS = (
    *("commands/help", "commands/one-item", "small_files_warm/sequential-1", "items_directory/sequential-1"),
    *("large_api/time_chunks-20", "mixed_files_geoparquet/sequential-1"),
)


def compare_builds(
    make_base: Callable[[], Build],
    config: Path,
    names: Sequence[str],
    *,
    pairs: int,
    folder: Path,
    accepted: Collection[str] = (),
) -> BuildComparison:
    """Measure cells and commands of an earlier build and of the code that runs now, which makes corpora and servers.

    Args:
        make_base: gives the earlier build; it is called once the names are known to be right.
        config: file of the configuration that names the cells.
        names: `scenario/arm-concurrency` or `commands/name`, each.
        pairs: of each.
        folder: for corpora, scratch files and the pairs of a run that was ended.
        accepted: counters of which this build may have more.

    Returns:
        What was measured; a case that failed, or of which the builds delivered different things, has no time but a
        reason.

    Raises:
        SettingsError: the configuration can't be used, or a name is not one of it.
        ComparisonError: the base build can't be asked, or doesn't have a cell.

    """
    settings = load_settings(config).model_copy(update={"results": str(folder)})
    planned = {name: find_case(settings, name) for name in names}
    builds: dict[SideName, Build] = {"base": make_base(), "this": this_build()}
    cells = [(name, cell.scenario, cell.arm, cell.concurrency) for name, cell in planned.items() if cell]
    answers = {side: describe(builds[side], config, cells) for side in SIDES}
    cases = [
        CellCase(name, settings, cell, builds, _plan(name, answers)) if cell else CommandCase(name, settings, builds)
        for name, cell in planned.items()
    ]
    records = {side: BuildRecord(**builds[side].as_dict(), **answers[side]["environment"]) for side in SIDES}
    code = {side: records[side].code for side in SIDES}
    kept = [folder / "pairs" / f"{case.key(code)[:32]}.jsonl" for case in cases]
    before = load()
    explained = OF_SOFTWARE if _software(records["base"]) != _software(records["this"]) else frozenset()
    judged = partial(judge, cases=len(cases), accepted=explained.union(accepted))
    measured = [_measured(case, pairs, path, settings.seed, judged) for case, path in zip(cases, kept, strict=True)]
    for path in kept:
        path.unlink(missing_ok=True)
    return BuildComparison(
        created_at=time.time(),
        seed=settings.seed,
        config=str(config),
        builds=records,
        environment=environment(folder),
        load_before=before,
        load_after=load(),
        cases=measured,
    )


def _software(build: BuildRecord) -> tuple[str, dict[str, str]]:
    """Return what else reads and writes in a build's processes: Python, and packages beside this one."""
    return build.python, {name: version for name, version in build.packages.items() if name != OURS}


def find_case(settings: Settings, name: str) -> PlannedCell | None:
    """Return the cell that a name means; None for a command.

    Raises:
        SettingsError: there is no such command or cell, or it can't be compared.

    """
    scenario, _, rest = name.partition("/")
    arm, _, level = rest.rpartition("-")
    known = ", ".join(COMMANDS)
    if name.startswith(COMMAND):
        if rest not in COMMANDS:
            raise SettingsError(f"{name}: no such command; use one of {known}")
        return None
    if not (scenario and arm and level.isdecimal()):
        raise SettingsError(f"{name}: is not a cell; give scenario/arm-concurrency, or commands/ and one of {known}")
    cell = find_cell(settings, scenario, arm, int(level))
    if cell.candidate.corpus_options.url:
        raise SettingsError(f"{name}: asks a server that isn't this machine's; builds aren't compared there")
    return cell


def describe(build: Build, config: Path, cells: Sequence[Any]) -> dict[str, Any]:
    """Ask a build how it measures cells, and what it runs on. See `driver.describe_cells`.

    A file of the configuration that belongs to the checkout is read as it is in that build.

    Raises:
        ComparisonError: it doesn't answer, or it isn't its own source that answers.

    """
    config = config.absolute()
    inside = build.root / config.relative_to(ROOT) if config.is_relative_to(ROOT) else config
    request = json.dumps({"config": str(inside if inside.is_file() else config), "cells": cells}).encode()
    what = f"the build {build.ref}"
    try:
        answer = run_json(build.command(str(DRIVER)), request, DESCRIBE_SECONDS, build.variables, what)
    except MeasurementError as error:
        raise ComparisonError(" ".join(str(error).split())) from None
    if not Path(answer["origin"]).resolve().is_relative_to(build.root.resolve()):
        raise ComparisonError(f"{what} imports {answer['origin']}, which is not its own source")
    return answer


def _measured(case: Case, pairs: int, kept: Path, seed: int, judged: Callable[..., CaseRecord]) -> CaseRecord:
    samples = _kept(kept)[: 2 * pairs]
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        with case.opened(), kept.open("a") as stream:
            for number, order in zip(range(pairs), orders(SIDES, f"{seed}/{case.name}"), strict=False):
                if number < len(samples) // 2:
                    continue
                with host_lock():
                    pair = [case.sample(side, number) for side in order]
                samples += pair
                stream.write(json.dumps([sample.model_dump() for sample in pair]) + "\n")
                stream.flush()
                times = ", ".join(f"{side} {sample.wall_s:.3f} s" for side, sample in zip(order, pair, strict=True))
                LOG.info("%s: pair %d of %d: %s", case.name, number + 1, pairs, times)
            return judged(case.name, samples, case.difference)
    except MeasurementError as error:
        LOG.info("%s: %s", case.name, error)
        return CaseRecord(name=case.name, reason=str(error), samples=samples)


def _kept(path: Path) -> list[Sample]:
    """Read the pairs of a run that was ended; a line that it was about to write is dropped."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < len(lines):
        path.write_text("".join(whole))
    return [Sample.model_validate(sample) for line in whole for sample in json.loads(line)]


def _plan(name: str, answers: Mapping[SideName, Mapping[str, Any]]) -> dict[SideName, dict[str, Any]]:
    """Return how each build measures a cell, where both have it and mean the same by it."""
    meanings = []
    for side in SIDES:
        cell = answers[side]["cells"].get(name)
        if cell is None:
            raise ComparisonError(f"{name}: not a cell of the {side} build")
        # Beside its corpus; fetchers may have another name in another build.
        spec = cell["spec"]
        arm = {key: spec["arm"].get(key) for key in ("max_items", "settings")}
        meanings.append({**arm, "output": spec.get("output"), "cache": cell["cache"], "file": cell["file"]})
    base, this = meanings
    for key in this:
        if base[key] != this[key]:
            raise ComparisonError(f"{name}: the base build has {key} {base[key]!r}, this build {this[key]!r}")
    return {side: {"module": answers[side]["module"], "spec": answers[side]["cells"][name]["spec"]} for side in SIDES}
