"""The copy of a sync's output in an object store: who goes by its manifest sees all of a run, whenever a copy ends."""

from __future__ import annotations

import json
import shutil

import pytest

from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sync import jobs, store_copy
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from synced_files import Files, item

obstore = pytest.importorskip("obstore")
written_store = pytest.importorskip("stac_ingest.stores.written_store")
PREFIX = "team/mirror/"


class Killed(BaseException):
    """Where a process would have ended."""


class Store(written_store.WrittenStore):
    """A store in memory, whose writer is killed at one of its requests, before or after it has come to something."""

    def __init__(self):
        super().__init__(obstore.store.MemoryStore(), "s3://bucket")
        self.memory = self._store
        self.requests = []
        self.ends_at = None

    def _counted(self, what, *given):
        self.requests.append((what, *given))
        number = len(self.requests)
        if self.ends_at == (number, "before"):
            raise Killed
        getattr(super(), what)(*given)
        if self.ends_at == (number, "after"):
            raise Killed

    def put_file(self, key, path):
        """Write a file."""
        self._counted("put_file", key, path)

    def replace(self, key, text, current):
        """Write a document."""
        self._counted("replace", key, text, current)

    def remove(self, keys):
        """Remove objects."""
        self._counted("remove", keys)

    def names(self):
        """Name all objects below the prefix."""
        return {one.key.removeprefix(PREFIX) for page in self.listed(PREFIX) for one in page}

    def seen(self):
        """Return the parts that the manifest names, each of which has to be there; none before the first copy."""
        current = self.current(f"{PREFIX}manifest.json", 1 << 20)
        if current is None:
            return set()
        manifest = SyncManifest.model_validate_json(current.text)
        parts = {part.path: part.bytes for partition in manifest.partitions for part in partition.parts}
        for path, size in parts.items():
            assert self.head(PREFIX + path).size == size
        for path in filter(None, (manifest.journal, manifest.failures)):
            self.head(PREFIX + path)
        return parts.keys()


@pytest.fixture
def store(monkeypatch):
    """Give a store that the copies of this test are in."""
    made = Store()
    monkeypatch.setattr(store_copy, "open_written_store", lambda *_: made)
    return made


@pytest.fixture
def files(tmp_path):
    """Write two months of items."""
    made = Files(tmp_path / "in")
    for number in range(6):
        made.write(f"{number}.json", item(f"i{number}", month=number % 2 + 1))
    return made


def settings(files, **changed):
    """Return the settings of a sync with a copy."""
    source = {"mode": "file", "source": str(files.folder)}
    given = {"output": files.folder.parent / "out", "copy_to": f"s3://bucket/{PREFIX}", "grace": 0} | changed
    return SyncSettings(source=source, **given)


def local(files):
    """Return the manifest of the output."""
    return SyncManifest.model_validate_json((files.folder.parent / "out" / "manifest.json").read_bytes())


def parts_of(manifest):
    """Name the parts of a manifest."""
    return {part.path for partition in manifest.partitions for part in partition.parts}


def change(files):
    """Have an item of each kind: a new one, a changed one and one that is gone."""
    files.write("9.json", item("i9", month=3))
    files.write("0.json", item("i0", month=1, title="changed"))
    files.remove("1.json")


def test_a_copy_holds_what_the_output_holds(store, files):
    """After each run the copy's manifest names the parts of the output, byte for byte, and nothing else is there."""
    for after in (lambda: None, lambda: change(files)):
        after()
        result = run_sync(settings(files))
        assert result.manifest.verdict == "complete"
        assert store.seen() == parts_of(local(files))
        journals = {path for path in store.names() if path.startswith("changes/")}
        assert store.names() == parts_of(local(files)) | journals | {"manifest.json"}
        for path in parts_of(local(files)):
            data = bytes(obstore.get(store.memory, PREFIX + path).bytes())
            assert data == (files.folder.parent / "out" / path).read_bytes()


def test_what_is_there_is_not_sent_again(store, files):
    """A run sends the parts that it has written, its journal and the manifest, and nothing that the copy has."""
    run_sync(settings(files))
    before = parts_of(local(files))
    store.requests.clear()
    change(files)
    copied = run_sync(settings(files)).copied
    sent = [given[1].removeprefix(PREFIX) for given in store.requests if given[0] == "put_file"]
    new = parts_of(local(files)) - before
    assert new
    assert sorted(sent) == sorted([*new, local(files).journal])
    assert copied.sent == len(sent)
    assert copied.removed == len(before - parts_of(local(files)))


def test_replaced_parts_stay_for_the_time_of_grace(store, files):
    """Who has read the manifest of before still finds its parts; a copy without grace removes them, and only those."""
    run_sync(settings(files))
    old = store.seen()
    change(files)
    run_sync(settings(files, grace=1))
    assert old <= store.names()
    assert not old <= store.seen()
    obstore.put(store.memory, f"{PREFIX}items/notes.txt", b"somebody else's")
    run_sync(settings(files))  # the time that was promised goes on
    assert old <= store.names()
    manifest = store.current(f"{PREFIX}manifest.json", 1 << 20)
    ended = json.loads(manifest.text) | {"retired": []}
    store.replace(f"{PREFIX}manifest.json", json.dumps(ended).encode(), manifest)
    run_sync(settings(files))
    assert not old <= store.names()
    assert "items/notes.txt" in store.names()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_copy_that_is_killed_at_any_request_is_seen_whole(store, files, moment):
    """Whichever request a copy ends at, a reader sees the run before or the new one, and the next run ends the copy."""
    run_sync(settings(files))
    number = 0
    while True:
        number += 1
        seen = store.seen()
        store.requests.clear()
        files.write("0.json", item("i0", month=1, title=f"{moment}{number}"))
        store.ends_at = (number, moment)
        try:
            run_sync(settings(files))
        except Killed:
            now = store.seen()
            assert now in (seen, parts_of(local(files)))
        else:
            break
        store.ends_at = None
        run_sync(settings(files))
        assert store.seen() == parts_of(local(files))
        assert {path for path in store.names() if path.startswith("items/")} == store.seen()
    assert number > 3


def test_another_writer_is_noticed(store, files, monkeypatch):
    """A manifest that was written since it was read stays, and the run says that its copy isn't in step."""
    run_sync(settings(files))
    change(files)
    sent = store.put_file
    other = json.dumps({"another": "manifest"}).encode()

    def put_file(key, path):
        sent(key, path)
        obstore.put(store.memory, f"{PREFIX}manifest.json", other)

    monkeypatch.setattr(store, "put_file", put_file)
    with pytest.raises(DataProcessingError, match=r"is in step.*written by another program meanwhile"):
        run_sync(settings(files))
    assert store.current(f"{PREFIX}manifest.json", 1 << 20).text == other


def test_a_prefix_of_something_else_is_refused(store, files, tmp_path):
    """Objects that no sync wrote, another output's copy and a newer one stay as they are; the output isn't begun."""
    obstore.put(store.memory, f"{PREFIX}report.csv", b"1,2")
    with pytest.raises(ConfigurationError, match=r"copy_to: .*'report\.csv', which no sync wrote"):
        run_sync(settings(files))
    assert not (files.folder.parent / "out" / "manifest.json").exists()
    obstore.delete(store.memory, f"{PREFIX}report.csv")
    run_sync(settings(files))
    others = Files(tmp_path / "others")
    others.write("a.json", item("a"))
    seen = store.names()
    with pytest.raises(ConfigurationError, match=r"copy_to: .*another output: its source is"):
        run_sync(settings(others, output=tmp_path / "another"))
    with pytest.raises(ConfigurationError, match=r"copy_to: .*copy of run 1, and .* is at run 0"):
        run_sync(settings(files, output=tmp_path / "again"))
    assert store.names() == seen
    assert not (tmp_path / "again" / "manifest.json").exists()


def test_two_outputs_of_a_source_have_a_prefix_each(store, files, tmp_path):
    """A second output of the same source can't take over the copy of the first one, which stays as it is."""
    run_sync(settings(files))
    seen, copied = store.seen(), store.names()
    second = settings(files, output=tmp_path / "second")
    run_sync(second.model_copy(update={"copy_to": None}))
    change(files)
    with pytest.raises(ConfigurationError, match=r"copy_to: .*copy of another output of the same source"):
        run_sync(second)
    # The first copy may also come while the second output's own first run is under way.
    run_sync(second.model_copy(update={"copy_to": None}))
    manifest = SyncManifest.model_validate_json((tmp_path / "second/manifest.json").read_bytes())
    with pytest.raises(DataProcessingError, match=r"copy_to: .*copy of another output of the same source"):
        store_copy.StoreCopy(second, lambda *_: None).update(manifest)
    assert (store.seen(), store.names()) == (seen, copied)
    run_sync(settings(files))
    assert store.seen() == parts_of(local(files))


def test_a_duplicate_of_an_output_has_a_prefix_of_its_own(store, files, tmp_path):
    """A folder that was duplicated and then synced by itself doesn't replace what the first one has copied."""
    run_sync(settings(files))
    shutil.copytree(files.folder.parent / "out", tmp_path / "duplicate")
    change(files)
    duplicate = settings(files, output=tmp_path / "duplicate")
    run_sync(duplicate.model_copy(update={"copy_to": None}))
    run_sync(settings(files))
    seen = store.seen()
    with pytest.raises(ConfigurationError, match="gone its own way"):
        run_sync(duplicate)
    assert store.seen() == seen


def test_a_url_of_no_store_is_refused(files):
    """What isn't the URL of an object store is no place for a copy."""
    with pytest.raises(ValueError, match="give a prefix of an object store"):
        settings(files, copy_to=str(files.folder))


def test_a_copy_below_the_source_is_refused(store, files, tmp_path):
    """A copy that the next run would read as items of its source is refused, and one beside the source isn't."""
    source = {"mode": "file", "source": "s3://bucket/data/", "allow_remote": True}
    for prefix, is_below in (("data/mirror/", True), ("data/", True), ("data-mirror/", False), ("mirror/", False)):
        asked = SyncSettings(source=source, output=tmp_path / "out", copy_to=f"s3://bucket/{prefix}")
        if is_below:
            with pytest.raises(ConfigurationError, match="below the source"):
                store_copy.StoreCopy(asked, lambda *_: None)
        else:
            store_copy.StoreCopy(asked, lambda *_: None)


def test_a_damaged_part_is_not_copied(store, files):
    """A part whose content isn't that of its name ends the copy with advice; the copy's manifest stays as it was."""
    run_sync(settings(files, copy_to=None))
    part = files.folder.parent / "out" / next(iter(parts_of(local(files))))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(DataProcessingError, match="isn't what was written; repair the output"):
        run_sync(settings(files))
    assert "manifest.json" not in store.names()


def test_journals_of_an_earlier_life_are_replaced(store, files):
    """Where a folder was lost and the copy's manifest removed, the journal under a number is that of the new run."""
    run_sync(settings(files))
    change(files)
    obstore.delete(store.memory, f"{PREFIX}manifest.json")
    run_sync(settings(files, output=files.folder.parent / "again"))
    journal = bytes(obstore.get(store.memory, f"{PREFIX}changes/00000001.ndjson").bytes())
    assert journal == (files.folder.parent / "again/changes/00000001.ndjson").read_bytes()


def test_the_end_of_a_run_tried_again_ends_the_copy(store, files):
    """A job that is tried again after its run was published brings the copy into step, which had failed."""
    run_sync(settings(files))
    change(files)
    asked = settings(files)
    jobs.make_plan(asked)
    jobs.resolve_run(asked)
    store.ends_at = (len(store.requests) + 1, "before")
    with pytest.raises(Killed):
        jobs.end_run(asked, 2)
    assert local(files).generation == 2
    assert store.seen() != parts_of(local(files))
    store.ends_at = None
    assert jobs.end_run(asked, 2).copied is not None
    assert store.seen() == parts_of(local(files))
