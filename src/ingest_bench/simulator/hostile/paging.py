"""Pages that lead astray: loops, pages without end or without items, items that come twice or not at all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from ingest_bench.simulator.hostile.base import PageFault, is_last, number, set_next
from ingest_bench.simulator.hostile.tokens import FreshTokens, base

if TYPE_CHECKING:
    from ingest_bench.simulator.answers import Place
    from ingest_bench.simulator.paging import Paging


class _Fresh(PageFault):
    """Gives every link a token of its own, so that no client can tell by the link that it has been there."""

    def paging(self, paging: Paging) -> Paging:
        """Make tokens fresh; numbers can't be."""
        return FreshTokens(paging) if paging.parameter == "token" else paging


class _Delaying(_Fresh):
    """Does something else so many times before it shows a page past the first."""

    default: ClassVar[int | float | str | None] = 1

    def reset(self) -> None:
        """Forget which pages were asked for."""
        super().reset()
        self._visits: Counter[str] = Counter()

    def delays(self, place: Place) -> bool:
        """Whether this visit is not yet the one that gets on."""
        if place.start == 0:
            return False
        key = str(base(place.position))
        self._visits[key] = (self._visits[key] + 1) % (self.value + 1)
        return self._visits[key] != 0


class NextSelf(PageFault):
    """From the page of that number on, `next` leads to the page that it is on."""

    name = "next-self"
    default = 2

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Lead back."""
        if number(place) < self.value:
            return False
        set_next(page, place.link(place.start))
        return True


class NextEarlier(PageFault):
    """From the page of that number on, `next` leads to the page before."""

    name = "next-earlier"
    default = 3

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Lead back."""
        if number(place) < self.value:
            return False
        set_next(page, place.link(max(0, place.start - place.limit)))
        return True


class EndlessNext(_Fresh):
    """Behind the last page all begins anew, under tokens that were never seen before."""

    name = "endless-next"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Go on."""
        if not is_last(place):
            return False
        set_next(page, place.link(0))
        return True


class EndlessEmpty(_Fresh):
    """Behind the last page come empty pages, each with a fresh `next`."""

    name = "endless-empty"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Go on."""
        if not is_last(place):
            return False
        set_next(page, place.link(place.start + place.limit))
        return True


class EmptyPages(_Delaying):
    """Before each page past the first come empty ones, so many, with a fresh `next` to go on with."""

    name = "empty-page"
    nothing: ClassVar[list[Any] | None] = []

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Show nothing, and lead to the same place."""
        if not self.delays(place):
            return False
        page["features"] = self.nothing
        set_next(page, place.link(place.start))
        return True


class NullFeatures(EmptyPages):
    """As empty-page, but `features` is null."""

    name = "null-features"
    nothing = None


class TrailingEmpty(PageFault):
    """The last page that holds items carries a `next` to an empty one."""

    name = "trailing-empty-page"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Add the link."""
        if not page["features"] or not is_last(place):
            return False
        set_next(page, place.link(place.start + place.limit))
        return True


class MissingNext(PageFault):
    """The page of that number has no `next`, though more items would follow."""

    name = "missing-next"
    default = 2

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Drop the link."""
        if number(place) != self.value or is_last(place):
            return False
        set_next(page, None)
        return True


class _Remembering(PageFault):
    """Knows the last item of the page before, if that was asked for first."""

    def reset(self) -> None:
        """Forget the items."""
        super().reset()
        self._last: dict[str, Any] = {}

    def before(self, page: dict[str, Any], place: Place) -> dict[str, Any] | None:
        """Remember the page's last item, and give that of the page before."""
        if not page["features"]:
            return None
        self._last[_name(place, place.start + place.limit)] = page["features"][-1]
        return self._last.get(_name(place, place.start)) if place.start else None


class DuplicateItem(_Remembering):
    """Every page begins with the last item of the one before, as when items come in while a client pages."""

    name = "duplicate-item"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Put it in front."""
        before = self.before(page, place)
        if before is None:
            return False
        page["features"].insert(0, before)
        return True


class UnstableSort(_Remembering):
    """Every page past the first repeats an item of the one before in place of one of its own, which is lost."""

    name = "unstable-sort"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Exchange the first item."""
        before = self.before(page, place)
        if before is None:
            return False
        page["features"][0] = before
        return True


class DeletedWhilePaging(PageFault):
    """Every page past the first lacks its first item, as when items are deleted while a client pages."""

    name = "deleted-while-paging"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Leave it out."""
        if not place.start or not page["features"]:
            return False
        del page["features"][0]
        page["numberReturned"] -= 1
        return True


class DuplicatePage(_Delaying):
    """Every page past the first comes several times over, under fresh tokens."""

    name = "duplicate-page"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Show the page, and lead to it again."""
        if not self.delays(place):
            return False
        set_next(page, place.link(place.start))
        return True


class LimitZero(_Fresh):
    """`limit=0` is answered with an empty page and an endless `next`."""

    name = "limit-zero-endless"

    def edit(self, page: dict[str, Any], place: Place) -> bool:
        """Go on."""
        if place.limit:
            return False
        set_next(page, place.link(0))
        return True


def _name(place: Place, at: int) -> str:
    """Tell the page that begins there from those of other searches."""
    link = place.link(at)
    return str(link.get("body", link["href"]))


ALL = (
    NextSelf,
    NextEarlier,
    EndlessNext,
    EndlessEmpty,
    EmptyPages,
    NullFeatures,
    TrailingEmpty,
    MissingNext,
    DuplicateItem,
    DuplicatePage,
    DeletedWhilePaging,
    UnstableSort,
    LimitZero,
)
