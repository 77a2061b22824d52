"""Faulty paging: loops, endless or empty pages, items that are repeated or missing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from ingest_bench.simulator.faults.base import PageFault, is_last, page_number, set_next
from ingest_bench.simulator.faults.paging_styles import FreshTokens, base

if TYPE_CHECKING:
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.responses import PagePosition


class _Fresh(PageFault):
    """Gives every link a new token, so that a loop can't be detected by the link."""

    def paging(self, paging: Paging) -> Paging:
        """Return paging with fresh tokens; page numbers and offsets stay."""
        return FreshTokens(paging) if paging.parameter == "token" else paging


class _Delaying(_Fresh):
    """Delays each page past the first by as many visits as the value."""

    default: ClassVar[int | float | str | None] = 1

    def reset(self) -> None:
        """Forget the visits as well."""
        super().reset()
        self._visits: Counter[str] = Counter()

    def delays(self, position: PagePosition) -> bool:
        """Whether this visit is one of those before the page is shown."""
        if position.start == 0:
            return False
        key = str(base(position.cursor))
        self._visits[key] = (self._visits[key] + 1) % (self.value + 1)
        return self._visits[key] != 0


class NextSelf(PageFault):
    """From the page with that number on, `next` leads to the page that it is on."""

    name = "next-self"
    own_client_only = True
    default = 2

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next` by a link back."""
        if page_number(position) < self.value:
            return False
        set_next(page, position.link(position.start))
        return True


class NextEarlier(PageFault):
    """From the page with that number on, `next` leads to the page before."""

    name = "next-earlier"
    own_client_only = True
    default = 3

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next` by a link back."""
        if page_number(position) < self.value:
            return False
        set_next(page, position.link(max(0, position.start - position.limit)))
        return True


class EndlessNext(_Fresh):
    """The last page leads to the first one again, with fresh tokens."""

    name = "endless-next"
    own_client_only = True

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next` of the last page by a link to the first one."""
        if not is_last(position):
            return False
        set_next(page, position.link(0))
        return True


class EndlessEmpty(_Fresh):
    """The last page leads to empty pages, each with a fresh `next`."""

    name = "endless-empty"
    own_client_only = True

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next` of the last page by a link to an empty one."""
        if not is_last(position):
            return False
        set_next(page, position.link(position.start + position.limit))
        return True


class EmptyPages(_Delaying):
    """Before each page past the first there are empty ones with a fresh `next`; the value is their number."""

    name = "empty-page"
    nothing: ClassVar[list[Any] | None] = []

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Empty the page, and replace `next` by a link to the same page."""
        if not self.delays(position):
            return False
        page["features"] = self.nothing
        set_next(page, position.link(position.start))
        return True


class NullFeatures(EmptyPages):
    """As empty-page, but `features` is null."""

    name = "null-features"
    nothing = None


class TrailingEmpty(PageFault):
    """The last page that holds items has a `next` to an empty one."""

    name = "trailing-empty-page"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Add the link to the empty page."""
        if not page["features"] or not is_last(position):
            return False
        set_next(page, position.link(position.start + position.limit))
        return True


class MissingNext(PageFault):
    """The page with that number has no `next`, though more items would follow."""

    name = "missing-next"
    default = 2

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Remove `next`."""
        if page_number(position) != self.value or is_last(position):
            return False
        set_next(page, None)
        return True


class _Remembering(PageFault):
    """Remembers the last item of the page before, if that was requested first."""

    def reset(self) -> None:
        """Forget the items as well."""
        super().reset()
        self._last: dict[str, Any] = {}

    def before(self, page: dict[str, Any], position: PagePosition) -> dict[str, Any] | None:
        """Remember the page's last item; return that of the page before, None where there is none."""
        if not page["features"]:
            return None
        self._last[_name(position, position.start + position.limit)] = page["features"][-1]
        return self._last.get(_name(position, position.start)) if position.start else None


class DuplicateItem(_Remembering):
    """Every page starts with the last item of the one before, as when items are added while a client pages."""

    name = "duplicate-item"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Insert the item in front."""
        before = self.before(page, position)
        if before is None:
            return False
        page["features"].insert(0, before)
        return True


class UnstableSort(_Remembering):
    """Every page past the first has an item of the one before in place of one of its own, which is lost."""

    name = "unstable-sort"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace the first item."""
        before = self.before(page, position)
        if before is None:
            return False
        page["features"][0] = before
        return True


class DeletedWhilePaging(PageFault):
    """Every page past the first lacks its first item, as when items are deleted while a client pages."""

    name = "deleted-while-paging"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Remove the first item."""
        if not position.start or not page["features"]:
            return False
        del page["features"][0]
        page["numberReturned"] -= 1
        return True


class DuplicatePage(_Delaying):
    """Every page past the first is repeated, under fresh tokens; the value is the number of repeats."""

    name = "duplicate-page"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next` by a link to the same page."""
        if not self.delays(position):
            return False
        set_next(page, position.link(position.start))
        return True


class LimitZero(_Fresh):
    """`limit=0` gets an empty page with an endless `next`."""

    name = "limit-zero-endless"
    own_client_only = True

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Add a `next` to the empty page."""
        if position.limit:
            return False
        set_next(page, position.link(0))
        return True


def _name(position: PagePosition, at: int) -> str:
    """Return a name of the page that starts there, different from those of other searches."""
    link = position.link(at)
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
