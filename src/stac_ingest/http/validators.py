"""Validators of HTTP (RFC 9110): an ETag or a Last-Modified, by which a server tells if a file has changed."""

from __future__ import annotations

from collections.abc import Mapping

from stac_ingest.http.dates import seconds_of

_SETTLED_S = 3600
"""Seconds after which a file that has a time alone can't change within that time: a clock may be off by as much."""


def version_of(headers: Mapping[str, str]) -> str:
    """Return a strong ETag with its quotes, else Last-Modified, else a weak ETag; empty if a response has none."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "") or tag


def is_settled(version: str, now: float) -> bool:
    """Say whether a version tells each content from others: an ETag does, and a time that is long past.

    Args:
        version: as `version_of` returns it.
        now: seconds since 1970, before the content was asked for.

    """
    moment = seconds_of(version)
    return bool(version) if moment is None else moment < now - _SETTLED_S


def made_at(headers: Mapping[str, str], asked: float) -> float:
    """Return when a response was made (its `Date`), in seconds since 1970, or an earlier time.

    This machine's clock may be ahead of the server's, and a response from a cache was made some time before.

    Args:
        headers: of the response.
        asked: when it was asked for, by this machine's clock.

    """
    date = seconds_of(headers.get("Date", ""))
    return asked if date is None else min(asked, date)


def is_time(version: str) -> bool:
    """Say whether a version is a time, and not an ETag."""
    return seconds_of(version) is not None


def conditions(version: str) -> dict[str, str]:
    """Return the header of a conditional request: the server sends the content only if its version is another one."""
    return {"If-Modified-Since" if is_time(version) else "If-None-Match": version}


def confirms(headers: Mapping[str, str], version: str) -> bool:
    """Say whether a response 304 (Not Modified) is about a version.

    Many servers answer so for each file that isn't newer than the time they are asked for, also for an older one that
    has replaced it. So a time has to be in the response.

    Args:
        headers: of the response.
        version: that was asked for.

    """
    if is_time(version):
        return headers.get("Last-Modified") == version
    tag = headers.get("ETag", version)
    return tag.removeprefix("W/") == version.removeprefix("W/")
