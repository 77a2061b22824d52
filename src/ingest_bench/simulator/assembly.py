"""From options to a server: what is asked for, and what the named behaviours make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest_bench.simulator.behaviours import behaviours
from ingest_bench.simulator.paging import paging_style
from ingest_bench.simulator.server import application

if TYPE_CHECKING:
    from aiohttp import web

    from ingest_bench.simulator.hostile.base import Fault
    from ingest_bench.simulator.log import RequestLog
    from ingest_bench.simulator.options import Options
    from ingest_bench.simulator.store import Store


class Plan:
    """A server that is yet to be put together.

    Attributes:
        options: as the named behaviours want them.
        faults: the named behaviours.

    """

    def __init__(self, options: Options) -> None:
        """Make the named behaviours.

        Raises:
            SettingsError: there is none of a name, or it doesn't take its value.

        """
        self.faults = _faults(options)
        for fault in self.faults:
            options = fault.options(options)
        self.options = options

    def application(self, store: Store, log: RequestLog | None = None) -> web.Application:
        """Put it together."""
        paging = paging_style(self.options.paging, self.options.seed)
        for fault in self.faults:
            paging = fault.paging(paging)
        return application(store, self.options, paging, [*behaviours(self.options), *self.faults], log)


def _faults(options: Options) -> list[Fault]:
    if not options.behaviours:
        return []
    from ingest_bench.simulator.hostile.registry import make  # noqa: PLC0415 - a plain server does without

    return make(options.behaviours, options.seed)
