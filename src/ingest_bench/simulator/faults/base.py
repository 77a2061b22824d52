"""Named behaviours: middleware of the server that may change its options and its paging as well."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web

from ingest_bench.errors import SettingsError
from ingest_bench.simulator.responses import GEOJSON, Page, PagePosition, body_of

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming
    from ingest_bench.simulator.options import Options
    from ingest_bench.simulator.paging import Paging


class Fault:
    """One named behaviour. The first line of its docstring is what users read of it.

    Attributes:
        applied: responses that it changed since the last reset.

    """

    name: ClassVar[str]
    default: ClassVar[int | float | str | None] = None
    """Of its value, whose type it sets; None when it takes no value."""
    own_client_only: ClassVar[bool] = False
    """Whether it is kept for tests of one's own client. A client that takes it the wrong way may not end, or may leave
    the server, and what another client does then isn't for a table."""
    layer: ClassVar[int] = 0
    """Order when behaviours are combined: first those that change a page (0), then those that change its text (1), then
    those that send something else instead (2)."""

    def __init__(self, value: str | None = None, *, share: float = 1.0, seed: int = 0) -> None:
        """Read the value.

        Args:
            value: as text; None for the default.
            share: fraction of the eligible requests that it applies to.
            seed: decides which.

        Raises:
            SettingsError: the value is of another kind than the default.

        """
        self.value: Any = self._read(value)
        self._share = share
        self._seed = seed
        self.reset()

    async def concerns(self, request: web.Request) -> bool:
        """Whether the request belongs to the share; the same for each try of one request."""
        if self._share >= 1:
            return True
        drawn = blake2b(await identity(request), key=f"{self.name} {self._seed}".encode()[:64], digest_size=8).digest()
        return int.from_bytes(drawn) < self._share * 2**64

    def reset(self) -> None:
        """Return to the initial state."""
        self.applied = 0

    def options(self, options: Options) -> Options:
        """Return the server's options, changed or not."""
        return options

    def paging(self, paging: Paging) -> Paging:
        """Return the server's paging, changed or not."""
        return paging

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the response of the rest of the chain; a page that is concerned as `page` makes it."""
        response = await call_next(request, timing)
        if isinstance(response, Page) and await self.concerns(request):
            return await self.page(request, response)
        return response

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - for those that change it
        """Return the page, changed or not, or a response in its place."""
        return page

    def _read(self, value: str | None) -> Any:
        if value is None:
            return self.default
        if self.default is None:
            raise SettingsError(f"--behaviour {self.name}={value}: {self.name} takes no value")
        kind = type(self.default)
        try:
            parsed = kind(value)
        except ValueError:
            parsed = None
        if parsed is None or (not isinstance(parsed, str) and not 0 <= parsed < float("inf")):
            words = {int: "a whole number of 0 or more", float: "a number of 0 or more", str: "text"}[kind]
            raise SettingsError(f"--behaviour {self.name}={value}: expected {words}, as in {self.name}={self.default}")
        return parsed


class PageFault(Fault):
    """Edits the JSON of pages."""

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same for all requests
        """Return the page, edited."""
        content = orjson.loads(body_of(page))
        if self.edit(content, page.position):
            self.applied += 1
            page.body = orjson.dumps(content)
        return page

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Change the page in place; return whether anything was changed."""
        raise NotImplementedError


class LinkFault(PageFault):
    """Changes how `next` is written."""

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Change the `next` link, where the page has one; return whether anything was changed."""
        links = [self.link(link, position) if is_next(link) else link for link in page["links"]]
        changed: bool = links != page["links"]
        page["links"] = links
        return changed

    def link(self, link: dict[str, Any], position: PagePosition) -> dict[str, Any]:
        """Return the link in its new form."""
        raise NotImplementedError


class _Replacement(Fault):
    """Replaces pages by the response that the attributes describe, or by one that `reply` makes."""

    layer = 2
    status: ClassVar[int] = 200
    content: ClassVar[bytes] = b""
    content_type: ClassVar[str] = GEOJSON

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:
        """Return the page, or the response in its place."""
        if not await self.replaces(request, page):
            return page
        self.applied += 1
        return self.reply(request, page)

    async def replaces(self, request: web.Request, page: Page) -> bool:
        """Whether this page is replaced, at this try."""
        raise NotImplementedError

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - for those that need them
        """Return the response that replaces the page."""
        return web.Response(status=self.status, body=self.content, headers={"Content-Type": self.content_type})


class ReplacedResponseFault(_Replacement):
    """Replaces pages at every try, from the page with that number on."""

    default: ClassVar[int | float | str | None] = 2
    first: ClassVar[int | None] = None
    """Number of the first page that is replaced, from 1; None where the value says it."""

    async def replaces(self, request: web.Request, page: Page) -> bool:  # noqa: ARG002 - the same for all requests
        """Whether the page is not before the first."""
        return page_number(page.position) >= (self.value if self.first is None else self.first)


class TransientFault(_Replacement):
    """Replaces the response to the first tries of every request for a page."""

    default: ClassVar[int | float | str | None] = 1
    tries: ClassVar[int | None] = None
    """Number of tries that fail; None where the value says it."""

    def reset(self) -> None:
        """Forget the tries as well."""
        super().reset()
        self._tries: Counter[bytes] = Counter()

    async def replaces(self, request: web.Request, page: Page) -> bool:  # noqa: ARG002 - the same for all pages
        """Whether this try is to fail."""
        key = await identity(request)
        self._tries[key] += 1
        return self._tries[key] <= (self.value if self.tries is None else self.tries)


async def identity(request: web.Request) -> bytes:
    """Return a digest of the request, the same for each try of it."""
    # Without the port, because it differs in every run and shares have to repeat.
    content = f"{request.method} {request.url.host}{request.path_qs}\n".encode() + await request.read()
    return blake2b(content, digest_size=16).digest()


def page_number(position: PagePosition) -> int:
    """Return the number of a page in its search, from 1."""
    return position.start // max(1, position.limit) + 1


def is_last(position: PagePosition) -> bool:
    """Whether no items follow a page."""
    return position.start + position.limit >= position.matched


def is_next(link: Any) -> bool:
    """Whether a member of a page's links leads to the next page; other behaviours add members that aren't links."""
    return isinstance(link, dict) and link.get("rel") == "next" and "href" in link


def set_next(page: dict[str, Any], link: dict[str, Any] | None) -> None:
    """Replace the page's own `next`; None removes it."""
    page["links"] = [other for other in page["links"] if not is_next(other)]
    if link is not None:
        page["links"].append(link)
