"""What all runs of one process know of the hosts that they ask: a pause or a rate is the host's, whoever met it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from stac_ingest.api.pacer import Pacer
from stac_ingest.api.urls import origin

_Key: TypeAlias = tuple[Callable[[], float], str, int]
_pacers: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[_Key, Pacer]] = WeakKeyDictionary()
"""By event loop, since a pacer is for one thread; by clock, since its times are of one. Kept while somebody uses it."""


class Host:
    """One host, as one run sees it."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        """Shared with the other runs."""
        self.door = asyncio.Lock()
        """This run's own queue: another one may have to wait longer, by its own budget."""


class Hosts:
    """The hosts that one run has met, by name and port."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Meet none yet; `now` is the clock."""
        self._now = now
        self._met: dict[tuple[str, int], Host] = {}

    def of(self, url: str) -> Host:
        """Give the host of a URL."""
        _, name, port = origin(url)
        host = self._met.get((name, port))
        if host is None:
            host = self._met[name, port] = Host(_pacer(self._now, name, port))
        return host

    @property
    def waited_for(self) -> bool:
        """Whether a request waits for the time that it may be sent at, or would."""
        now = self._now()
        return any(host.door.locked() or host.pacer.wait(now) > 0 for host in self._met.values())


def _pacer(now: Callable[[], float], name: str, port: int) -> Pacer:
    known = _pacers.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    return known.setdefault((now, name, port), Pacer())
