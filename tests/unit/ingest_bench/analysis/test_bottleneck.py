"""Bottlenecks by removal, and what a sample's counters say to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.analysis.bottleneck import NAMES, corroborating_counters, diagnose
from ingest_bench.results.models import Digest, Sample, ServerRecord, Speedup


def gain(median: float, error: float = 1.03) -> Speedup:
    """Return a speed-up that is known within a factor."""
    return Speedup(median=median, low=median / error, high=median * error, confidence=0.95, method="given", pairs=8)


FLAT = {"no_parsing": gain(1.05), "from_memory": gain(1.06), "no_output": gain(1.04)}


@pytest.mark.parametrize(
    ("changed", "expected", "stage"),
    [
        ({"from_memory": gain(4)}, "I/O", "read"),
        ({"no_parsing": gain(3)}, "CPU", "parse"),
        ({"no_output": gain(2)}, "output", "output"),
        ({"from_memory": gain(4), "no_think_time": gain(3.7)}, "server", "server"),
        ({"from_memory": gain(4), "no_think_time": gain(1.1)}, "network", "network"),
        ({"no_consumer": gain(3), "no_output": gain(1.05)}, "CPU", "consumer"),
        ({"no_consumer": gain(3.1), "no_output": gain(3)}, "output", "output"),
        ({}, "mixed", None),
        ({"no_parsing": gain(1.9), "no_output": gain(2)}, "mixed", None),
        ({"no_parsing": gain(2, error=2.5)}, "mixed", None),
    ],
)
def test_the_stage_that_saves_most_is_named(changed: dict, expected: str, stage: str | None) -> None:
    """Each stage can be named; two alike, none worth it, or too wide an interval are mixed."""
    diagnosis = diagnose({**FLAT, **changed})
    assert (diagnosis.bottleneck, diagnosis.stage) == (expected, stage)


def test_noise_names_nothing() -> None:
    """A gain within what the null cell shows is none."""
    arms = {"no_parsing": gain(1.3), "no_output": gain(1.0)}
    assert diagnose(arms).bottleneck == "CPU"
    assert diagnose(arms, noise=gain(1, error=1.5)).bottleneck == "mixed"


def test_the_network_is_what_memory_saves_beyond_the_server() -> None:
    """Of 100 ms, 50 are the server's and 25 the network's: without the network alone it would be 1 / 0.75 as fast."""
    diagnosis = diagnose({"no_think_time": gain(1 / 0.5), "from_memory": gain(1 / 0.25)})
    assert diagnosis.gains["server"].median == pytest.approx(2)
    assert diagnosis.gains["network"].median == pytest.approx(1 / 0.75)


def test_nothing_taken_away_tells_nothing() -> None:
    """Without ablation arms there are no gains, and no name."""
    diagnosis = diagnose({})
    assert (diagnosis.bottleneck, diagnosis.gains) == ("mixed", {})


gains = st.floats(0.5, 20)
arms = st.dictionaries(
    st.sampled_from(["no_parsing", "from_memory", "no_think_time", "no_output", "no_consumer"]),
    st.builds(gain, gains, st.floats(1.01, 3)),
)


@given(arms)
def test_what_is_named_gains_most(ablations: dict) -> None:
    """Whatever was measured, a named stage leads, its interval lies above 1, and bounds are in order."""
    diagnosis = diagnose(ablations)
    medians = [ratio.median for ratio in diagnosis.gains.values()]
    assert medians == sorted(medians, reverse=True)
    assert all(ratio.low <= ratio.median <= ratio.high for ratio in diagnosis.gains.values())
    if diagnosis.stage:
        assert diagnosis.stage == next(iter(diagnosis.gains))
        assert diagnosis.gains[diagnosis.stage].low > 1
        assert NAMES[diagnosis.stage] == diagnosis.bottleneck


def sample(cpu: float, in_flight: float | None = None, little: float = 1.0) -> Sample:
    """Return a sample of ten seconds that used so much of a processor, at a server with so many requests in flight."""
    figures = dict.fromkeys(ServerRecord.model_fields, 1.0)
    record = {**figures, "requests": 10, "rate_limited": 0, "in_flight_peak": 5, "little_ratio": little}
    server = None if in_flight is None else ServerRecord.model_validate({**record, "in_flight_mean": in_flight})
    return Sample(
        role="candidate", pair=0, started_at=0, wall_s=10, cpu_user_s=10 * cpu, cpu_system_s=0, peak_rss_mib=1,
        start_rss_mib=1, first_item_s=None, items=10, failures=0, bytes_read=50_000_000, context_switches=100,
        digest=Digest(count=10, ids="", content=""), server=server,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bottleneck", "cpu", "in_flight", "busy", "held"),
    [
        ("CPU", 0.95, 1.0, True, True),
        ("CPU", 0.3, 4.8, False, False),
        ("server", 0.2, 4.8, True, True),
        ("server", 0.9, 1.0, False, False),
        ("network", 0.2, 2.0, True, None),
        ("mixed", 0.6, 2.0, None, None),
    ],
)
def test_counters_back_a_bottleneck_up_or_contradict_it(
    bottleneck: str, cpu: float, in_flight: float, busy: bool | None, held: bool | None
) -> None:
    """A processor that works speaks for CPU, one that waits for the others; requests in flight speak for the server."""
    diagnosis = {each.name: each for each in corroborating_counters([sample(cpu, in_flight)], bottleneck, 5)}
    assert diagnosis["processor time"].value == pytest.approx(cpu)
    assert diagnosis["processor time"].agrees is busy
    assert diagnosis["requests in flight"].agrees is held
    assert diagnosis["context switches"].value == pytest.approx(10)
    assert diagnosis["bytes read"].value == pytest.approx(5)


def test_a_broken_law_contradicts() -> None:
    """Where Little's law doesn't hold, the counters contradict whatever was found; invalid samples don't count."""
    diagnosis = {each.name: each for each in corroborating_counters([sample(0.2, 4.8, little=1.2)], "server", 5)}
    assert diagnosis["Little's law"].agrees is False
    assert corroborating_counters([sample(0.2).model_copy(update={"invalid": "broken"})], "server", 5) == []
    assert [each.name for each in corroborating_counters([sample(0.2)], "I/O", 5)] == [
        "processor time",
        "context switches",
        "bytes read",
    ]
