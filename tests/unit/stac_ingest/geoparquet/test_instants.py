"""Instants to timestamps: nothing of them is lost, and what is none is refused."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from stac_ingest.errors import ItemError
from stac_ingest.geoparquet.instants import MICROSECONDS, NANOSECONDS, cut_to_microseconds, instants_of


def shown(column: pa.Array) -> list[str | None]:
    """Give timestamps as text, in UTC."""
    found: list[str | None] = column.cast(pa.timestamp(column.type.unit)).cast(pa.string()).to_pylist()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-07-30T16:05:11Z", "2021-07-30 16:05:11.000000"),
        ("2021-07-30t16:05:11.5z", "2021-07-30 16:05:11.500000"),
        ("2021-07-30 16:05:11.500000000Z", "2021-07-30 16:05:11.500000"),
        ("2021-07-30T16:05:11+02:00", "2021-07-30 14:05:11.000000"),
        ("0000-01-01T00:00:00Z", "0000-01-01 00:00:00.000000"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999"),
        ("2021-07-30T16:05:11.789124123Z", "2021-07-30 16:05:11.789124123"),
        ("2021-07-30t16:05:11.7891241Z", "2021-07-30 16:05:11.789124100"),
    ],
)
def test_rfc_3339_is_a_timestamp(text: str, expected: str) -> None:
    """Small letters, a space, offsets, far years and up to nine digits are an instant, and no text is needed."""
    column, texts = instants_of("created", [text, None])
    assert shown(column) == [expected, None]
    assert texts is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-12-31T23:59:60Z", None),
        ("2021-07-30T16:05:11", "2021-07-30 16:05:11.000000"),
        ("2021-07-30", "2021-07-30 00:00:00.000000"),
        ("2021-07-30T16:05:11.1234567891Z", "2021-07-30 16:05:11.123456789"),
        ("2300-07-30T16:05:11.1234567Z", "2300-07-30 16:05:11.123456"),
        ("9999-12-31T23:59:59-01:00", "10000-01-01 00:59:59.000000"),
        ("9999-12-31T23:59:59.1234567-01:00", "10000-01-01 00:59:59.123456"),
        ("0000-01-01T00:00:00+01:00", "-0001-12-31 23:00:00.000000"),
    ],
)
def test_what_no_timestamp_says_is_kept_as_text(text: str, expected: str | None) -> None:
    """A leap second, no offset, more digits than the column's, or a year that UTC can't say: the text stays, too."""
    column, texts = instants_of("created", [text, "2020-01-01T00:00:00Z"])
    assert shown(column)[0] == expected
    assert texts.to_pylist() == [text, None]


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2024-W01-1", "20240101T000000Z", "2024-02-30T00:00:00Z", "2024-13-01", "2024-01-01T24:00:00Z", "", 5,
     "2024-02-30T23:59:60Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00+25:00", ["2024"], True],
)  # fmt: skip
def test_what_is_no_instant_is_refused(value: object) -> None:
    """Other forms of ISO 8601, days that no calendar has, and values that aren't text are named, with the property."""
    with pytest.raises(ItemError, match=r"its created is .*, expected an RFC 3339 date and time"):
        instants_of("created", ["2024-01-01T00:00:00.1234567Z", value, None, "2024-01-01T00:00:00z"])


def test_instants_of_python_are_taken() -> None:
    """A modifier may leave a datetime of Python's in an item; one without a zone is in UTC."""
    zone = dt.timezone(dt.timedelta(hours=2))
    column, texts = instants_of("created", [dt.datetime(2021, 1, 1, 2, tzinfo=zone), dt.datetime(2021, 1, 1)])  # noqa: DTZ001 - what is tested
    assert shown(column) == ["2021-01-01 00:00:00.000000"] * 2
    assert texts is None


def test_nanoseconds_among_years_that_they_can_not_reach_are_kept_as_text() -> None:
    """Where a column can't be of nanoseconds, those that have some keep them in their text, before 1970 as well."""
    column = pa.array([1, -1, 1000, None], pa.int64()).cast(NANOSECONDS)
    cut, texts = cut_to_microseconds(column)
    assert cut.type == MICROSECONDS
    assert texts.to_pylist() == ["1970-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59.999999999Z", None, None]
