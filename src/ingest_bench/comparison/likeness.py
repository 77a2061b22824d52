"""Whether a cell of two runs asks the same question, and how alike the machines are."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest_bench.comparison.runs import Measured
from ingest_bench.results import Cell, Environment
from ingest_bench.settings import Scenario

MACHINE = ("cpu_model", "memory_gb", "memory_limit_gb", "governor", "container", "kernel", "filesystem")
"""What moves both sides of a ratio, if not always alike: worth a warning."""
PROCESSORS = ("cores", "cpu_limit")
"""What decides how much concurrency can help at all: another number is another question."""
BUSY = 1.5
"""Load for each core, above which more ran than the measurement: its own cells leave less."""
OURS = "stac-ingest-bench"
"""The package that is under test, so that another version of it is no reason to doubt."""


def unlike(earlier: Measured, current: Measured, then: Cell, now: Cell) -> str | None:
    """Say why a cell of two runs can't be compared, or None when it can: other settings, items or processors."""
    other = other_question(earlier, current, now.scenario, now.arm)
    return other or _other_processors(then.environment, now.environment)


def other_question(earlier: Measured, current: Measured, scenario: str, arm: str) -> str | None:
    """Say how what two runs ask of an arm differs, in its settings or its items; None when it doesn't."""
    asked = [_question(run.settings.scenarios[scenario], arm) for run in (earlier, current)]
    for key in sorted(asked[0].keys() | asked[1].keys()):
        before, after = (question.get(key) for question in asked)
        if before != after:
            return f"other settings: {key} was {_told(before)}, is {_told(after)}"
    return _other_items(earlier, current, current.settings.scenarios[scenario])


def warnings(earlier: Measured, current: Measured) -> list[str]:
    """Say what makes a comparison less sure though it can be made: unlike machines and software, foreign servers."""
    if not (earlier.results.cells and current.results.cells):
        return []
    then, now = (run.results.cells[0].environment for run in (earlier, current))
    machine = [_changed(name, getattr(then, name), getattr(now, name)) for name in (*PROCESSORS, *MACHINE)]
    packages = sorted((then.packages.keys() | now.packages.keys()) - {OURS})
    software = [
        _changed("python", then.python, now.python),
        *(_changed(name, then.packages.get(name), now.packages.get(name)) for name in packages),
    ]
    remote = sorted(
        name
        for name, scenario in current.scenarios.items()
        if current.settings.corpora[scenario.corpus].url and name in earlier.scenarios
    )
    return [
        *_told_if(
            machine,
            "the machines differ ({}): a speed-up carries over better than a time, but not always; measure both runs "
            "on one machine to be sure",
        ),
        *_told_if(software, "other software ({}): a change may be its doing and not the ingest code's"),
        *_told_if(
            busy(earlier, current),
            "other work ran beside the measurement ({}), which moves the speed-ups of unlike ways of ingesting unlike "
            "far: measure again while nothing else runs",
        ),
        *_told_if(remote, "a server that isn't ours ({}): its load and its items may have changed in between"),
    ]


def busy(earlier: Measured, current: Measured) -> list[str]:
    """Name the runs beside which other work ran, and the load."""
    return [
        f"a load of {load:.1f} on {run.results.cells[0].environment.cores} cores in the {name} run"
        for name, run in (("earlier", earlier), ("current", current))
        if run.results.cells and (load := _load(run)) > BUSY * run.results.cells[0].environment.cores
    ]


def _load(run: Measured) -> float:
    """Give the typical load: the median, since a cell of many processes still is load when the next one begins."""
    return statistics.median(cell.load_before.load_1m for cell in run.results.cells)


def _question(scenario: Scenario, candidate: str) -> dict[str, Any]:
    """Give what is asked, as dotted keys: captions, the seed and how long to sample are no part of it."""
    asked = scenario.model_dump(mode="json", include={"corpus", "file", "cache", "server", "pipeline", "baseline"})
    for role, arm in (("arm", candidate), ("baseline_arm", scenario.baseline.arm)):
        asked[role] = scenario.arms[arm].model_dump(mode="json", include={"fetcher", "settings"})
    return dict(_flat(asked))


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        elif inner is not None:
            yield f"{prefix}{key}", inner


def _other_items(earlier: Measured, current: Measured, scenario: Scenario) -> str | None:
    """Compare what the corpora hold. The bytes may differ where another version of a library wrote the same items."""
    for name in dict.fromkeys((scenario.corpus, scenario.baseline.corpus or scenario.corpus)):
        then, now = earlier.manifest(name), current.manifest(name)
        if earlier.settings.corpora[name].url or current.settings.corpora[name].url:
            if earlier.settings.corpora[name] != current.settings.corpora[name]:
                return f"another corpus: {name} is another server or collection"
            continue
        if then is None or now is None:
            return f"nothing is known of what corpus {name} held: its manifest is not in the results"
        for key, words in (("kind", "another kind"), ("reference", "other items"), ("broken", "other broken files")):
            if then.get(key) != now.get(key):
                return f"another corpus: {name} holds {words}"
    return None


def _other_processors(then: Environment, now: Environment) -> str | None:
    changes = [_changed(name, getattr(then, name), getattr(now, name)) for name in PROCESSORS]
    found = [change for change in changes if change]
    return f"other processors: {', '.join(found)}" if found else None


def _changed(name: str, before: Any, after: Any) -> str | None:
    return None if before == after else f"{name} was {_told(before)}, is {_told(after)}"


def _told(value: Any) -> str:
    return "not set" if value is None else str(value)


def _told_if(found: Sequence[str | None], sentence: str) -> list[str]:
    told = [each for each in found if each]
    return [sentence.format("; ".join(told))] if told else []
