"""Faulty paging: loops, endless or empty pages, items that are repeated or missing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from ingest_bench.simulator.faults.base import PageFault, is_last, page_number, set_next
from ingest_bench.simulator.faults.paging_styles import FreshTokens, base

if TYPE_CHECKING:
    from ingest_bench.simulator.paging import Paging
    from ingest_bench.simulator.responses import PagePosition


class _NextFault(PageFault):
    """Rewrites where `next` leads."""

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Replace `next`, where it is to lead elsewhere."""
        start = self.leads_to(position)
        if start is None:
            return False
        set_next(page, position.link(start))
        return True

    def leads_to(self, position: PagePosition) -> int | None:
        """Return how many items come before the page that `next` leads to; None to keep it as it is."""
        raise NotImplementedError


class _Fresh(_NextFault):
    """Gives every link a new token, so that a loop can't be detected by the link."""

    def paging(self, paging: Paging) -> Paging:
        """Return paging with fresh tokens; page numbers and offsets stay."""
        return FreshTokens(paging) if paging.parameter == "token" else paging


class _Delaying(_Fresh):
    """Delays each page past the first by as many visits as the value, on which `next` leads to the page itself."""

    default: ClassVar[int | float | str | None] = 1

    def reset(self) -> None:
        """Forget the visits as well."""
        super().reset()
        self._visits: Counter[str] = Counter()

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the page itself, on each visit before the one that shows it."""
        if position.start == 0:
            return None
        key = str(base(position.cursor))
        self._visits[key] = (self._visits[key] + 1) % (self.value + 1)
        return position.start if self._visits[key] else None


class NextSelf(_NextFault):
    """From the page with that number on, `next` leads to the page that it is on."""

    name = "next-self"
    own_client_only = True
    default = 2

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the page itself."""
        return position.start if page_number(position) >= self.value else None


class NextEarlier(_NextFault):
    """From the page with that number on, `next` leads to the page before."""

    name = "next-earlier"
    own_client_only = True
    default = 3

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the page before."""
        return max(0, position.start - position.limit) if page_number(position) >= self.value else None


class EndlessNext(_Fresh):
    """The last page leads to the first one again, with fresh tokens."""

    name = "endless-next"
    own_client_only = True

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the first page, from the last one."""
        return 0 if is_last(position) else None


class EndlessEmpty(_Fresh):
    """The last page leads to empty pages, each with a fresh `next`."""

    name = "endless-empty"
    own_client_only = True

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the page after the last one."""
        return position.start + position.limit if is_last(position) else None


class EmptyPages(_Delaying):
    """Before each page past the first there are empty ones with a fresh `next`; the value is their number."""

    name = "empty-page"
    nothing: ClassVar[list[Any] | None] = []

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Empty the page, and replace `next` by a link to the same page."""
        changed = super().edit(page, position)
        if changed:
            page["features"] = self.nothing
        return changed


class NullFeatures(EmptyPages):
    """As empty-page, but `features` is null."""

    name = "null-features"
    nothing = None


class TrailingEmpty(_NextFault):
    """The last page that holds items has a `next` to an empty one."""

    name = "trailing-empty-page"

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Add the link to the empty page."""
        return bool(page["features"]) and super().edit(page, position)

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the page after the last one."""
        return position.start + position.limit if is_last(position) else None


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

    def edit(self, page: dict[str, Any], position: PagePosition) -> bool:
        """Remember the page's last item; repeat that of the page before, where there is one."""
        features = page["features"]
        if not features:
            return False
        self._last[_name(position, position.start + position.limit)] = features[-1]
        before = self._last.get(_name(position, position.start)) if position.start else None
        if before is None:
            return False
        self.repeat(features, before)
        return True

    def repeat(self, features: list[Any], before: Any) -> None:
        """Put the item of the page before among those of this one."""
        raise NotImplementedError


class DuplicateItem(_Remembering):
    """Every page starts with the last item of the one before, as when items are added while a client pages."""

    name = "duplicate-item"

    def repeat(self, features: list[Any], before: Any) -> None:
        """Insert the item in front."""
        features.insert(0, before)


class DuplicatePage(_Delaying):
    """Every page past the first is repeated, under fresh tokens; the value is the number of repeats."""

    name = "duplicate-page"


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


class UnstableSort(_Remembering):
    """Every page past the first has an item of the one before in place of one of its own, which is lost."""

    name = "unstable-sort"

    def repeat(self, features: list[Any], before: Any) -> None:
        """Replace the first item."""
        features[0] = before


class LimitZero(_Fresh):
    """`limit=0` gets an empty page with an endless `next`."""

    name = "limit-zero-endless"
    own_client_only = True

    def leads_to(self, position: PagePosition) -> int | None:
        """Return the first page, from an empty one."""
        return None if position.limit else 0


def _name(position: PagePosition, at: int) -> str:
    """Return a name of the page that starts there, different from those of other searches."""
    link = position.link(at)
    return str(link.get("body", link["href"]))
