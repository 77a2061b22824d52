"""How the simulated server reads time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_bench.simulator.timestamps import EARLIEST, LATEST, parse_instant, parse_interval

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(
    moment=st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)),  # noqa: DTZ001 - the offset is drawn apart
    minutes=st.integers(-1439, 1439),
)
def test_reads_what_the_standard_library_writes(moment, minutes):
    """A timestamp with any offset, to the microsecond, is the instant that Python's own datetime says it is."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(aware.isoformat()) == (aware - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01.5z", 1_500_000),
        ("1970-01-01T00:00:00.1234567Z", 123_456),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1969-12-31T23:59:60Z", 0),
    ],
)
def test_reads_the_forms_of_rfc_3339(text, micros):
    """Lower case, offsets, fractions of any length and leap seconds are read as RFC 3339 allows them."""
    assert parse_instant(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-01-01 00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-02-30T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:61Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00,5Z",
        "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+24:00",
        "2020-01-01T00:00:00+01:60",
        "20200-01-01T00:00:00Z",
        "٢٠٢٠-01-01T00:00:00Z",
    ],
)
def test_refuses_what_is_no_timestamp(text):
    """What RFC 3339 doesn't allow is an error, not a guess."""
    with pytest.raises(ValueError, match="is not an RFC 3339 timestamp"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("1970-01-01T00:00:01Z", (1_000_000, 1_000_000)),
        ("1970-01-01T00:00:01Z/1970-01-01T00:00:02Z", (1_000_000, 2_000_000)),
        ("../1970-01-01T00:00:02Z", (EARLIEST, 2_000_000)),
        ("/1970-01-01T00:00:02Z", (EARLIEST, 2_000_000)),
        ("1970-01-01T00:00:01Z/..", (1_000_000, LATEST)),
        ("1970-01-01T00:00:01Z/", (1_000_000, LATEST)),
    ],
)
def test_reads_intervals(text, interval):
    """An instant and intervals with one open end or none are read."""
    assert parse_interval(text) == interval


@pytest.mark.parametrize(
    "text",
    ["/", "../..", "/..", "../", "..", "a/b/c", "2020-01-02T00:00:00Z/2020-01-01T00:00:00Z", "/2020-01-01T00:00:00Z/"],
)
def test_refuses_what_is_no_interval(text):
    """Two open ends, a wrong order or a third part are errors."""
    with pytest.raises(ValueError, match=r"not an|before it starts"):
        parse_interval(text)
