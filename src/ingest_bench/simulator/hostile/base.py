"""What a named behaviour is: a link of the server's chain that may change its options and its paging as well."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web

from ingest_bench.errors import SettingsError
from ingest_bench.simulator.answers import Page, Place, body_of

if TYPE_CHECKING:
    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.options import Options
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.window import Visit


class Fault:
    """One named behaviour. The first line of its docstring is what users read of it.

    Attributes:
        hits: answers that it changed since the last reset.

    """

    name: ClassVar[str]
    default: ClassVar[int | float | str | None] = None
    """Of its value, and by its type the kind of value; None when it takes none."""
    layer: ClassVar[int] = 0
    """Where it stands when behaviours are combined: what changes a page comes before what changes its text (1), and
    that before what sends something else instead (2)."""

    def __init__(self, value: str | None = None, *, share: float = 1.0, seed: int = 0) -> None:
        """Read the value that was given.

        Args:
            value: as text; None for the default.
            share: of the requests that it could concern, how many it does.
            seed: decides which.

        Raises:
            SettingsError: the value is of another kind than the default.

        """
        self.value: Any = self._read(value)
        self._share = share
        self._seed = seed
        self.reset()

    async def concerns(self, request: web.Request) -> bool:
        """Whether the request belongs to the share; the same request always does, or never."""
        if self._share >= 1:
            return True
        drawn = blake2b(await identity(request), key=f"{self.name} {self._seed}".encode()[:64], digest_size=8).digest()
        return int.from_bytes(drawn) < self._share * 2**64

    def reset(self) -> None:
        """Begin anew."""
        self.hits = 0

    def options(self, options: Options) -> Options:
        """Change what the server is told."""
        return options

    def paging(self, paging: Paging) -> Paging:
        """Change how pages are named."""
        return paging

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Answer a request, or have it answered."""
        return await answer(request, visit)

    def _read(self, value: str | None) -> Any:
        if value is None:
            return self.default
        if self.default is None:
            raise SettingsError(f"--behaviour {self.name}={value}: {self.name} takes no value")
        kind = type(self.default)
        try:
            found = kind(value)
        except ValueError:
            found = None
        if found is None or (not isinstance(found, str) and not 0 <= found < float("inf")):
            words = {int: "a whole number of 0 or more", float: "a number of 0 or more", str: "text"}[kind]
            raise SettingsError(f"--behaviour {self.name}={value}: expected {words}, as in {self.name}={self.default}")
        return found


class PageFault(Fault):
    """Changes what is on pages of items. Called for each of them; other answers pass."""

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Have the page made, then change it."""
        response = await answer(request, visit)
        if not isinstance(response, Page) or not await self.concerns(request):
            return response
        page = orjson.loads(body_of(response))
        if self.edit(page, response.place):
            self.hits += 1
            response.body = orjson.dumps(page)
        return response

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Change the page and say whether anything was changed."""
        raise NotImplementedError


class LinkFault(PageFault):
    """Changes how `next` is written."""

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Change the link, where the page has one."""
        links = [self.link(link, place) if is_next(link) else link for link in page["links"]]
        changed: bool = links != page["links"]
        page["links"] = links
        return changed

    def link(self, link: dict[str, Any], place: Place) -> dict[str, Any]:
        """Write the link anew."""
        raise NotImplementedError


class ReplyFault(Fault):
    """Gives another answer in place of pages, from the page of that number on, however often they are asked for."""

    default: ClassVar[int | float | str | None] = 2
    layer = 2

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Have the page made, then replace it."""
        response = await answer(request, visit)
        if not isinstance(response, Page) or number(response.place) < self.first or not await self.concerns(request):
            return response
        self.hits += 1
        return self.reply(request, response)

    @property
    def first(self) -> int:
        """The number of the first page that is replaced."""
        return int(self.value)

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:
        """Give the other answer."""
        raise NotImplementedError


class PassingFault(Fault):
    """Gives another answer to the first tries of every request for a page, so many as its value says."""

    default: ClassVar[int | float | str | None] = 1
    layer = 2

    def reset(self) -> None:
        """Forget what was asked."""
        super().reset()
        self._tries: Counter[bytes] = Counter()

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Have the page made; replace it if it wasn't asked for often enough."""
        response = await answer(request, visit)
        if not isinstance(response, Page) or not await self.concerns(request):
            return response
        key = await identity(request)
        self._tries[key] += 1
        if self._tries[key] > self.tries:
            return response
        self.hits += 1
        return self.reply(request, response)

    @property
    def tries(self) -> int:
        """How many tries fail."""
        return int(self.value)

    def reply(self, request: web.Request, page: Page) -> web.StreamResponse:
        """Give the other answer."""
        raise NotImplementedError


async def identity(request: web.Request) -> bytes:
    """Tell a request from others: the same again is another try."""
    # The port is another one in every run, and what is decided by this has to repeat.
    content = f"{request.method} {request.url.host}{request.path_qs}\n".encode() + await request.read()
    return blake2b(content, digest_size=16).digest()


def number(place: Place) -> int:
    """Give the number of a page in its search, from 1."""
    return place.start // max(1, place.limit) + 1


def is_last(place: Place) -> bool:
    """Whether no items are left behind a page."""
    return place.start + place.limit >= place.matched


def is_next(link: Any) -> bool:
    """Whether a member of a page's links leads to the next page; other behaviours add what doesn't."""
    return isinstance(link, dict) and link.get("rel") == "next" and "href" in link


def set_next(page: dict[str, Any], link: dict[str, Any] | None) -> None:
    """Put a link in place of the page's own `next`."""
    page["links"] = [other for other in page["links"] if not is_next(other)]
    if link is not None:
        page["links"].append(link)
