"""Which files a sync reads, and what it makes of them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from arrays_bench import Bench, LastRun
from hypothesis import given, settings
from hypothesis import strategies as st

from synced_files import Files, item

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


@pytest.fixture
def files(tmp_path):
    """Give a folder of files."""
    return Files(tmp_path / "items")


@pytest.fixture
def bench(files, tmp_path):
    """Give an output that is kept in step with them."""
    return Bench(files.folder, tmp_path / "out")


def test_only_what_changed_is_read(files, bench):
    """A second run reads new and changed files, and a third, with nothing changed, none."""
    for number in range(20):
        files.write(f"{number:02d}.json", item(f"i{number}"))
    bench.run()
    assert (bench.counts.added, bench.files_read) == (20, 20)
    files.write("03.json", item("i3", updated=2))
    files.write("20.json", item("i20"))
    files.remove("07.json")
    bench.run()
    assert bench.files_read == 2
    assert (bench.counts.added, bench.counts.changed, bench.counts.gone) == (1, 1, 1)
    bench.run()
    assert bench.files_read == 0
    assert bench.plan.tasks == []
    assert bench.ids == sorted(f"i{number}" for number in range(21) if number != 7)


def test_a_file_with_another_time_and_the_same_items(files, bench):
    """What is read and as it was is unchanged, and no text of it is kept."""
    files.write("a.json", item("a"), item("b"))
    bench.run()
    files.touch("a.json")
    bench.run()
    assert (bench.counts.unchanged, bench.counts.changed, bench.files_read) == (2, 0, 1)
    assert bench.partitions.keys() == {2024 * 12}


def test_a_change_of_a_moment_ago_is_looked_at_again(files, bench):
    """A file that changed just before a run may change again within the resolution of its time: it is read again."""
    files.write("a.json", item("a"))
    os.utime(files.folder / "a.json")
    bench.run()
    before = (files.folder / "a.json").stat()
    text = (files.folder / "a.json").read_bytes().replace(b'"a"', b'"b"')
    (files.folder / "a.json").write_bytes(text)
    os.utime(files.folder / "a.json", ns=(before.st_mtime_ns, before.st_mtime_ns))
    bench.run()
    assert bench.ids == ["b"]


def test_a_renamed_file_is_where_its_items_are(files, bench):
    """A file that got another name changes nothing, and when it is gone later, its items are, too."""
    files.write("a.json", item("a"))
    files.write("z.json", item("z"))
    bench.run()
    (files.folder / "a.json").rename(files.folder / "b.json")
    bench.run()
    assert (bench.counts.unchanged, bench.counts.gone, bench.ids) == (1, 0, ["a", "z"])
    files.remove("b.json")
    bench.run()
    assert (bench.counts.gone, bench.ids) == (1, ["z"])


def test_a_copy_in_another_file_stands_in(files, bench):
    """An item whose file is gone stays where another file has it, though that one was not changed."""
    files.write("a.json", item("a", updated=9))
    files.write("b.ndjson", item("a", updated=3), item("b"))
    bench.run()
    assert bench.texts_of("a") == item("a", updated=9)
    files.remove("a.json")
    bench.run()
    assert (bench.counts.changed, bench.counts.gone) == (1, 0)
    assert bench.texts_of("a") == item("a", updated=3)
    files.write("b.ndjson", item("b"))
    bench.run()
    assert bench.ids == ["b"]


def test_a_damaged_file_where_memories_are_lost(files, bench):
    """Where it isn't known which file items are in, those of a damaged file stay until it can be read or is gone."""
    for name in "abc":
        files.write(f"{name}.json", item(name))
    bench.run()
    bench.last = LastRun(bench.partitions, generation=bench.last.generation)
    files.write("aa.json", item("aa"))
    (files.folder / "b.json").write_bytes(b"{")
    files.touch("b.json")
    for _ in range(2):
        bench.run()
        assert bench.ids == ["a", "aa", "b", "c"]
    files.remove("b.json")
    bench.run()
    assert bench.ids == ["a", "aa", "c"]
    bench.run()
    assert bench.plan.tasks == []


@pytest.mark.parametrize("how", ["text", "lines", "unreadable folder"])
def test_what_cannot_be_read_stays(files, bench, how):
    """What is held of a file that can't be read stays, and the file is tried again until it can be."""
    name = {"text": "sub/a.json", "lines": "sub/a.ndjson", "unreadable folder": "sub/a.json"}[how]
    files.write(name, item("a"), item("b"))
    files.write("z.json", item("z"))
    bench.run()
    good = (files.folder / name).read_bytes()
    if how == "unreadable folder":
        (files.folder / "sub").rename(files.folder / "elsewhere")
        (files.folder / "sub").symlink_to(files.folder.parent / "nothing-here")
        (files.folder / "elsewhere").rename(files.folder.parent / "nothing-here")
    else:
        (files.folder / name).write_bytes(good[:-20])
        files.touch(name)
    for _ in range(2):
        bench.run()
        assert bench.ids == ["a", "b", "z"]
        assert any(report.failures for report in bench.reports)
    if how == "unreadable folder":
        (files.folder / "sub").unlink()
        (files.folder.parent / "nothing-here").rename(files.folder / "sub")
    else:
        (files.folder / name).write_bytes(good)
        files.touch(name)
    bench.run()
    assert not any(report.failures for report in bench.reports)
    assert (bench.counts.unchanged, bench.counts.gone) == (2, 0)
    bench.run()
    assert bench.files_read == 0


def test_lost_memory_is_made_anew(files, bench):
    """Where it isn't known any more which files were read, all are, and what is gone meanwhile is found."""
    for name in ("a", "b", "c"):
        files.write(f"{name}.json", item(name))
    bench.run()
    (bench.last.remembered_folder / "files.arrow").unlink()
    files.remove("b.json")
    bench.run()
    assert (bench.files_read, bench.counts.unchanged, bench.counts.gone) == (2, 2, 1)
    bench.run()
    assert bench.files_read == 0


def test_verify_reads_all(files, tmp_path):
    """With `verify` a file is read that has the size and the time of before."""
    files.write("a.json", item("a"))
    bench = Bench(files.folder, tmp_path / "out", verify=True).run()
    stamp = (files.folder / "a.json").stat().st_mtime_ns
    files.write("a.json", item("b"))
    os.utime(files.folder / "a.json", ns=(stamp, stamp))
    bench.run()
    assert bench.ids == ["b"]


steps = st.lists(
    st.tuples(
        st.sampled_from(["a.json", "b.json", "c.ndjson", "sub/d.json"]),
        st.none()
        | st.lists(
            st.builds(item, st.sampled_from("xyz"), updated=st.integers(1, 3) | st.none()), min_size=1, max_size=3
        ),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=25)
@given(runs=st.lists(steps, min_size=1, max_size=4))
def test_as_when_read_anew(runs):
    """However files change, the output has the items, the newest of each, that reading all files anew would give."""
    with tempfile.TemporaryDirectory() as folder:
        files = Files(Path(folder) / "items")
        files.write("z.json", item("there is always a file"))
        bench = Bench(files.folder, Path(folder) / "out")
        content = {}
        for changes in runs:
            for name, found in changes:
                content.pop(name, None)
                if found is not None:
                    content[name] = found
                    files.write(name, *found)
                elif (files.folder / name).exists():
                    files.remove(name)
            bench.run()
            newest = {}
            for found in content.values():
                for one in found:
                    newest[one["id"]] = max(newest.get(one["id"], ""), one["properties"].get("updated", ""))
            held = {one["id"]: one["properties"].get("updated", "") for one in bench.texts.values()}
            assert held == newest | {"there is always a file": ""}
