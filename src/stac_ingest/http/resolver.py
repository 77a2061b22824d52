"""Resolving host names, within the networks that the source is in."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from stac_ingest.errors import LinkRefused
from stac_ingest.http.urls import network_scope


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses addresses outside of the source's network scope: a name may hide any address.

    Addresses that are written out don't come here; see `urls.resolve`.
    """

    def __init__(self, resolver: AbstractResolver, source: str) -> None:
        """Guard a resolver; `source` is the host of the API that the user named, wherever it may be."""
        self._resolver = resolver
        self._source = source
        self._scopes = {network_scope(source)} - {None}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name.

        Raises:
            LinkRefused: all of them are in another network scope than the source.

        """
        addresses = await self._resolver.resolve(host, port, family)
        if host == self._source and not self._scopes:
            # Where it is at first counts: a name that moves into another network later is refused.
            self._scopes.update(network_scope(address["host"]) for address in addresses)
        allowed = [address for address in addresses if network_scope(address["host"]) in self._scopes]
        if addresses and not allowed:
            where = network_scope(addresses[0]["host"])
            raise LinkRefused(f"{host} has an address of {where}, and the source hasn't; not asked", url=host)
        return allowed

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._resolver.close()
