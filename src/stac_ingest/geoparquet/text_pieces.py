"""Row templates to the pieces of text that a row is put together of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import orjson

from stac_ingest.geoparquet.row_template import Array, Column, Conditional, Constant, Object, RowTemplate
from stac_ingest.geoparquet.text_pool import Leaf, NotPlainError

Mask: TypeAlias = npt.NDArray[np.bool_]
Piece: TypeAlias = "str | Leaf"


class Pieces:
    """The pieces of rows, in order, and which rows each is in."""

    def __init__(self, columns: Sequence[Sequence[Piece]], flags: Mapping[int, Mask]) -> None:
        """Begin without a piece.

        Args:
            columns: the pieces of each column that a template speaks of.
            flags: the truth values of those columns that have these instead.

        """
        self._columns = columns
        self._flags = flags
        self._combined: dict[tuple[int, int], Mask] = {}
        self._inverted: dict[int, Mask] = {}
        self._kept: list[Mask] = []
        self.pieces: list[Piece] = []
        self.masks: list[Mask | None] = []
        """Where a piece isn't in every row: which it is in. Neighbours in the same rows have the same object."""

    def put(self, template: RowTemplate, mask: Mask | None = None) -> None:
        """Append what a template says, in the rows of the mask.

        Raises:
            NotPlainError: an object has two members of one name.

        """
        if isinstance(template, Constant):
            self.put_piece(orjson.dumps(template.value).decode(), mask)
        elif isinstance(template, Column):
            for piece in self._columns[template.number]:
                self.put_piece(piece, mask)
        elif isinstance(template, Array):
            self._put_array(template, mask)
        elif isinstance(template, Conditional):
            flags = self._flags[template.test.number]
            if (others := self._inverted.get(template.test.number)) is None:
                others = self._inverted[template.test.number] = ~flags
            self.put(template.then, self._both(mask, flags))
            self.put(template.otherwise, self._both(mask, others))
        else:
            self._put_object(template, mask)

    def put_piece(self, piece: Piece, mask: Mask | None = None) -> None:
        """Append a piece, in the rows of the mask."""
        last = self.pieces[-1] if self.pieces else None
        if isinstance(piece, str) and isinstance(last, str) and self.masks[-1] is mask:
            self.pieces[-1] = last + piece
        else:
            self.pieces.append(piece)
            self.masks.append(mask)

    def _put_array(self, template: Array, mask: Mask | None) -> None:
        before = "["
        for element in template.elements:
            self.put_piece(before, mask)
            self.put(element, mask)
            before = ","
        self.put_piece("]" if template.elements else "[]", mask)

    def _put_object(self, template: Object, mask: Mask | None) -> None:
        if len({member.name for member in template.members}) != len(template.members):
            raise NotPlainError("an object has two members of one name")
        self.put_piece("{", mask)
        some: Mask | None = None  # rows that have a member so far
        all_have = False
        for member in template.members:
            flags = None if member.present is None else self._flags[member.present.number]
            within = mask if flags is None else self._both(mask, flags)
            if all_have:
                self.put_piece(",", within)
            elif some is not None:
                self.put_piece(",", self._both(within, some))
            self.put_piece(orjson.dumps(member.name).decode() + ":", within)
            self.put(member.value, within)
            if flags is None:
                all_have = True
            elif not all_have:
                some = flags if some is None else some | flags
        self.put_piece("}", mask)

    def _both(self, mask: Mask | None, other: Mask) -> Mask:
        if mask is None:
            return other
        found = self._combined.get((id(mask), id(other)))
        if found is None:
            found = self._combined[id(mask), id(other)] = mask & other
            self._kept += [mask, other]  # so that no other has its number
        return found
