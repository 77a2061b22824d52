"""Outputs of a file for each item: files are written, replaced and removed one by one."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from stac_ingest.audit.compare import Audit, State
from stac_ingest.audit.repair.base import FileRepairer, one_by_one, writing
from stac_ingest.audit.repair.decisions import Repaired
from stac_ingest.checkpoints.journal import Journal, forget_items
from stac_ingest.core.atomic import sync_to_disk
from stac_ingest.core.canonical import CanonicalForm
from stac_ingest.core.id_set import key_of
from stac_ingest.core.json_items import checked, parse
from stac_ingest.core.model import Item
from stac_ingest.errors import ItemError
from stac_ingest.outputs import make_output

_SUFFIX = ".json"


class ItemFilesRepairer(FileRepairer):
    """Writes what is missing or different as a run does, then removes what is extra, and further copies."""

    async def repair(self, audit: Audit, *, remove_extra: bool) -> Repaired:
        """Write and remove files; see `Repairer`."""
        done = Repaired()
        self.begin()
        if len(audit.lacking) or len(audit.differing):
            await self._add(audit, done)
        if len(audit.differing) or audit.output.repeated or not audit.output.is_whole or (remove_extra and audit.extra):
            self._remove(audit, done, remove_extra=remove_extra and audit.source.is_whole)
        self.clear()
        return done

    async def _add(self, audit: Audit, done: Repaired) -> None:
        items = chain(audit.lacking.items(), audit.differing.items())
        with writing(self.folder):
            records = self.hidden / self.output.name
            records.mkdir(parents=True)
            (records / "audit.journal").touch()
            forget_items(records)
        # Records that know nothing: what is in the folder stays, and every item is written.
        journal = Journal(self.output.name, "audit", self.hidden, resume=True)
        try:
            await self.write(
                one_by_one(items), make_output(self.output.name, self.folder / self.output.subfolder), done, journal
            )
        finally:
            journal.close()
        failed = {failure.item_id for failure in done.failures}
        done.added = len(audit.lacking) - sum(key_of(item)[1] in failed for item in audit.lacking.items() if failed)
        done.replaced = len(audit.differing) - (len(done.failures) - (len(audit.lacking) - done.added))

    def _remove(self, audit: Audit, done: Repaired, *, remove_extra: bool) -> None:
        folder = self.folder / self.output.subfolder
        form = audit.task.form()
        kept = bytearray(len(audit.held))
        with writing(folder):
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                item = self._item(path, done)
                place = None if item is None else audit.place_of(key_of(item))
                if item is None or place is None:
                    continue
                is_extra = remove_extra and audit.states[place] == State.UNSEEN
                if is_extra or kept[place] or not _is_the_one(item, place, audit, form):
                    path.unlink()
                    done.removed += is_extra or audit.states[place] != State.DIFFERENT
                else:
                    kept[place] = 1
            sync_to_disk(folder)

    def _item(self, path: Path, done: Repaired) -> Item | None:
        """Read a file; one that isn't JSON is given a hidden name."""
        if path.name[0] == "." or path.is_symlink():
            return None
        try:
            content = parse(path.read_bytes())
        except ValueError:
            self.keep_damaged(path, done)
            path.unlink()
            return None
        try:
            return checked(content)
        except ItemError:
            return None


def _is_the_one(item: Item, place: int, audit: Audit, form: CanonicalForm) -> bool:
    """Whether a file's item is the copy to be kept: the one that was compared, or that was written in its place."""
    if not audit.task.compares_content:
        return True
    if audit.states[place] != State.DIFFERENT:
        return form.digest(item) == audit.held.number(place)
    other = audit.differing.item(key_of(item))
    return other is None or form.digest(item) == form.digest(other)
