"""Comparability: whether a cell has the same settings, items and processors in two runs; verdicts without times."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest_bench.analysis.speedup import MIN_PAIRS, median_of
from ingest_bench.comparison.loaded_run import LoadedRun, log_ratios
from ingest_bench.comparison.models import Verdict
from ingest_bench.config.models import Scenario
from ingest_bench.results.models import Cell
from stac_ingest.core.text import counted

MACHINE = ("cpu_model", "memory_gib", "memory_limit_gib", "governor", "container", "kernel", "filesystem")
"""Affects both sides of a ratio, though not always equally: a difference is a warning."""
PROCESSORS = ("cores", "cpu_limit")
"""Limits what concurrency can gain: cells with another number are not comparable."""
BUSY_LOAD_PER_CORE = 1.5
"""Above it other work ran: what remains of the load of the measurement's own cells is less."""
OURS = "stac-ingest-bench"
"""The package under test, whose version may differ."""


def question_difference(earlier: LoadedRun, current: LoadedRun, scenario: str, arm: str) -> str | None:
    """Describe how the settings or the items of an arm differ between two runs; None when they don't."""
    questions = [_question(run.settings.scenarios[scenario], arm) for run in (earlier, current)]
    for key in sorted(questions[0].keys() | questions[1].keys()):
        before, after = (question.get(key) for question in questions)
        if before != after:
            return f"other settings: {key} was {_text(before)}, is {_text(after)}"
    return _other_items(earlier, current, current.settings.scenarios[scenario])


def comparability_warnings(earlier: LoadedRun, current: LoadedRun) -> list[str]:
    """Give warnings on what makes a comparison less certain: other machines and software, load, remote servers."""
    if not (earlier.results.cells and current.results.cells):
        return []
    then, now = (run.results.cells[0].environment for run in (earlier, current))
    machine = [_changed(name, getattr(then, name), getattr(now, name)) for name in (*PROCESSORS, *MACHINE)]
    software = _software(earlier, current)
    remote = sorted(
        name
        for name, scenario in current.scenarios.items()
        if current.settings.corpora[scenario.corpus].url and name in earlier.scenarios
    )
    return [
        *_warning_if(
            machine,
            "the machines differ ({}): a speed-up carries over better than a time, but not always; measure both runs "
            "on one machine to be sure",
        ),
        *_warning_if(software, "other software ({}): it may be the cause of a change, and not the ingest code"),
        *_warning_if(
            loaded_runs(earlier, current),
            "other work ran beside the measurement ({}), which affects methods differently: measure again while "
            "nothing else runs",
        ),
        *_warning_if(remote, "a remote server ({}): its load and its items may have changed in between"),
    ]


def software_differs(earlier: LoadedRun, current: LoadedRun) -> bool:
    """Tell whether Python, the kernel or a package that isn't this one was another."""
    kernels = {run.results.cells[0].environment.kernel for run in (earlier, current) if run.results.cells}
    return len(kernels) > 1 or any(_software(earlier, current))


def _software(earlier: LoadedRun, current: LoadedRun) -> list[str | None]:
    if not (earlier.results.cells and current.results.cells):
        return []
    then, now = (run.results.cells[0].environment for run in (earlier, current))
    packages = sorted((then.packages.keys() | now.packages.keys()) - {OURS})
    before, after = (
        {name: version for cell in run.results.cells for name, version in cell.programs.items()}
        for run in (earlier, current)
    )
    return [
        _changed("python", then.python, now.python),
        *(_changed(name, then.packages.get(name), now.packages.get(name)) for name in packages),
        *(_changed(name, before[name], after[name]) for name in sorted(before.keys() & after.keys())),
    ]


def loaded_runs(earlier: LoadedRun, current: LoadedRun) -> list[str]:
    """Describe the runs beside which other work ran, with the load."""
    loaded = []
    for name, cells in (("earlier", earlier.results.cells), ("current", current.results.cells)):
        # The median load before cells, because the processes of one cell still count when the next begins.
        load = median_of(cell.load_before.load_1m for cell in cells)
        if load is not None and load > BUSY_LOAD_PER_CORE * (cores := cells[0].environment.cores):
            loaded.append(f"a load of {load:.1f} on {counted(cores, 'core')} in the {name} run")
    return loaded


def _question(scenario: Scenario, candidate: str) -> dict[str, Any]:
    """Give the settings that define a measurement, as dotted keys: without captions, seed and sampling effort."""
    question = scenario.model_dump(mode="json", include={"corpus", "file", "cache", "server", "pipeline", "baseline"})
    for role, arm in (("arm", candidate), ("baseline_arm", scenario.baseline.arm)):
        question[role] = scenario.arms[arm].model_dump(mode="json", include={"fetcher", "settings"})
    return dict(_flat(question))


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        elif inner is not None:
            yield f"{prefix}{key}", inner


def _other_items(earlier: LoadedRun, current: LoadedRun, scenario: Scenario) -> str | None:
    """Compare the items of the corpora, not the bytes: another version of a library may write the same items."""
    for name in dict.fromkeys((scenario.corpus, scenario.baseline.corpus or scenario.corpus)):
        then, now = earlier.manifest(name), current.manifest(name)
        if earlier.settings.corpora[name].url or current.settings.corpora[name].url:
            if earlier.settings.corpora[name] != current.settings.corpora[name]:
                return f"another corpus: {name} is another server or collection"
            continue
        if then is None or now is None:
            return f"unknown corpus: the results have no manifest of {name}"
        for key, words in (("kind", "another kind"), ("reference", "other items"), ("broken", "other broken files")):
            if then.get(key) != now.get(key):
                return f"another corpus: {name} holds {words}"
    return None


def _changed(name: str, before: Any, after: Any) -> str | None:
    return None if before == after else f"{name} was {_text(before)}, is {_text(after)}"


def _text(value: Any) -> str:
    return "not set" if value is None else str(value)


def _warning_if(parts: Sequence[str | None], sentence: str) -> list[str]:
    present = [part for part in parts if part]
    return [sentence.format("; ".join(present))] if present else []


VerdictAndReason = tuple[Verdict, str]
"""A verdict, and its reason."""


def untimed_verdict(
    earlier: LoadedRun, current: LoadedRun, then: Cell | None, now: Cell | None
) -> VerdictAndReason | None:
    """Give the verdict on a cell whose times are not to be compared.

    Returns:
        None where the times decide.

    """
    if then is None:
        return "new", "not in the earlier run"
    if now is None:
        return "removed", "not in the current run"
    reason = question_difference(earlier, current, now.scenario, now.arm)
    changes = [_changed(name, getattr(then.environment, name), getattr(now.environment, name)) for name in PROCESSORS]
    if reason or any(changes):
        return "not comparable", reason or f"other processors: {', '.join(filter(None, changes))}"
    unmeasured = [name for name, cell in (("earlier", then), ("current", now)) if cell.unavailable]
    if unmeasured:
        return "not comparable", f"not measured in the {' and '.join(unmeasured)} run"
    if change := _parity_change(then, now):
        return change
    short = [name for name, cell in (("earlier", then), ("current", now)) if len(log_ratios(cell)) < MIN_PAIRS]
    reason = f"fewer than {MIN_PAIRS} usable pairs in the {' and '.join(short)} run"
    return ("not comparable", reason) if short else None


def _parity_change(then: Cell, now: Cell) -> VerdictAndReason | None:
    if then.baseline_parity.ok != now.baseline_parity.ok:
        return "not comparable", "its baseline delivered the right items in one of the runs alone"
    match then.parity.ok, now.parity.ok:
        case True, False:
            return "worse", f"delivers the wrong items now: {now.parity.reason or 'its digest differs'}"
        case False, True:
            return "better", "delivers the right items now"
        case False, False:
            return "not comparable", "delivers the wrong items in both runs, so it has no time"
    return None
