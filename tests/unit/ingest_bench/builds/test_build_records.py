"""What the pairs of a case amount to."""

from __future__ import annotations

import pytest

from ingest_bench.builds.records import CaseRecord, judge
from ingest_bench.results.models import Digest, Sample

SAME, OTHER = (Digest(count=9, ids="ab", content=content) for content in ("cd", "ef"))


def pair(number: int, base_s: float = 2.0, this_s: float = 1.0, **of_this: object) -> list[Sample]:
    """Return a pair in which this build takes half of the base's time."""
    base = Sample(
        role="baseline",
        pair=number,
        started_at=0,
        wall_s=base_s,
        cpu_user_s=2 * base_s,
        cpu_system_s=base_s,
        peak_rss_mib=50,
        start_rss_mib=10,
        first_item_s=None,
        items=9,
        failures=0,
        digest=SAME,
    )
    used = {"wall_s": this_s, "cpu_user_s": this_s / 2, "cpu_system_s": this_s / 2, "peak_rss_mib": 40.0}
    changed = {"role": "candidate", **used, **of_this}
    return [base, base.model_copy(update=changed)]


def judged(*pairs: list[Sample], expected: str | None = None) -> CaseRecord:
    """Return the record of a case."""
    return judge("a", [sample for each in pairs for sample in each], lambda _: expected)


def test_above_one_means_that_this_build_is_faster() -> None:
    """Ratios of wall and CPU time are base over this build, pair by pair, and medians are of each side's own."""
    judgement = judged(pair(0), pair(1, 4.0, 2.0), pair(2)[::-1])
    assert judgement.wall is not None
    assert judgement.cpu is not None
    assert (judgement.wall.median, judgement.wall.low, judgement.wall.pairs) == pytest.approx((2.0, 2.0, 3))
    assert judgement.cpu.median == pytest.approx(6.0)
    assert judgement.medians["base"] == {"wall_s": 2.0, "cpu_s": 6.0, "peak_rss_mib": 50}
    assert judgement.medians["this"] == {"wall_s": 1.0, "cpu_s": 1.0, "peak_rss_mib": 40}
    assert (judgement.reason, judgement.remark) == (None, None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"digest": OTHER}, "content differs"),
        ({"items": 8}, "8 items and 0 failures; the base delivers 9 items"),
        ({"failures": 1}, "9 items and 1 failure; the base delivers 9 items"),
    ],
)
def test_other_deliveries_have_no_time(changed: dict[str, object], reason: str) -> None:
    """One pair in which the builds differ in content, count or failures is enough, and the reason says which."""
    judgement = judged(pair(0), pair(1, **changed), pair(2))
    assert (judgement.wall, judgement.cpu, judgement.medians) == (None, None, {})
    assert judgement.reason is not None
    assert reason in judgement.reason
    assert "(in 1 of 3 pairs)" in judgement.reason


def test_pairs_with_a_invalid_sample_are_left_out() -> None:
    """They neither count nor go unsaid; where fewer than three are left, there is no time."""
    judgement = judged(pair(0), pair(1), pair(2), pair(3, 9.0, invalid="the server was saturated"))
    assert judgement.wall is not None
    assert judgement.wall.pairs == 3
    assert judgement.remark == "1 of 4 pairs invalid: the server was saturated"
    judgement = judged(pair(0), pair(1, invalid="the server was saturated"))
    assert (judgement.wall, judgement.reason) == (None, "1 usable pair: the server was saturated")


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        ([0.80, 0.81, 0.82, 0.80, 0.81], "slower"),
        ([0.96, 0.97, 0.96, 0.97, 0.96], "no difference"),
        ([1.30, 1.31, 1.32, 1.30, 1.31], "faster"),
        ([0.60, 1.20, 0.80, 1.00, 0.70], "undecided"),
    ],
)
def test_a_loss_is_decided_where_the_interval_lies_beyond_the_margin(times: list[float], verdict: str) -> None:
    """A ratio of base over this build is a loss, a gain, neither or undecided by its interval against 5%."""
    judgement = judged(*(pair(number, 1.0, 1 / ratio) for number, ratio in enumerate(times)))
    assert (judgement.verdict, judgement.figure) == (verdict, "wall")


def test_many_cases_make_each_verdict_harder() -> None:
    """The same pairs decide alone, and don't among a thousand cases that share the error."""
    samples = [
        sample for number, time in enumerate((1.16, 1.12, 1.18, 1.14)) for sample in pair(number, 1.0, this_s=time)
    ]
    assert judge("a", samples, lambda _: None).verdict == "slower"
    assert judge("a", samples, lambda _: None, cases=1000).verdict == "undecided"


def test_cpu_time_decides_where_one_thread_computes_throughout() -> None:
    """Two builds whose CPU time is their wall time, but for stolen time in some samples, are judged by CPU time."""
    busy = {"cpu_user_s": 0.9, "cpu_system_s": 0.1}
    pairs = []
    for number, stolen in enumerate((0.0, 0.5, 0.0, 0.3, 0.0)):
        base, this = pair(number, 1.0, 1.0 + stolen, **busy)
        pairs.append([base.model_copy(update=busy), this])
    judgement = judged(*pairs)
    assert (judgement.figure, judgement.verdict) == ("cpu", "no difference")


def test_more_work_is_a_fact_unless_it_is_accepted() -> None:
    """A counter that has grown fails the comparison, one that has shrunk is told, and an accepted one doesn't fail."""
    samples = [
        sample.model_copy(
            update={"requests": 5 if sample.role == "baseline" else 6, "bytes_read": 9 - len(sample.role)}
        )
        for number in range(5)
        for sample in pair(number, 1.0, 1.0)
    ]
    more = {each.name: each.gate for each in judge("a", samples, lambda _: None).counters}
    assert more == {"requests": True, "bytes_read": False}
    accepted = judge("a", samples, lambda _: None, accepted=["requests"])
    assert [each.gate for each in accepted.counters] == [False, False]


def test_what_both_builds_get_wrong_is_remarked_upon() -> None:
    """Alike, they can be compared; but that it isn't what the corpus holds has to be known."""
    judgement = judged(pair(0), pair(1), pair(2), expected="1 item missing")
    assert judgement.wall is not None
    assert judgement.remark == "the items of both builds differ from the corpus: 1 item missing"
