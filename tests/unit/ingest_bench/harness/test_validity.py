"""Samples that can't be used, and arms that don't deliver what they should."""

from __future__ import annotations

from typing import Any

import pytest

from factories import fake_sample, matrix, reference, scenario
from ingest_bench.analysis.speedup import pair_ratios
from ingest_bench.arms.base import ArmSpec
from ingest_bench.config.matrix import find_cell
from ingest_bench.config.models import Settings
from ingest_bench.harness.sides import PairSide
from ingest_bench.harness.validity import delay_remark, failures_difference, invalid_reason, parity
from ingest_bench.results.digest import Reference
from ingest_bench.results.models import Sample, ServerRecord

ITEMS = [{"id": f"i{number}", "collection": "c", "value": number} for number in range(40)]


def sample(**changes: Any) -> Sample:
    """Return a sample of 100 items in a second, changed."""
    given = {"role": "candidate", "pair": 0, "wall_s": 1.0, "items": 100, **changes}
    return fake_sample(**given)


def side(expected: Reference | None, **corpus: Any) -> PairSide:
    """Return a side that has to deliver these items; the corpus is generated unless it is said to be another."""
    corpora = {"files": {"kind": "item_files", **(corpus or {"items": len(ITEMS)})}}
    cell = find_cell(Settings.model_validate(matrix(corpora, one=scenario())), "one", "sequential", 1)
    spec = ArmSpec("ingest", "item_files", "files")
    return PairSide("candidate", spec, cell.candidate, expected, broken=None, files=None, server=None)


def server(**changes: Any) -> ServerRecord:
    """Return what a sound server saw, changed."""
    given = {
        "requests": 10,
        "rate_limited": 0,
        "think_ms_asked": 50.0,
        "think_ms_achieved": 51.0,
        "response_ms_p50": 52.0,
        "response_ms_p95": 60.0,
        "response_ms_mean": 53.0,
        "in_flight_mean": 0.9,
        "in_flight_peak": 1,
        "window_s": 0.9,
        "little_ratio": 1.0,
        "cpu_s": 0.1,
    }
    return ServerRecord.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"little_ratio": 0.951}, None),
        ({"little_ratio": 0.94}, "Little's law doesn't hold"),
        ({"little_ratio": 1.06}, "Little's law doesn't hold"),
        ({"cpu_s": 0.9}, None),
        ({"cpu_s": 0.91}, "saturated"),
        ({"rate_limited": 3}, "answered 429 3 times; the client noticed 2"),
    ],
)
def test_a_server_that_was_not_as_asked_invalidates_the_sample(changes: dict[str, Any], words: str | None) -> None:
    """Little's law, saturation and lost refusals are each held to their bound."""
    reason = invalid_reason(sample(rate_limited=2), server(**changes))
    assert reason is None if words is None else words in (reason or "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"think_ms_achieved": 59.9}, None),
        ({"think_ms_achieved": 60.1}, "slept 60.1 ms, not 50.0 ms"),
        ({"think_ms_achieved": 39.0}, "slept 39.0 ms"),
        # Off by far more than a fifth, but by less than 5 ms: that is what a sleep costs.
        ({"think_ms_asked": 5.0, "think_ms_achieved": 9.5}, None),
        ({"think_ms_asked": 0.0, "think_ms_achieved": 5.5}, "not 0.0 ms"),
    ],
)
def test_a_think_time_that_is_off_is_remarked_and_used(changes: dict[str, Any], words: str | None) -> None:
    """A server that slept longer or shorter than asked is told of, and invalidates nothing by that alone."""
    remark = delay_remark(server(**changes))
    assert remark is None if words is None else words in (remark or "")
    assert invalid_reason(sample(), server(**changes)) is None


def test_a_client_that_counts_no_refusals_is_not_held_to_them() -> None:
    """Where the client doesn't count refusals nothing is said about lost ones."""
    assert invalid_reason(sample(rate_limited=None), server(rate_limited=3)) is None


def test_a_sample_without_items_is_invalid() -> None:
    """A sample that delivered nothing has no rate."""
    assert invalid_reason(sample(items=0), None) == "no items were delivered"


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (ITEMS, None),
        (ITEMS[::-1], None),
        (ITEMS[1:], "1 item missing"),
        ([*ITEMS, ITEMS[0]], "1 item too many"),
        ([{**ITEMS[0], "id": "other"}, *ITEMS[1:]], "other ids"),
        ([{**ITEMS[0], "value": "other"}, *ITEMS[1:]], "content differs"),
    ],
)
def test_what_differs_from_the_reference_is_said(items: list[dict[str, Any]], words: str | None) -> None:
    """Order is nothing; a lost, doubled, swapped or changed item is a difference."""
    found = side(reference(ITEMS)).difference(reference(items).digest(None))
    assert found is None if words is None else words in (found or "")


def test_with_a_limit_only_the_count_is_known() -> None:
    """Where `max_items` lets through whichever come first, other items of the same number are no difference."""
    delivered = ITEMS[1:]
    found = reference(delivered).digest(None)
    limited = {"path": "own", "max_items": len(delivered)}
    assert side(reference(ITEMS[:-1]), **limited).difference(found) is None
    assert side(reference(ITEMS), **limited).difference(found) == "1 item missing"


def test_where_nobody_knows_the_other_side_is_the_measure() -> None:
    """Without a reference a digest is held to that of the pair's other side, and to nothing where there is none."""
    found = reference(ITEMS).digest(None)
    assert side(None).difference(found) is None
    assert side(None).difference(found, found) is None
    assert side(None).difference(found, reference(ITEMS[1:]).digest(None)) == "1 item too many"


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (["/x/items/a.json", "/x/items/b.json"], None),
        (["/x/items/a.json"], "1 failure, expected 2"),
        (["/x/items/a.json", "/x/items/c.json"], "not the broken ones"),
    ],
)
def test_failures_are_the_broken_files(failed: list[str], words: str | None) -> None:
    """Exactly the files that are broken have to be reported, by name."""
    found = failures_difference(sample(failures=len(failed), failed=failed), ("b.json", "a.json"))
    assert found is None if words is None else words in (found or "")


def test_parity_tells_the_first_difference() -> None:
    """One differing sample fails the arm, with the number of such samples and the pair of the first."""
    assert parity([(0, None), (1, None)], None).ok
    verdict = parity([(0, None), (1, "2 items missing"), (2, "1 item missing")], None)
    assert (verdict.ok, verdict.reason) == (False, "2 items missing (in 2 of 3 samples, first in pair 1)")


def test_a_known_defect_is_named_only_where_it_shows() -> None:
    """The reason of an arm with a known defect begins with it; an arm that delivers all the same has parity."""
    assert (
        parity([(0, "content differs")], "table rows").reason
        == "table rows: content differs (in 1 of 1 sample, first in pair 0)"
    )
    assert parity([(0, None)], "table rows").ok


def test_ratios_are_items_per_second_pair_by_pair() -> None:
    """The candidate's rate over the baseline's, whatever number of items each reads; invalid pairs don't count."""
    samples = [
        sample(pair=0, role="baseline", items=100, wall_s=1.0),
        sample(pair=0, role="candidate", items=800, wall_s=4.0),
        sample(pair=1, role="candidate", items=100, wall_s=1.0),
        sample(pair=1, role="baseline", items=100, wall_s=1.0, invalid="saturated"),
        sample(pair=2, role="baseline", items=100, wall_s=3.0),
        sample(pair=2, role="candidate", items=100, wall_s=1.0),
    ]
    assert pair_ratios(samples) == pytest.approx({0: 2.0, 2: 3.0})
