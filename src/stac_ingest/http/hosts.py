"""What all runs of one process know of the hosts that they ask: pauses and rates hold for a host, not for one run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from stac_ingest.http.rate import AdaptiveTokenBucket
from stac_ingest.http.urls import origin

_Key: TypeAlias = tuple[Callable[[], float], str, int]
_PerLoop: TypeAlias = WeakValueDictionary[_Key, AdaptiveTokenBucket]
_buckets: WeakKeyDictionary[asyncio.AbstractEventLoop, _PerLoop] = WeakKeyDictionary()
"""By event loop, since a bucket is for one thread; by clock, since its times are of one. Kept while in use."""


class Host:
    """One host, as one run sees it."""

    def __init__(self, bucket: AdaptiveTokenBucket) -> None:
        self.bucket = bucket
        """Shared with the other runs."""
        self.queue_lock = asyncio.Lock()
        """This run's own queue: another one may have to wait longer, by its own budget."""


class Hosts:
    """The hosts that one run has met, by name and port."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Meet none yet; `now` is the clock."""
        self._now = now
        self._met: dict[tuple[str, int], Host] = {}

    def get(self, url: str) -> Host:
        """Give the host of a URL, the same object each time."""
        _, name, port = origin(url)
        host = self._met.get((name, port))
        if host is None:
            shared = _buckets.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
            host = Host(shared.setdefault((self._now, name, port), AdaptiveTokenBucket()))
            self._met[name, port] = host
        return host

    @property
    def is_throttled(self) -> bool:
        """Whether a request to any host waits for the time that it may start, or would."""
        now = self._now()
        return any(host.queue_lock.locked() or host.bucket.wait(now) > 0 for host in self._met.values())
