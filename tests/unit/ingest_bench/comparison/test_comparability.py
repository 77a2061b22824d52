"""Which cells of two runs can be compared, and what is said where they can't, or not as surely."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from factories import arm, matrix, scenario
from ingest_bench.comparison import Comparison, compare
from ingest_bench.comparison.loaded_run import LoadedRun
from ingest_bench.errors import ComparisonError
from ingest_bench.results.models import Cell, Parity

CONFIG = matrix(
    {"files": ("item_files", 10), "api": ("api", 10)},
    files=scenario(arms={"base": arm(), "queue": arm(settings={"limit": 5})}),
    api=scenario(
        "api",
        {"base": arm(), "queue": arm()},
        title="API",
        server={"think_ms": 50, "rate": {"per_second": 20}},
    ),
)
RATIOS = [2.0, 2.01, 1.99, 2.005]

Build = Callable[..., LoadedRun]


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the configuration with one setting changed."""
    config = copy.deepcopy(CONFIG)
    *parents, last = path.split("/")
    place = config
    for key in parents:
        place = place[key]
    place[last] = value
    return config


@pytest.fixture
def build(make_cell: Callable[..., Cell], bring_together: Build) -> Build:
    """Give a maker of runs of that configuration, whose candidate in scenario `files` is as given."""

    def run(config: dict[str, Any] = CONFIG, *, ratios: list[float] = RATIOS, **options: Any) -> LoadedRun:
        changes = options.pop("cell", {})
        cells = [
            make_cell("files", "base", [1.0, 1.01, 0.99], is_null_cell=True),
            make_cell("files", "queue", ratios, **changes),
            make_cell("api", "base", [1.0, 1.01, 0.99], is_null_cell=True),
            make_cell("api", "queue", RATIOS),
        ]
        return bring_together(config, cells, **options)

    return run


def one(comparison: Comparison, scenario: str = "files") -> tuple[str, str]:
    """Give verdict and reason of a scenario's cell."""
    (found,) = [cell for cell in comparison.cells if cell.scenario == scenario]
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("path", "value", "scenario", "reason"),
    [
        ("scenarios/api/server/think_ms", 20, "api", "server.think_ms was 50.0, is 20.0"),
        ("scenarios/api/server/rate", None, "api", "server.rate.burst was 1, is not set"),
        ("scenarios/api/server/paging", "page", "api", "server.paging was token, is page"),
        ("scenarios/files/cache", "cold", "files", "cache was warm, is cold"),
        ("scenarios/files/pipeline", {"output": "items"}, "files", "pipeline.output was not set, is items"),
        ("scenarios/files/arms/queue/settings", {"limit": 7}, "files", "arm.settings.limit was 5, is 7"),
        ("scenarios/files/arms/queue/fetcher", "pystac_client", "files", "arm.fetcher was ingest, is pystac_client"),
        ("scenarios/files/arms/base/settings", {"limit": 2}, "files", "baseline_arm.settings.limit was not set, is 2"),
        ("scenarios/files/baseline/concurrency", 2, "files", "baseline.concurrency was 1, is 2"),
    ],
)
def test_other_settings_ask_another_question(build: Build, path: str, value: Any, scenario: str, reason: str) -> None:
    """A cell whose scenario, arm or baseline is set otherwise is not comparable, and the setting is named."""
    comparison = compare(build(), build(changed(path, value)))
    verdict, why = one(comparison, scenario)
    assert verdict == "not comparable"
    assert reason in why
    other = "api" if scenario == "files" else "files"
    assert one(comparison, other)[0] == "no difference"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scenarios/files/title", "Other words"),
        ("scenarios/files/arms/queue/label", "a queue"),
        ("scenarios/files/sampling", {"budget_seconds": 60}),
        ("seed", 5),
        ("results", "elsewhere"),
    ],
)
def test_captions_and_effort_are_no_part_of_the_question(build: Build, path: str, value: Any) -> None:
    """Words, how long was sampled and a seed that gave the same items leave cells comparable."""
    assert one(compare(build(), build(changed(path, value))))[0] == "no difference"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"kind": "item_files", "reference": {"count": 9}, "broken": {}}, "files holds other items"),
        ({"kind": "items_directory", "broken": {}}, "files holds another kind"),
        (None, "the results have no manifest of files"),
    ],
)
def test_other_items_are_another_question(build: Build, manifest: dict[str, Any] | None, reason: str) -> None:
    """A corpus that holds something else, or of which nothing is known, makes its cells not comparable."""
    earlier = build()
    corpora = {name: found for name, found in earlier.results.corpora.items() if name != "files"}
    current = build(corpora={**corpora, **({"files": manifest} if manifest else {})})
    verdict, why = one(compare(earlier, current))
    assert verdict == "not comparable"
    assert reason in why


def on(machine: Any, **changes: Any) -> dict[str, Any]:
    """Return the changes of a cell that was measured elsewhere."""
    return {"environment": machine.model_copy(update=changes)}


@pytest.mark.parametrize("changes", [{"cores": 8}, {"cpu_limit": 0.5}])
def test_other_processors_are_another_question(build: Build, changes: dict[str, Any]) -> None:
    """What concurrency gains hangs on the processors there are, so cells of other counts are not comparable."""
    earlier = build()
    machine = earlier.results.cells[0].environment
    verdict, why = one(compare(earlier, build(cell=on(machine, **changes))))
    assert verdict == "not comparable"
    assert "other processors" in why


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cpu_model": "Other CPU"}, "cpu_model was Example CPU @ 2.10GHz, is Other CPU"),
        ({"filesystem": "tmpfs"}, "filesystem was ext4, is tmpfs"),
        ({"python": "3.12.1"}, "python was 3.11.9, is 3.12.1"),
        ({"packages": {"aiohttp": "3.11.0", "numpy": "2.0.0"}}, "aiohttp was 3.10.1, is 3.11.0; numpy was not set"),
    ],
)
def test_another_machine_is_a_warning(build: Build, changes: dict[str, Any], words: str) -> None:
    """A ratio carries over to a like machine and other software well enough to be compared, but not in silence."""
    earlier, current = build(), build()
    machine = earlier.results.cells[0].environment
    for cell in current.results.cells:
        cell.environment = machine.model_copy(update=changes)
    comparison = compare(earlier, current)
    assert one(comparison)[0] == "no difference"
    assert len(comparison.warnings) == 1
    assert words in comparison.warnings[0]


def test_another_version_of_a_program_is_a_warning(build: Build) -> None:
    """Other tools whose commands were timed are software too, wherever both runs have them."""
    earlier, current = build(), build()
    earlier.results.cells[0].programs = {"rustac": "0.9.17", "gone": "1"}
    current.results.cells[0].programs = {"rustac": "0.9.18"}
    (warning,) = compare(earlier, current).warnings
    assert "rustac was 0.9.17, is 0.9.18" in warning
    assert "gone" not in warning


def test_our_own_version_and_host_are_no_reason_to_doubt(build: Build) -> None:
    """That the package under test has another version, or a runner another name, is expected."""
    earlier, current = build(), build()
    packages = {**earlier.results.cells[0].environment.packages, "stac-ingest-bench": "9.9"}
    for cell in current.results.cells:
        cell.environment = cell.environment.model_copy(update={"host": "bench-2", "packages": packages})
    assert compare(earlier, current).warnings == []


def under_load(run: LoadedRun, load: float) -> LoadedRun:
    """Return a run whose cells, but for the first, began under a load."""
    for cell in run.results.cells[1:]:
        cell.load_before = cell.load_before.model_copy(update={"load_1m": load})
    return run


def test_a_busy_machine_is_a_warning(build: Build) -> None:
    """A run whose cells began under more load than the measurement itself makes is named, with the load."""
    (warning,) = compare(build(), under_load(build(), 4.0)).warnings
    assert "a load of 4.0 on 2 cores in the current run" in warning
    assert "earlier run" not in warning
    assert compare(build(), under_load(build(), 2.9)).warnings == []


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_busy_machine_gives_no_verdict(build: Build, factor: float) -> None:
    """A change under load is shown but not believed; a slower cell leaves no answer, whichever run was busy."""
    changed_ratios = [ratio * factor for ratio in RATIOS]
    assert one(compare(build(), build(ratios=changed_ratios)))[0] in ("worse", "better")
    for loads in ((4.0, 0.1), (0.1, 4.0)):
        comparison = compare(under_load(build(), loads[0]), under_load(build(ratios=changed_ratios), loads[1]))
        verdict, why = one(comparison)
        assert verdict == "not comparable"
        assert "but other work ran beside the measurement" in why
        assert bool(comparison.slower_under_load) == (factor < 1)


def test_wrong_items_are_wrong_under_load_too(build: Build) -> None:
    """What a cell delivers hangs on no load, so beginning to deliver the wrong items is a regression all the same."""
    comparison = compare(build(), under_load(build(cell={"parity": WRONG}), 9.0))
    assert one(comparison)[0] == "worse"


WRONG, RIGHT = Parity(ok=False, reason="12 items too many"), Parity(ok=True)


@pytest.mark.parametrize(
    ("then", "now", "verdict", "words"),
    [
        (RIGHT, WRONG, "worse", "delivers the wrong items now: 12 items too many"),
        (WRONG, RIGHT, "better", "delivers the right items now"),
        (WRONG, WRONG, "not comparable", "wrong items in both runs"),
    ],
)
def test_the_wrong_items_have_no_time(build: Build, then: Parity, now: Parity, verdict: str, words: str) -> None:
    """However fast it is, a cell that delivers the wrong items is never better; beginning to is a regression."""
    fast = [ratio * 10 for ratio in RATIOS]
    comparison = compare(build(cell={"parity": then}), build(cell={"parity": now}, ratios=fast))
    found = one(comparison)
    assert found[0] == verdict
    assert words in found[1]


@pytest.mark.parametrize(
    ("then", "now", "runs"),
    [
        ({"parity": WRONG}, {"unavailable": "deferred"}, "current"),
        ({"unavailable": "rustac: not installed here"}, {"parity": WRONG}, "earlier"),
        ({"unavailable": "deferred"}, {"unavailable": "deferred"}, "earlier and current"),
    ],
)
def test_what_was_not_measured_delivers_nothing_right(
    build: Build, then: dict[str, Any], now: dict[str, Any], runs: str
) -> None:
    """A cell that one run left out is neither better nor worse in it, whatever it delivers in the other."""
    assert one(compare(build(cell=then), build(cell=now))) == ("not comparable", f"not measured in the {runs} run")


def test_a_baseline_that_changed_what_it_delivers_is_no_measure(build: Build) -> None:
    """A ratio against a baseline that did other work in one run can't be compared, in either order."""
    good, bad = build(), build(cell={"baseline_parity": WRONG})
    for pair in ((good, bad), (bad, good)):
        assert one(compare(*pair))[0] == "not comparable"


def test_too_few_pairs_are_not_compared(build: Build) -> None:
    """One pair says nothing of its spread, and the run that lacks pairs is named."""
    verdict, why = one(compare(build(), build(ratios=[2.0])))
    assert verdict == "not comparable"
    assert why == "fewer than 2 usable pairs in the current run"


def test_new_and_removed_cells_are_listed(build: Build, make_cell: Callable[..., Cell], bring_together: Build) -> None:
    """A cell of one run alone is listed with its speed-up, and the comparison goes on."""
    more = changed("scenarios/files/arms/extra", {"concurrency": [1]})
    earlier = build()
    current = bring_together(more, [*earlier.results.cells, make_cell("files", "extra", [3.0, 3.1, 3.2])])
    for pair, verdict, mine in (((earlier, current), "new", "current"), ((current, earlier), "removed", "earlier")):
        comparison = compare(*pair)
        (cell,) = comparison.with_verdict(verdict)
        assert cell.arm == "extra"
        assert getattr(cell, mine) is not None
        assert len(comparison.with_verdict("no difference")) == 2


def test_null_cells_show_noise_and_get_no_verdict(build: Build) -> None:
    """A baseline against itself is not a cell to judge: it appears as its scenario's noise, from both runs."""
    comparison = compare(build(), build())
    assert {cell.arm for cell in comparison.cells} == {"queue"}
    assert {noise.scenario: noise.noise_borrowed for noise in comparison.noise} == {"files": False, "api": False}
    assert all(noise.earlier and noise.factor >= noise.earlier.high for noise in comparison.noise)


def test_noise_is_borrowed_from_the_scenario_whose_corpus_the_baseline_reads(
    build: Build, make_cell: Callable[..., Cell], bring_together: Build
) -> None:
    """A growing scenario has no null cell, so the noise of the one that reads its baseline's corpus stands in."""
    grown = changed("scenarios/grown", {**CONFIG["scenarios"]["files"], "corpus": "api"})
    grown["scenarios"]["grown"]["baseline"] = {"arm": "base", "corpus": "files"}
    cells = [*build().results.cells, make_cell("grown", "base", RATIOS, corpus="api")]
    cells[2] = make_cell("api", "base", [1.0, 3.0, 0.2], is_null_cell=True)
    run = bring_together(grown, cells)
    noise = {found.scenario: found for found in compare(run, run).noise}
    assert noise["grown"].noise_borrowed
    assert noise["grown"].factor == noise["files"].factor < noise["api"].factor


def test_the_baseline_itself_is_watched(build: Build) -> None:
    """A baseline that is the package's own is marked as such, since no ratio against it shows that it got slower."""
    current = build()
    for cell in current.results.cells[:2]:
        for sample in cell.samples:
            sample.wall_s *= 4
    comparison = compare(build(), current)
    assert one(comparison)[0] == "no difference"
    (drift,) = [found for found in comparison.drift if found.scenario == "files"]
    assert drift.own
    assert drift.current < drift.earlier / 3
    (warning,) = comparison.warnings
    assert "files at 0.25x the items per second" in warning


def test_baselines_that_were_asked_otherwise_are_not_set_side_by_side(build: Build) -> None:
    """The throughput of a baseline is shown for scenarios whose question is the same in both runs."""
    comparison = compare(build(), build(changed("scenarios/api/server/think_ms", 20)))
    assert [drift.scenario for drift in comparison.drift] == ["files"]


@pytest.mark.parametrize("fault", ["cell", "corpus", "time", "interval"])
def test_damaged_results_are_refused_by_name(
    build: Build, make_cell: Callable[..., Cell], bring_together: Build, fault: str
) -> None:
    """A cell or corpus that the configuration lacks, or a number that can't be, is told with the file's name."""
    cells, config = build().results.cells, CONFIG
    if fault == "cell":
        cells = [make_cell("nowhere", "queue", RATIOS)]
    elif fault == "corpus":
        config = changed("scenarios/files/corpus", "lost")
    elif fault == "time":
        cells[1].samples[0].wall_s = 0
    else:
        cells[0].speedup.low = 0
    with pytest.raises(ComparisonError, match=r"odd\.json: .*damaged"):
        bring_together(config, cells, "odd.json")
