"""The time that is asked for, and the time that an item is of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stac_ingest.api.intervals import parse_instant, parse_interval
from stac_ingest.errors import ConfigurationError
from stac_ingest.filters.times import requested_interval, span_of

NOON = "2024-06-01T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2024", "2024-12-31T23:59:59.999999Z"),
        ("2024-02", "2024-02-29T23:59:59.999999Z"),
        ("2024-02-28", "2024-02-28T23:59:59.999999Z"),
        ("2023/2024-05", "2024-05-31T23:59:59.999999Z"),
        ("9999", "9999-12-31T23:59:59.999999Z"),
        (f"../{NOON}", NOON),
    ],
)
def test_a_date_goes_to_its_last_instant(text: str, end: str) -> None:
    """Nothing of a date's last second is left out of files, which a server is not asked for."""
    interval = requested_interval(text)
    assert interval is not None
    assert interval.end == (datetime.fromisoformat(end) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_a_server_is_asked_for_whole_seconds() -> None:
    """The same text ends a second before the next date where a server is asked."""
    assert parse_interval("2024").end == parse_instant("2024-12-31T23:59:59Z")


@pytest.mark.parametrize("text", [None, "../..", "/"])
def test_open_ends_ask_for_everything(text: str | None) -> None:
    """An interval without ends is no filter."""
    assert requested_interval(text) is None


def test_nonsense_is_refused() -> None:
    """The message names the setting."""
    with pytest.raises(ConfigurationError, match="datetime: 'soon'"):
        requested_interval("soon")


@pytest.mark.parametrize(
    ("properties", "span"),
    [
        ({"datetime": NOON}, (NOON, NOON)),
        (
            {"datetime": None, "start_datetime": "2024-01-01T00:00:00Z", "end_datetime": NOON},
            ("2024-01-01T00:00:00Z", NOON),
        ),
        ({"datetime": "1999-01-01T00:00:00Z", "start_datetime": NOON, "end_datetime": NOON}, (NOON, NOON)),
        ({"start_datetime": NOON, "end_datetime": "2024-01-01T00:00:00Z"}, ("2024-01-01T00:00:00Z", NOON)),
        ({"datetime": NOON, "start_datetime": "1999-01-01T00:00:00Z"}, (NOON, NOON)),
        ({"start_datetime": NOON}, (NOON, NOON)),
        ({"end_datetime": NOON, "start_datetime": None}, (NOON, NOON)),
        ({"datetime": "2024-06-01t14:00:00.0000001+02:00"}, (NOON, NOON)),
        ({"datetime": "2016-12-31T23:59:60Z"}, ("2017-01-01T00:00:00Z", "2017-01-01T00:00:00Z")),
    ],
)
def test_the_span_of_an_item(properties: dict[str, Any], span: tuple[str, str]) -> None:
    """A start and an end count before the `datetime`; a leap second is the next one; smaller letters are as good."""
    assert span_of({"properties": properties}) == tuple(map(parse_instant, span))


@pytest.mark.parametrize("found", [{}, {"properties": None}, {"properties": {}}, {"properties": {"datetime": "soon"}}])
def test_an_item_without_a_time_has_no_span(found: dict[str, Any]) -> None:
    """What can't be read is no instant."""
    assert span_of(found) is None
