"""Looking up hosts, and staying out of networks that the source isn't in."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from stac_ingest.api.urls import zone
from stac_ingest.errors import LinkRefused


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses those that lead into another zone than the source's: a name may hide any address.

    Addresses that are written out don't come here; see `urls.resolve`.
    """

    def __init__(self, resolver: AbstractResolver, source: str) -> None:
        """Guard a resolver; `source` is the host of the API that was asked for, wherever it may be."""
        self._resolver = resolver
        self._source = source
        self._zones = {zone(source)} - {None}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name.

        Raises:
            LinkRefused: all of them are in another zone than the source.

        """
        found = await self._resolver.resolve(host, port, family)
        if host == self._source and not self._zones:
            # Where it is when it is first asked for counts: a name that moves into another network later is refused.
            self._zones.update(zone(address["host"]) for address in found)
        allowed = [address for address in found if zone(address["host"]) in self._zones]
        if found and not allowed:
            where = zone(found[0]["host"])
            raise LinkRefused(f"{host} has an address of {where}, and the source hasn't; not asked", url=host)
        return allowed

    async def close(self) -> None:
        """Let go."""
        await self._resolver.close()
