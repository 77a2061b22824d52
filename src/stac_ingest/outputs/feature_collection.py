"""One GeoJSON FeatureCollection, with an item a line, so that it is written and resumed as lines are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stac_ingest.core.id_set import Key
from stac_ingest.core.model import Item
from stac_ingest.core.rows import Line
from stac_ingest.outputs.base import parsed
from stac_ingest.outputs.ndjson import LineForm, NdjsonOutput, Tail, unmarked_tail

_BEGIN, _END = b'{"type":"FeatureCollection","features":[\n', b"]}\n"
_COMMA = b","


class _CollectionForm(LineForm):
    """Between a first line and a last one, each line but the first begins with a comma."""

    name = "items.geojson"

    def encoded(self, lines: Sequence[Line], *, is_first: bool) -> bytes:
        """Return a batch of lines, each behind what is between it and the one before."""
        return (_BEGIN if is_first else _COMMA) + b"\n,".join(lines) + b"\n"

    def end(self, *, is_empty: bool) -> bytes:
        """Return what makes the file JSON."""
        return _BEGIN + _END if is_empty else _END

    def tail(self, descriptor: int, is_completed: Callable[[Key], bool]) -> Tail:
        """Look for items at the end; the last line of a file that was finished is none, and is written anew."""
        is_begun = os.pread(descriptor, len(_BEGIN), 0) == _BEGIN
        found = unmarked_tail(descriptor, is_completed, begin=len(_BEGIN), prefix=_COMMA)
        has_items = is_begun and (found.marked or found.unmarked)
        return found if has_items else Tail(0, [], marked=False)


class FeatureCollectionOutput(NdjsonOutput):
    """Writes `items.geojson`, which is JSON once it has this name; until then it is called `items.geojson.part`."""

    form = _CollectionForm()


def read_features(path: Path) -> Iterator[Item]:
    """Yield the items of a file that this output wrote, one at a time.

    Raises:
        DataProcessingError: a line is no JSON.

    """
    with path.open("rb") as stream:
        for line in stream:
            if line not in (_BEGIN, _END):
                yield parsed(line.removeprefix(_COMMA), path)
