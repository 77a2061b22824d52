"""Dates in headers of HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from stac_ingest.http.dates import seconds_of


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this machine be in a zone of time."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
    ids=["current", "rfc850", "asctime"],
)
def test_a_date_is_in_utc_wherever_this_machine_is(text: str) -> None:
    """Each of the three forms that RFC 9110 has every recipient accept is the same instant."""
    assert seconds_of(text) == 784111777


@pytest.mark.parametrize("text", ["", '"etag"', "W/x", "120", "Sun, 99 Nov 1994 08:49:37 GMT", "soon"])
def test_what_is_no_date_is_none(text: str) -> None:
    """Other text, such as an ETag, is no date, and no error."""
    assert seconds_of(text) is None
