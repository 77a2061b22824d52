"""What is wrong with what pages hold: items, counts, the JSON itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web

from ingest_bench.simulator.answers import Page, Place, body_of
from ingest_bench.simulator.hostile.base import Fault, PageFault

if TYPE_CHECKING:
    from ingest_bench.simulator.behaviours import Answer
    from ingest_bench.simulator.options import Options
    from ingest_bench.simulator.window import Visit

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
_NESTING = 10_000


class BadItem(PageFault):
    """Every page holds one member more that is no item: null, or an object without an id."""

    name = "bad-item"

    def edit(self, page: dict[str, Any], place: Place) -> bool:  # noqa: ARG002 - the same everywhere
        """Put it in the middle."""
        features = page["features"]
        broken = None if self.hits % 2 else {"type": "Feature", "properties": {}}
        features.insert(len(features) // 2, broken)
        return True


class StrangeIds(PageFault):
    """First pages begin with items whose ids are paths, device names, control characters or very long."""

    name = "strange-ids"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Make them of the first item."""
        features = page["features"]
        if place.start or not features:
            return False
        page["features"] = [*({**features[0], "id": other} for other in STRANGE_IDS), *features]
        return True


class LinkWithoutRel(Fault):
    """All documents carry links that have no `rel`, no `href`, or are no objects."""

    name = "link-without-rel"

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Put them before the others."""
        response = await answer(request, visit)
        if isinstance(response, web.Response) and response.content_type.endswith("json"):
            document = orjson.loads(body_of(response))
            if isinstance(document.get("links"), list):
                document["links"] = [{"href": "."}, {"rel": "next"}, "next", None, *document["links"]]
                response.body = orjson.dumps(document)
                self.hits += 1
        return response


class NoCounts(Fault):
    """Pages have no `numberMatched`."""

    name = "no-counts"

    def options(self, options: Options) -> Options:
        """Leave it out."""
        return replace(options, counts=False)


class CountTooHigh(PageFault):
    """`numberMatched` is so many times what there is."""

    name = "count-too-high"
    default = 2

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Change the count."""
        page["numberMatched"] = self.count(place)
        return True

    def count(self, place: Place) -> int:
        """Give the wrong count."""
        return int(place.matched * self.value)


class CountTooLow(CountTooHigh):
    """`numberMatched` is that part of what there is."""

    name = "count-too-low"

    def count(self, place: Place) -> int:
        """Give the wrong count."""
        return int(place.matched // max(1, self.value))


class CountMoves(CountTooHigh):
    """`numberMatched` grows by so many with each page that is asked for."""

    name = "count-moves"
    default = 1

    def count(self, place: Place) -> int:
        """Give the count of this moment."""
        return int(place.matched + self.value * self.hits)


class CountAbsurd(CountTooHigh):
    """`numberMatched` is that number, whatever is asked for."""

    name = "count-absurd"
    default = 10**12

    def count(self, place: Place) -> int:  # noqa: ARG002 - the same everywhere
        """Give the number."""
        return int(self.value)


class IgnoreFilters(Fault):
    """Filters are taken and not heeded; the value names which."""

    name = "ignore-filters"
    default = "datetime,bbox,query,intersects,ids"

    def options(self, options: Options) -> Options:
        """Ignore them."""
        return replace(options, ignored=(*options.ignored, *self.value.split(",")))


class ClampLimit(Fault):
    """Pages hold so many items at most, whatever `limit` says, and nothing tells."""

    name = "clamp-limit"
    default = 7

    def options(self, options: Options) -> Options:
        """Clamp."""
        return replace(options, max_page=min(options.max_page, max(1, self.value)))


class _JsonFault(Fault):
    """Changes the text of pages, beyond what a JSON library would write."""

    layer = 1

    async def __call__(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        """Have the page made, then change its text."""
        response = await answer(request, visit)
        if isinstance(response, Page) and await self.concerns(request):
            changed = self.text(body_of(response))
            self.hits += changed != body_of(response)
            response.body = changed
        return response

    def text(self, body: bytes) -> bytes:
        """Change the text."""
        raise NotImplementedError


class JsonBom(_JsonFault):
    """Pages begin with a byte order mark."""

    name = "json-bom"

    def text(self, body: bytes) -> bytes:
        """Put it in front."""
        return b"\xef\xbb\xbf" + body


class JsonDuplicateKeys(_JsonFault):
    """Pages name `features` twice, first with nothing in it; in JSON the last one counts."""

    name = "json-duplicate-keys"

    def text(self, body: bytes) -> bytes:
        """Put the first in front."""
        return b'{"features":[],' + body[1:]


class NextDeepBody(_JsonFault):
    """`next` is a POST whose body is nested so many levels deep: more than many parsers read, or can write again."""

    name = "next-deep-body"
    default = 400

    def text(self, body: bytes) -> bytes:
        """Put it into the body."""
        deep = b'"deep":' + b"[" * self.value + b"]" * self.value
        return body.replace(b'"body":{', b'"body":{' + deep + b",")


class _JsonItem(_JsonFault):
    """Adds an item to pages that a strict parser refuses."""

    item: ClassVar[bytes]

    def text(self, body: bytes) -> bytes:
        """Put it in front of the others."""
        rest = body.replace(b'"features":[', b'"features":[' + self.item + b",", 1)
        return rest.replace(self.item + b",]", self.item + b"]", 1)


class JsonNan(_JsonItem):
    """Every page holds an item with NaN in its properties, which is no JSON."""

    name = "json-nan"
    item = b'{"type":"Feature","id":"nan","properties":{"datetime":null,"cover":NaN},"links":[]}'


class JsonSurrogate(_JsonItem):
    """Every page holds an item with half a character in its id."""

    name = "json-surrogate"
    item = rb'{"type":"Feature","id":"half-\ud83d","properties":{"datetime":null},"links":[]}'


class JsonDeep(_JsonItem):
    """Every page holds an item that is nested ten thousand levels deep."""

    name = "json-deep"
    item = (
        b'{"type":"Feature","id":"deep","properties":{"datetime":null,"deep":'
        + b"[" * _NESTING
        + b"]" * _NESTING
        + b'},"links":[]}'
    )


ALL = (
    BadItem,
    StrangeIds,
    LinkWithoutRel,
    NoCounts,
    CountTooHigh,
    CountTooLow,
    CountMoves,
    CountAbsurd,
    IgnoreFilters,
    ClampLimit,
    JsonBom,
    JsonDuplicateKeys,
    NextDeepBody,
    JsonNan,
    JsonSurrogate,
    JsonDeep,
)
