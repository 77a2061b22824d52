"""Intervals of time as settings and servers write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.api.collections import temporal_extent
from stac_ingest.api.intervals import EARLIEST, LATEST, Interval, format_instant, parse_instant, parse_interval
from stac_ingest.api.search import search_datetime
from stac_ingest.errors import ConfigurationError


@given(st.integers(EARLIEST, LATEST))
def test_instants_round_trip(instant):
    """What is written is read back to the microsecond."""
    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2020", "2020-01-01T00:00:00Z", "2020-12-31T23:59:59Z"),
        ("2020-02", "2020-02-01T00:00:00Z", "2020-02-29T23:59:59Z"),
        ("2020-02-03", "2020-02-03T00:00:00Z", "2020-02-03T23:59:59Z"),
        ("2019/2020-01", "2019-01-01T00:00:00Z", "2020-01-31T23:59:59Z"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-01-01T02:00:00.5+02:00/..", "2020-01-01T00:00:00.500Z", None),
        ("../2020-01-01t00:00:00z", None, "2020-01-01T00:00:00Z"),
        ("/2020-01-01T00:00:00", None, "2020-01-01T00:00:00Z"),
    ],
)
def test_intervals(text, start, end):
    """Dates widen to all of their time, timestamps stay, open ends are open."""
    assert parse_interval(text) == Interval(parse_instant(start), parse_instant(end))


@pytest.mark.parametrize("text", ["yesterday", "2020-13", "2021/2020", "a/b/c", "2020-01-01T99:00:00Z", ".."])
def test_nonsense_is_a_setting_error(text):
    """A datetime that can't be read is refused before anything is asked."""
    with pytest.raises(ConfigurationError, match="datetime"):
        search_datetime(text)


def test_what_is_sent():
    """Timestamps are sent as the user wrote them, dates as the timestamps they stand for."""
    assert search_datetime("2020-01-01T00:00:00+01:00/..")[0] == "2020-01-01T00:00:00+01:00/.."
    assert search_datetime("2020-01")[0] == "2020-01-01T00:00:00Z/2020-01-31T23:59:59Z"
    assert search_datetime(None) == (None, Interval(None, None))


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ({"temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}, ("2020-01-01T00:00:00Z", None)),
        ({"temporal": {"interval": [[None, None]]}}, (None, None)),
        ({"temporal": {"interval": [["2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]]}}, (None, None)),
        ({"temporal": {"interval": []}}, (None, None)),
        ({"temporal": None}, (None, None)),
        (None, (None, None)),
        ({"temporal": {"interval": [["soon", 7]]}}, (None, None)),
    ],
)
def test_extents_are_read_leniently(extent, expected):
    """A collection's extent is a hint; a broken one is none."""
    assert temporal_extent({"extent": extent}) == tuple(parse_instant(text) for text in expected)


def test_precision_is_no_finer_than_needed():
    """Seconds, milliseconds and microseconds are written only where there are some."""
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    base = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert format_instant(base) == "2020-01-01T00:00:00Z"
    assert format_instant(base + 5_000) == "2020-01-01T00:00:00.005Z"
    assert format_instant(base + 5) == "2020-01-01T00:00:00.000005Z"
