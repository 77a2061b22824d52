"""From options to a server: the faults that are named may change its options, its paging and its responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest_bench.simulator.middleware import middleware
from ingest_bench.simulator.paging import paging_style
from ingest_bench.simulator.server import application

if TYPE_CHECKING:
    from aiohttp import web

    from ingest_bench.simulator.access_log import RequestLog
    from ingest_bench.simulator.faults.base import Fault
    from ingest_bench.simulator.item_store import Store
    from ingest_bench.simulator.options import Options


class AppBuilder:
    """Builds the application of a server.

    Attributes:
        options: after the changes that faults make.
        faults: the named behaviours.

    """

    def __init__(self, options: Options) -> None:
        """Create the faults and have them change the options.

        Raises:
            SettingsError: a behaviour is unknown, or doesn't take its value.

        """
        self.faults = _faults(options)
        for fault in self.faults:
            options = fault.options(options)
        self.options = options

    def build(self, store: Store, log: RequestLog | None = None) -> web.Application:
        """Return the application that serves the items of the store."""
        paging = paging_style(self.options.paging, self.options.seed)
        for fault in self.faults:
            paging = fault.paging(paging)
        return application(store, self.options, paging, [*middleware(self.options), *self.faults], log)


def _faults(options: Options) -> list[Fault]:
    if not options.behaviours:
        return []
    from ingest_bench.simulator.faults.registry import make  # noqa: PLC0415 - a plain server does without

    return make(options.behaviours, options.seed)
