"""Takes the pairs: one sample of each build, back to back, in an order drawn from the seed."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest_bench.builds.build import ROOT, Build, this_build
from ingest_bench.builds.cells import CellCase
from ingest_bench.builds.commands import COMMANDS, CommandCase
from ingest_bench.builds.names import SIDES, SideName
from ingest_bench.builds.records import BuildComparison, BuildRecord, BuildSample, CaseRecord, judge
from ingest_bench.config.matrix import find_cell, load_settings
from ingest_bench.errors import ComparisonError, MeasurementError, SettingsError
from ingest_bench.harness.spawn import run_json
from ingest_bench.system.environment import environment, load
from ingest_bench.system.host_lock import host_lock
from ingest_bench.workflow.identity import fingerprint

LOG = logging.getLogger(__name__)

DRIVER = Path(__file__).with_name("driver.py")
COMMAND = "commands/"
DESCRIBE_SECONDS = 120.0
DEFAULT_CELLS = (
    *("commands/help", "commands/one-item", "small_files_warm/sequential-1", "items_directory/sequential-1"),
    *("large_api/time_chunks-20", "mixed_files_geoparquet/sequential-1"),
)


def compare_builds(
    make_base: Callable[[], Build], config: Path, names: Sequence[str], *, pairs: int, folder: Path
) -> BuildComparison:
    """Measure cells and commands of an earlier build and of the code that runs now, which makes corpora and servers.

    Args:
        make_base: gives the earlier build; it is called once the names are known to be right.
        config: file of the configuration that names the cells.
        names: `scenario/arm-concurrency` or `commands/name`, each.
        pairs: of each.
        folder: for corpora, scratch files and the pairs of a run that was ended.

    Returns:
        What was found; a case that failed, or of which the builds delivered different things, has no time but a reason.

    Raises:
        SettingsError: the configuration can't be used, or a name is not one of it.
        ComparisonError: the base build can't be asked, or doesn't have a cell.

    """
    settings = load_settings(config).model_copy(update={"results": str(folder)})
    commands = [_command(name) for name in names if name.startswith(COMMAND)]
    wanted = [(name, *_parsed(name)) for name in names if not name.startswith(COMMAND)]
    planned = {name: find_cell(settings, scenario, arm, level) for name, scenario, arm, level in wanted}
    if remote := [name for name, cell in planned.items() if cell.candidate.corpus_options.url]:
        raise SettingsError(f"{remote[0]}: asks a server that isn't this machine's; builds aren't compared there")
    builds: dict[SideName, Build] = {"base": make_base(), "this": this_build()}
    answers = {side: describe(builds[side], config, wanted) for side in SIDES}
    cases: list[CellCase | CommandCase] = [CommandCase(name, settings, builds) for name in commands]
    cases += [CellCase(name, settings, cell, builds, _alike(name, answers)) for name, cell in planned.items()]
    records = {side: _record(builds[side], answers[side]) for side in SIDES}
    before, kept, found = load(), [], []
    for case in cases:
        key = fingerprint(
            json.dumps([case.name, case.depends_on, settings.seed, *(records[side].code for side in SIDES)])
        )
        kept.append(folder / "pairs" / f"{key[:32]}.jsonl")
        found.append(_measured(case, pairs, kept[-1], settings.seed))
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
        cases=found,
    )


def describe(build: Build, config: Path, cells: Sequence[Any]) -> dict[str, Any]:
    """Ask a build how it measures cells, and what it runs on. See `driver.describe_cells`.

    A file of the configuration that belongs to the checkout is read as it is in that build.

    Raises:
        ComparisonError: it doesn't answer, or it isn't its own source that answers.

    """
    try:
        inside = build.root / config.absolute().relative_to(ROOT)
    except ValueError:
        inside = config
    request = json.dumps({"config": str((inside if inside.is_file() else config).absolute()), "cells": cells})
    try:
        answer = run_json(
            build.command(str(DRIVER)), request.encode(), DESCRIBE_SECONDS, build.variables, f"the build {build.ref}"
        )
    except MeasurementError as error:
        raise ComparisonError(" ".join(str(error).split())) from None
    if not Path(answer["origin"]).resolve().is_relative_to(build.root.resolve()):
        raise ComparisonError(f"the build {build.ref} imports {answer['origin']}, which is not its own source")
    return answer


def orders(seed: str) -> Iterator[tuple[SideName, ...]]:
    """Give who goes first, pair by pair: each order once in any two pairs, by lot."""
    lot = random.Random(seed)  # noqa: S311 - not for secrets
    while True:
        both = [SIDES, SIDES[::-1]]
        lot.shuffle(both)
        yield from both


def _measured(case: CellCase | CommandCase, pairs: int, kept: Path, seed: int) -> CaseRecord:
    samples = _kept(kept)[: 2 * pairs]
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        with case.opened(), kept.open("a") as stream:
            for number, order in zip(range(pairs), orders(f"{seed}/{case.name}"), strict=False):
                if number < len(samples) // 2:
                    continue
                with host_lock():
                    pair = [case.sample(side, number) for side in order]
                samples += pair
                stream.write(json.dumps([sample.model_dump() for sample in pair]) + "\n")
                stream.flush()
                said = ", ".join(f"{sample.side} {sample.wall_s:.3f} s" for sample in pair)
                LOG.info("%s: pair %d of %d: %s", case.name, number + 1, pairs, said)
            return judge(case.name, samples, case.difference)
    except MeasurementError as error:
        LOG.info("%s: %s", case.name, error)
        return CaseRecord(name=case.name, reason=str(error), samples=samples)


def _kept(path: Path) -> list[BuildSample]:
    """Read the pairs of a run that was ended; a line that it was about to write is dropped."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < len(lines):
        path.write_text("".join(whole))
    return [BuildSample.model_validate(sample) for line in whole for sample in json.loads(line)]


def _parsed(name: str) -> tuple[str, str, int]:
    scenario, _, rest = name.partition("/")
    arm, _, level = rest.rpartition("-")
    if not (scenario and arm and level.isdecimal()):
        raise SettingsError(f"{name}: is not a cell; give scenario/arm-concurrency, or commands/ and one of {_NAMES}")
    return scenario, arm, int(level)


def _command(name: str) -> str:
    command = name.removeprefix(COMMAND)
    if command not in COMMANDS:
        raise SettingsError(f"{name}: no such command; use one of {_NAMES}")
    return command


def _alike(name: str, answers: Mapping[SideName, Mapping[str, Any]]) -> dict[SideName, dict[str, Any]]:
    """Give what each build says of a cell, where both have it and mean the same by it."""
    cells = {side: answers[side]["cells"].get(name) for side in SIDES}
    if missing := [side for side in SIDES if cells[side] is None]:
        raise ComparisonError(f"{name}: not a cell of the {missing[0]} build")
    base, this = (_meaning(cells[side]) for side in SIDES)
    if unlike := [key for key in this if base[key] != this[key]]:
        key = unlike[0]
        raise ComparisonError(f"{name}: the base build has {key} {base[key]!r}, this build {this[key]!r}")
    return {side: {"module": answers[side]["module"], "spec": cells[side]["spec"]} for side in SIDES}


def _meaning(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a cell asks, beside its corpus; fetchers may have another name in another build."""
    arm = {key: cell["spec"]["arm"].get(key) for key in ("max_items", "settings")}
    return {**arm, "output": cell["spec"].get("output"), "cache": cell["cache"], "file": cell["file"]}


def _record(build: Build, answer: Mapping[str, Any]) -> BuildRecord:
    known = {"python": answer["python"], "packages": dict(sorted(answer["packages"].items()))}
    return BuildRecord(ref=build.ref, commit=build.commit, dirty=build.dirty, code=build.code, **known)


_NAMES = ", ".join(COMMANDS)
