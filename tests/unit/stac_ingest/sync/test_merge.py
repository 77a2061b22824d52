"""Merges: whatever a run adds, changes, moves and drops, the parts and the index hold just that."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_items import collections
from stac_ingest.errors import DataProcessingError
from stac_ingest.sync.index import REBUILT, Held
from stac_ingest.sync.merge import unwritten
from stac_ingest.sync.work import Work
from synced_generations import FORM, Drop, Generations, check_index, item, load, read

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


@st.composite
def _generations(draw):
    """Draw what several runs do: items with a month and a content, and what becomes of some that are held."""
    names = st.sampled_from([f"i{number}" for number in range(40)])
    content = st.fixed_dictionaries(
        {}, optional={"a": st.integers(0, 2) | st.text(max_size=2), "b": st.lists(st.none() | st.floats(0, 1))}
    )
    adds = st.dictionaries(names, st.tuples(st.integers(1, 3), content), max_size=30)
    gone = st.dictionaries(names, st.sampled_from([Drop.REMOVED, Drop.MARKED, Drop.KEPT]), max_size=12)
    return draw(st.lists(st.tuples(adds, gone), min_size=1, max_size=5))


@given(_generations(), st.sampled_from([3, 8, 100]))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_and_index_hold_what_the_model_holds(runs, part_items):
    """After every run of any sequence, the items read back by the manifest are those of a dict, and so is the index."""
    with tempfile.TemporaryDirectory() as folder:
        output = Generations(Path(folder) / "out", part_items=part_items)
        model = {}
        for adds, gone in runs:
            new = [item(name, month, **content) for name, (month, content) in adds.items()]
            drops = {name: what for name, what in gone.items() if name in model and name not in adds}
            output.run(new, drops)
            model |= {one["id"]: one for one in new}
            for name, what in drops.items():
                if what == Drop.REMOVED:
                    del model[name]
                elif what == Drop.MARKED:
                    model[name] = model[name] | {"properties": model[name]["properties"] | {"deprecated": True}}
            assert read(output.settings.output) == {name: FORM(one) for name, one in model.items()}
            check_index(output)
            manifest = output.manifest
            assert manifest.items == len(model)
            gone_there = {name for name, what in drops.items() if what != Drop.REMOVED}
            flagged = sum(entry["is_gone"] for _, _, entry in output.held().values())
            assert flagged >= len(gone_there)


@given(collections(), st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rewritten_parts_keep_items_of_any_kind(items, data):
    """Items of all kinds are the same after the part that they are in was written anew, twice."""
    with tempfile.TemporaryDirectory() as folder:
        output = Generations(Path(folder) / "out", part_items=100)
        output.run(items)
        for _ in range(2):
            extra = item("extra", 1, n=data.draw(st.integers() | st.text(max_size=2)))
            output.run([extra])
            assert read(output.settings.output) == {one["id"]: FORM(one) for one in [*items, extra]}


def test_parts_that_lose_nothing_keep_their_names(tmp_path):
    """A change touches the part that it is in and small ones alone; parts are about as large as asked."""
    output = Generations(tmp_path / "out", part_items=8)
    first = output.run([item(f"i{number:02d}") for number in range(32)])
    before = {part.path for part in first.partitions[0].parts}
    assert [part.items for part in first.partitions[0].parts] == [8, 8, 8, 8]
    after = output.run([item("i00", changed=1)])
    now = {part.path for part in after.partitions[0].parts}
    assert len(before & now) == 3
    check_index(output)
    for number in range(32, 50):
        output.run([item(f"i{number:02d}")])
    sizes = [part.items for part in output.manifest.partitions[0].parts]
    assert sum(sizes) == 50
    assert sum(size < 2 for size in sizes) <= 1
    check_index(output)


def test_an_item_that_cannot_be_written_keeps_its_old_row(tmp_path):
    """A changed item and one that moves stay as they were where the new form can't be written, and are named."""
    output = Generations(tmp_path / "out")
    output.run([item("changes"), item("moves"), item("other")])
    wrong = {"type": "Point", "coordinates": ["east"]}
    merged = output.merge(
        [item("changes") | {"geometry": wrong}, item("moves", 2) | {"geometry": wrong}, item("new", 2)]
    )
    named = unwritten(output.settings, 2)
    output.publish(merged)
    assert {one.id for one in named} == {"changes", "moves"}
    assert read(tmp_path / "out") == {
        one["id"]: FORM(one) for one in (item("changes"), item("moves"), item("other"), item("new", 2))
    }
    check_index(output)


def test_the_journal_names_what_became_of_each(tmp_path):
    """The lines of the merges say what was added, changed, moved (from where) and gone, each item once."""
    output = Generations(tmp_path / "out")
    output.run([item(name) for name in ("a", "b", "c", "d", "e")])
    drops = {"c": Drop.REMOVED, "d": Drop.KEPT, "e": Drop.MARKED}
    merged = output.merge([item("a", changed=1), item("b", 2), item("f", 2)], drops)
    work = Work(output.settings, 2)
    lines = [orjson.loads(line) for number in merged for line in work.journal(number).read_bytes().splitlines()]
    january, february = "year=2024/month=01", "year=2024/month=02"
    assert sorted((line["id"], line["what"], line["partition"], line.get("from")) for line in lines) == [
        ("a", "changed", january, None),
        ("b", "moved", february, january),
        ("c", "gone", january, None),
        ("d", "gone", january, None),
        ("e", "gone", january, None),
        ("f", "added", february, None),
    ]


def test_an_empty_partition_goes(tmp_path):
    """A partition whose last item is gone isn't named any more, and its folder goes with the parts."""
    output = Generations(tmp_path / "out", grace=0)
    output.run([item("a"), item("b", 2)])
    manifest = output.run([], {"b": Drop.REMOVED})
    assert [partition.folder for partition in manifest.partitions] == ["year=2024/month=01"]
    output.run([item("c")])
    assert not (tmp_path / "out/items/year=2024/month=02").exists()


@pytest.mark.parametrize("damage", ["lost", "short", "unsorted", "no array"])
def test_a_lost_index_is_made_anew(damage, tmp_path):
    """An index that is lost or damaged is made of the parts, and the next run looks at all of the source again."""
    output = Generations(tmp_path / "out")
    manifest = output.run([item(f"i{number}", 1, n=number) for number in range(20)])
    (partition,) = manifest.partitions
    path = output.settings.state / partition.index
    text = path.read_bytes()
    size = load(output.settings, partition).dtype.itemsize
    before = load(output.settings, partition)
    path.unlink()
    if damage != "lost":
        start = len(text) - 20 * size
        turned = (
            text[:start] + text[start + size : start + 2 * size] + text[start : start + size] + text[start + 2 * size :]
        )
        path.write_bytes({"short": text[:-1], "unsorted": turned, "no array": b"?"}[damage])
    last = Held(output.settings, manifest)
    assert (last.generation, last.unsettled, last.remembered_folder) == (1, True, None)
    assert (load(output.settings, partition) == before).all()
    assert [(number, len(held)) for number, held in last.held()] == [(partition.number, 20)]
    manifest = output.run([item("i3", changed=1)])
    assert not (output.settings.state / REBUILT).exists()
    assert not Held(output.settings, manifest).unsettled
    check_index(output)


def test_a_damaged_part_is_named_and_nothing_is_published(tmp_path):
    """A part that can't be read ends the merge with its name; what readers see stays as it was."""
    output = Generations(tmp_path / "out")
    manifest = output.run([item("a"), item("b")])
    (part,) = manifest.partitions[0].parts
    (tmp_path / "out" / part.path).write_bytes(b"PAR1")
    with pytest.raises(DataProcessingError, match=part.path):
        output.run([item("a", changed=1)])
    assert output.manifest == manifest


@pytest.mark.parametrize("months", [3, 12])
def test_what_cannot_be_written_is_gathered_once(tmp_path, monkeypatch, months):
    """Each partition's list of items that can't be written is read once, however many partitions there are."""
    loads, load_array = [], np.load

    def counted(path, *given, **named):
        loads.append(Path(path).name)
        return load_array(path, *given, **named)

    monkeypatch.setattr(np, "load", counted)
    Generations(tmp_path / "out").run([item(f"i{month}", month) for month in range(1, months + 1)])
    assert sum(name.startswith("failed-") for name in loads) == months
    assert loads.count("failed.npy") == months
