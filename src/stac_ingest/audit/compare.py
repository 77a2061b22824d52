"""The comparison: the output is read first, then each item of the other side is looked for in it.

So the other side, which may be a server, is read once, and what the output lacks is at hand when it is found. The
output is read a second time where it has items that the other side hasn't, or has otherwise, or has items twice: for
their names.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import aclosing
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b

from stac_ingest.audit.differences import differing_members
from stac_ingest.audit.findings import Findings
from stac_ingest.audit.inventories import Inventory
from stac_ingest.audit.ledger import Ledger
from stac_ingest.audit.side import Side
from stac_ingest.audit.spool import ItemSpool
from stac_ingest.audit.task import AuditTask
from stac_ingest.config import IngestConfig
from stac_ingest.core.collector import collected_now_and_then
from stac_ingest.core.id_set import DeliveredItems, Delivery, IdSet, Key, key_of
from stac_ingest.core.model import Item
from stac_ingest.core.sorted_hashes import Entry

MOST_COMPARED = 10_000
"""Different items of which it is said in which members, where none is to be repaired: so many wait on disk."""
Progress = Callable[[str, int], None]
"""Told what is done and how many items were read so far."""


class State(IntEnum):
    """What is known of an item of the output."""

    UNSEEN = 0
    """The other side hasn't got it, so far."""
    SAME = 1
    DIFFERENT = 2


class Audit:
    """Compares the two sides.

    Attributes:
        output, source: the two, with what was read of them.
        missing, extra, different: how many there are; of extra ones None where it isn't known.
        held: the output's items; the number beside each is the hash of its content, or of its collection.
        states: a `State` for each of them.
        lacking, differing: the source's items that the output lacks, or has otherwise, where they are kept.

    """

    def __init__(self, task: AuditTask, progress: Progress = lambda *_: None) -> None:
        """Begin.

        Raises:
            DataProcessingError: the folder of the report can't be written to.

        """
        self.task = task
        self.output, self.source = Side("the output"), Side("the source")
        self.missing, self.different = 0, 0
        self.extra: int | None = 0
        self._by_id = not isinstance(task.against, IngestConfig) and not task.against.has_collections
        self.held = Ledger(task.report.parent, by_id=self._by_id)
        self.states = bytearray()
        self.findings = Findings(task.report)
        self.lacking, self.differing = ItemSpool(task.report.parent), ItemSpool(task.report.parent)
        self._form = task.form()
        self._progress = progress
        self._absent = IdSet()

    def close(self) -> None:
        """Let go of the files without names."""
        self.held.close()
        self.lacking.close()
        self.differing.close()

    async def compare(self) -> None:
        """Read both sides, and name what differs.

        Raises:
            ConfigurationError: there are no items where the settings of a side point.
            DataProcessingError: what differs can't be written down.

        """
        try:
            with collected_now_and_then() as collect:
                await self._read_output(collect)
                if not self.output.unreadable:
                    await self._read_source(collect)
                    await self._name_in_output(collect)
            self.findings.finish()
        except BaseException:
            self.findings.abandon()
            raise

    def place_of(self, key: Key) -> int | None:
        """Return the place of an item of the output in the ledger; None where it isn't one that was compared.

        By id alone, items of several collections are found together: they are told apart by their collections here.
        """
        entries = self.held.find(*key)
        if self._by_id:
            entries = [entry for entry in entries if entry.number == _number_of(key[0])]
        return entries[0].place if entries else None

    def is_missing(self, item: Item) -> bool:
        """Whether an item is one that was named as missing."""
        against = self.task.against
        collection, item_id = key_of(item)
        has_collections = isinstance(against, IngestConfig) or against.has_collections
        return self._absent.has(collection if has_collections else self._listed_collection, item_id)

    @property
    def _listed_collection(self) -> str:
        """The collection of the entries of an inventory that says none."""
        return self.task.output.collection_id or ""

    async def _read_output(self, collect: Callable[[], None]) -> None:
        counted = self._counted("reading the output", collect)
        has_content = self.task.compares_content
        async with aclosing(self.output.read(self.task.output, counted, deliveries=_NoneBefore())) as items:
            async for item in items:
                key = key_of(item)
                self.held.add(*key, self._form.digest(item) if has_content else _number_of(key[0]))
        self.held.sort()
        self.output.items, self.output.repeated = len(self.held), self.held.repeated
        self.states = bytearray(len(self.held))

    async def _read_source(self, collect: Callable[[], None]) -> None:
        against = self.task.against
        counted = self._counted("reading the reference", collect)
        if not isinstance(against, IngestConfig):
            wanted = self.task.output.wanted_collections()
            for key in self.source.keys(against, counted):
                if not against.has_collections:
                    self._look_up((self._listed_collection, key[1]), against)
                elif not wanted or key[0] in wanted:
                    self._look_up(key, against)
            return

        def repeated(key: Key) -> None:
            self.findings.add(key, "repeated", side="source")

        modifiers = self.task.modifiers
        # What modifiers make of an item may have another key than the one that it came with.
        came = None if modifiers else _Came(self.held, self.states)
        async with aclosing(self.source.read(against, counted, repeated, modifiers, deliveries=came)) as items:
            async for item in items:
                self._look_up_item(item, _entry(self.held, key_of(item)) if came is None else came.latest)

    def _look_up_item(self, item: Item, entry: Entry | None) -> None:
        key = key_of(item)
        if entry is None:
            self._absent.add(*key)
            self._miss(key)
            if self.task.keep:
                self.lacking.add(item)
            return
        same = not self.task.compares_content or entry.number == self._form.digest(item)
        self.states[entry.place] = State.SAME if same else State.DIFFERENT
        if not same:
            self.different += 1
            if self.task.keep or self.different <= MOST_COMPARED:
                self.differing.add(item)

    def _look_up(self, key: Key, inventory: Inventory) -> None:
        """Look for an entry of an inventory. Several entries may be of one item where they are keys of objects."""
        places = [entry.place for entry in self.held.find(*key)]
        again = self.states[places[0]] != State.UNSEEN if places else not self._absent.add(*key)
        for place in places:
            self.states[place] = State.SAME
        if again and not inventory.has_keys:
            self.source.repeated += 1
            self.findings.add(key, "repeated", side="source")
        if again:
            self.source.items -= 1
        elif not places:
            self._miss(key)

    def _miss(self, key: Key) -> None:
        self.missing += 1
        self.findings.add(key, "missing")

    async def _name_in_output(self, collect: Callable[[], None]) -> None:
        """Name the items of the output that are extra, different or there again: only the output still has them."""
        extra = self.states.count(State.UNSEEN)
        if not self.source.is_whole:
            # What couldn't be read may be just what seems to be extra.
            self.extra = None if extra else 0
            extra = 0
        expected = extra + self.different + self.output.repeated
        if not expected:
            return
        if extra:
            self.extra = extra
        counted = self._counted("reading the output again, for names", collect)
        again = Side(self.output.name)
        named = 0
        came = bytearray(len(self.held))
        async with aclosing(again.read(self.task.output, counted, deliveries=_NoneBefore())) as items:
            async for item in items:
                place = self.place_of(key_of(item))
                if place is not None:
                    named += self._name(item, State(self.states[place]), came[place] > 0, bool(extra))
                    came[place] = 1
        if named != expected:
            self.output.problems.append("it has changed while it was read")

    def _name(self, item: Item, state: State, is_again: bool, names_extra: bool) -> bool:
        """Name an item of the output, if there is something the matter with it; tell whether there is."""
        key = key_of(item)
        if is_again:
            self.findings.add(key, "repeated", side="output")
        elif state is State.DIFFERENT:
            other = self.differing.item(key)
            members = differing_members(self._form(item), self._form(other)) if other is not None else None
            self.findings.add(key, "different", members=members)
        elif state is State.UNSEEN and names_extra:
            self.findings.add(key, "extra")
        else:
            return False
        return True

    def _counted(self, what: str, collect: Callable[[], None]) -> Callable[[int], None]:
        def counted(items: int) -> None:
            self._progress(what, items)
            collect()

        return counted


class _NoneBefore:
    """Takes every item as new: which ones come again is found when all are sorted."""

    def add(self, collection: str, item_id: str, part: int) -> Delivery:  # noqa: ARG002 - see `Deliveries`
        return Delivery.NEW


class _Came:
    """Knows which items the source has delivered: those that the output holds have a state, few others are expected.

    Attributes:
        latest: the entry of the item that was looked at last; None where the output lacks it.

    """

    def __init__(self, held: Ledger, states: bytearray) -> None:
        self._held, self._states = held, states
        self._parts = array("I")
        """The part that an item of the output came in first, by its place; empty as long as that is 0 for all."""
        self._elsewhere = IdSet()
        self._lacking = DeliveredItems()
        self.latest: Entry | None = None

    def add(self, collection: str, item_id: str, part: int) -> Delivery:
        self.latest = _entry(self._held, (collection, item_id))
        if self.latest is None:
            return self._lacking.add(collection, item_id, part)
        place = self.latest.place
        if part and not self._parts:
            self._parts = array("I", bytes(self._parts.itemsize * len(self._held)))
        if self._states[place] == State.UNSEEN:
            if part:
                self._parts[place] = part
            return Delivery.NEW
        first = self._parts[place] if self._parts else 0
        if first != part and self._elsewhere.add(f"{part}/{collection}", item_id):
            return Delivery.SHARED
        return Delivery.REPEATED


def _entry(held: Ledger, key: Key) -> Entry | None:
    """Return the entry of an item; None where it isn't held."""
    return next(iter(held.find(*key)), None)


@lru_cache(1024)
def _number_of(collection: str) -> int:
    return int.from_bytes(blake2b(collection.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
