"""Faults in the content of pages: items, counts, the JSON itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web

from ingest_bench.simulator.faults.base import Fault, PageFault
from ingest_bench.simulator.responses import Page, PagePosition, body_of

if TYPE_CHECKING:
    from ingest_bench.simulator.handler import NextHandler
    from ingest_bench.simulator.metrics import RequestTiming
    from ingest_bench.simulator.options import Options

STRANGE_IDS = (
    "../../escape",
    "/etc/passwd",
    "nul\0byte",
    "x" * 300,
    "CON",
    "con",
    "\u0130tem-\U0001f6f0",
    "line\nbreak",
    " ",
    ".",
)
_NESTING = 1_100
"""Levels: just more than strict parsers follow."""


class BadItem(PageFault):
    """Every page has one extra member that is no item: null, or an object without an id."""

    name = "bad-item"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:  # noqa: ARG002 - the same everywhere
        """Insert the member in the middle of the page."""
        features = page["features"]
        broken = None if self.applied % 2 else {"type": "Feature", "properties": {}}
        features.insert(len(features) // 2, broken)
        return True


class StrangeIds(PageFault):
    """First pages start with items whose ids are paths, device names, control characters or very long."""

    name = "strange-ids"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Insert copies of the first item under those ids."""
        features = page["features"]
        if position.start or not features:
            return False
        page["features"] = [*({**features[0], "id": other} for other in STRANGE_IDS), *features]
        return True


class LinkWithoutRel(Fault):
    """All documents have links without `rel` or `href`, or that are no objects."""

    name = "link-without-rel"

    async def __call__(self, request: web.Request, timing: RequestTiming, call_next: NextHandler) -> web.StreamResponse:
        """Return the document with those links before the others."""
        response = await call_next(request, timing)
        if isinstance(response, web.Response) and response.content_type.endswith("json"):
            document = orjson.loads(body_of(response))
            if isinstance(document.get("links"), list):
                document["links"] = [{"href": "."}, {"rel": "next"}, "next", None, *document["links"]]
                response.body = orjson.dumps(document)
                self.applied += 1
        return response


class NoCounts(Fault):
    """Pages have no `numberMatched`."""

    name = "no-counts"

    def options(self, options: Options) -> Options:
        """Return the options without counts."""
        return replace(options, counts=False)


class CountTooHigh(PageFault):
    """`numberMatched` is the true count times the value."""

    name = "count-too-high"
    default = 2

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace the count."""
        page["numberMatched"] = self.count(position)
        return True

    def count(self, position: PagePosition) -> int:
        """Return the wrong count."""
        return int(position.matched * self.value)


class CountTooLow(CountTooHigh):
    """`numberMatched` is the true count divided by the value."""

    name = "count-too-low"

    def count(self, position: PagePosition) -> int:
        """Return the wrong count."""
        return int(position.matched // max(1, self.value))


class CountMoves(CountTooHigh):
    """`numberMatched` grows by the value with each page requested."""

    name = "count-moves"
    default = 1

    def count(self, position: PagePosition) -> int:
        """Return the count at this moment."""
        return int(position.matched + self.value * self.applied)


class CountFalls(CountTooHigh):
    """`numberMatched` is too high by the value on the first page requested, as when items are deleted after it."""

    name = "count-falls"
    default = 1

    def count(self, position: PagePosition) -> int:
        """Return the count at this moment."""
        return int(position.matched + (0 if self.applied else self.value))


class CountAbsurd(CountTooHigh):
    """`numberMatched` is the value in every search."""

    name = "count-absurd"
    default = 10**12

    def count(self, position: PagePosition) -> int:  # noqa: ARG002 - the same everywhere
        """Return the value."""
        return int(self.value)


class IgnoreFilters(Fault):
    """Filters are accepted and ignored; the value names which."""

    name = "ignore-filters"
    default = "datetime,bbox,query,intersects,ids"

    def options(self, options: Options) -> Options:
        """Return the options with those parameters ignored."""
        return replace(options, ignored=(*options.ignored, *self.value.split(",")))


class ClampLimit(Fault):
    """Pages hold at most as many items as the value, whatever `limit` is, without any notice."""

    name = "clamp-limit"
    default = 7

    def options(self, options: Options) -> Options:
        """Return the options with a smaller maximal page."""
        return replace(options, max_page=min(options.max_page, max(1, self.value)))


class _JsonFault(Fault):
    """Changes the text of pages in ways that no JSON library writes."""

    layer = 1

    async def page(self, request: web.Request, page: Page) -> web.StreamResponse:  # noqa: ARG002 - the same everywhere
        """Return the page with its text changed."""
        changed = self.text(body_of(page))
        self.applied += changed != body_of(page)
        page.body = changed
        return page

    def text(self, body: bytes) -> bytes:
        """Return the changed text of a page."""
        raise NotImplementedError


class JsonBom(_JsonFault):
    """Pages start with a byte order mark."""

    name = "json-bom"

    def text(self, body: bytes) -> bytes:
        """Return the page with the mark in front."""
        return b"\xef\xbb\xbf" + body


class JsonDuplicateKeys(_JsonFault):
    """Pages have the key `features` twice, first with an empty list; parsers take the last one."""

    name = "json-duplicate-keys"

    def text(self, body: bytes) -> bytes:
        """Return the page with the empty list in front."""
        return b'{"features":[],' + body[1:]


class NextDeepBody(_JsonFault):
    """`next` is a POST with a body that is nested as many levels deep as the value."""

    name = "next-deep-body"
    default = 400

    def text(self, body: bytes) -> bytes:
        """Return the page with the nested list in the body of `next`."""
        deep = b'"deep":' + b"[" * self.value + b"]" * self.value
        return body.replace(b'"body":{', b'"body":{' + deep + b",")


class _JsonItem(_JsonFault):
    """Adds an item to pages that a strict parser refuses."""

    item: ClassVar[bytes]

    def text(self, body: bytes) -> bytes:
        """Return the page with the item before the others."""
        rest = body.replace(b'"features":[', b'"features":[' + self.item + b",", 1)
        return rest.replace(self.item + b",]", self.item + b"]", 1)


class JsonNan(_JsonItem):
    """Every page holds an item with NaN in its properties, which isn't JSON."""

    name = "json-nan"
    item = b'{"type":"Feature","id":"nan","properties":{"datetime":null,"cover":NaN},"links":[]}'


class JsonSurrogate(_JsonItem):
    """Every page holds an item with a lone surrogate in its id."""

    name = "json-surrogate"
    item = rb'{"type":"Feature","id":"half-\ud83d","properties":{"datetime":null},"links":[]}'


class JsonDeep(_JsonItem):
    """Every page holds an item that is nested just deeper than strict parsers follow."""

    name = "json-deep"
    item = (
        b'{"type":"Feature","id":"deep","properties":{"datetime":null,"deep":'
        + b"[" * _NESTING
        + b"]" * _NESTING
        + b'},"links":[]}'
    )
