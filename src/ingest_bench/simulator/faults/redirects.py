"""Links and redirects to other origins, files and internal addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from aiohttp import web

from ingest_bench.simulator.faults.base import LinkFault, ReplacedResponseFault

if TYPE_CHECKING:
    from ingest_bench.simulator.responses import Page, PagePosition

NOBODYS = "192.0.2.1"
"""Of a network that is kept for documentation: a client that goes there finds nothing."""
_PERMANENT, _FOUND = 308, 302


class NextOtherOrigin(LinkFault):
    """`next` leads to another origin, the same server under the host name in the value, and back."""

    name = "next-other-origin"
    own_client_only = True
    default = "localhost"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with the other host, and with headers that a client must not carry over."""
        there = urlsplit(link["href"]).hostname != self.value
        return {
            **link,
            "href": _elsewhere(link["href"], self.value if there else "127.0.0.1"),
            "headers": {"X-Of-The-Link": "1"},
        }


class NextInternal(LinkFault):
    """`next` leads to the address in the value, by default one of a network that is nobody's."""

    name = "next-internal"
    own_client_only = True
    default = NOBODYS

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with the other host."""
        return {**link, "href": _elsewhere(link["href"], self.value, port=False)}


class NextPlainHttp(LinkFault):
    """`next` has the scheme http, as from servers behind a proxy that don't know of its https."""

    name = "next-plain-http"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link with the scheme http."""
        return {**link, "href": urlunsplit(urlsplit(link["href"])._replace(scheme="http"))}


class NextFile(LinkFault):
    """`next` leads to a file of the client's machine."""

    name = "next-file"

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:  # noqa: ARG002 - the same everywhere
        """Return the link to the file."""
        return {**link, "href": "file:///etc/hostname"}


class Redirect(ReplacedResponseFault):
    """From the page with that number on, pages are redirected to another origin: the same server as localhost."""

    name = "redirect"
    own_client_only = True
    host = "localhost"

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:
        """Return the redirect, or the page where the redirect has been followed."""
        if request.url.host == self.host:
            self.applied -= 1
            return page
        target = _elsewhere(f"{request.scheme}://{request.host}{request.path_qs}", self.host)
        return web.Response(status=_PERMANENT, headers={"Location": target})


class RedirectLoop(ReplacedResponseFault):
    """From the page with that number on, pages are redirected to themselves."""

    name = "redirect-loop"
    own_client_only = True

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the redirect."""
        return web.Response(status=_FOUND, headers={"Location": request.path_qs})


class RedirectInternal(ReplacedResponseFault):
    """From the page with that number on, pages are redirected to an address of a network that is nobody's."""

    name = "redirect-internal"
    own_client_only = True

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the redirect."""
        return web.Response(status=_FOUND, headers={"Location": f"http://{NOBODYS}/"})


def _elsewhere(href: str, host: str, *, port: bool = True) -> str:
    parts = urlsplit(href)
    netloc = f"{host}:{parts.port}" if port and parts.port else host
    return urlunsplit(parts._replace(netloc=netloc))
