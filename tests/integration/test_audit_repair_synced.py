"""The repair of a folder that a sync keeps in step: a run of its own, of which readers see the end alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from audited import audit

from stac_ingest.sources.synced import parts_of_sync
from stac_ingest.sync import parts
from stac_ingest.sync.manifest_file import read_manifest
from stac_ingest.sync.run import run_sync
from stac_ingest.sync.settings import SyncSettings
from synced_generations import FORM, Drop, Generations, check_index, item, read

ITEMS = [item(f"i{number:02d}", number % 3 + 1, n=number) for number in range(24)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write what the output should hold."""
    path = tmp_path / "source.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in ITEMS))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Generations:
    """Make an output that lacks an item, has one otherwise, one in another month, and one more."""
    made = Generations(tmp_path / "out")
    made.run([one for one in ITEMS if one["id"] != "i00"])
    made.run([item("i01", 2, wrong=1), item("i02", 1, n=2), item("extra", 4)])
    return made


def truth(*more):
    return {one["id"]: FORM(one) for one in [*ITEMS, *more]}


@pytest.mark.parametrize("remove_extra", [False, True])
def test_it_is_repaired(remove_extra, output, source):
    """What is missing comes, what differs is replaced where it belongs, extra items go if asked; then all is equal."""
    folder = output.settings.output
    before = {path: (folder / path).read_bytes() for path in parts_of_sync(folder)}
    said = audit(folder, "--against", source, "--repair", *(["--remove-extra"] if remove_extra else []))
    assert said.found == [
        ("different", "c", "i01"),
        ("different", "c", "i02"),
        ("extra", "c", "extra"),
        ("missing", "c", "i00"),
    ]
    assert read(folder) == truth(*([] if remove_extra else [item("extra", 4)]))
    check_index(output)
    manifest = output.manifest
    assert (manifest.generation, manifest.counts.added, manifest.counts.changed, manifest.counts.moved) == (3, 1, 2, 1)
    assert manifest.counts.gone == remove_extra
    lines = [json.loads(line) for line in (folder / manifest.journal).read_bytes().splitlines()]
    assert sorted(line["what"] for line in lines) == sorted(["added", "changed", "moved", *["gone"] * remove_extra])
    assert {path: (folder / path).read_bytes() for path in before} == before
    again = audit(folder, "--against", source)
    assert [what for what, _, _ in again.found] == ([] if remove_extra else ["extra"])


@pytest.mark.parametrize("damage", ["missing", "not a table"])
def test_a_damaged_part_is_made_anew(damage, output, source):
    """The items of a part that can't be read come from the source again, and a copy of it is kept aside."""
    folder = output.settings.output
    path = folder / parts_of_sync(folder)[0]
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"PAR1")
    audit(folder, "--against", source, "--repair")
    assert read(folder) == truth(item("extra", 4))
    check_index(output)
    assert [copy.name for copy in path.parent.glob(".*.damaged")] == [f".{path.name}.damaged"] * (damage != "missing")


def test_nothing_differs(output, source):
    """An output that is as its source is not written to."""
    folder = output.settings.output
    output.run(ITEMS, {"extra": Drop.REMOVED})
    before = output.manifest
    said = audit(folder, "--against", source, "--repair", "--remove-extra")
    assert (said.code, said.found, output.manifest) == (0, [], before)


def test_nothing_is_written_through_a_link(output, source, tmp_path):
    """Folders of the output that are links are refused, and what they lead to stays as it is."""
    folder = output.settings.output
    (folder / "changes").symlink_to(tmp_path)
    said = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(Exception, match="symbolic link"):
        audit(folder, "--against", source, "--repair")
    assert sorted(path.name for path in tmp_path.iterdir()) == said


def damage_last_group(path: Path) -> int:
    """Overwrite the last row group of a part; return how many items are before it."""
    metadata = pq.read_metadata(path)
    group = metadata.row_group(metadata.num_row_groups - 1)
    columns = [group.column(number) for number in range(group.num_columns)]
    start = min(one.dictionary_page_offset or one.data_page_offset for one in columns)
    size = sum(one.total_compressed_size for one in columns)
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(b"\xff" * size)
    return metadata.num_rows - group.num_rows


@pytest.mark.parametrize("has_source", [True, False], ids=["source", "no_source"])
def test_what_can_be_read_of_a_damaged_part_stays(has_source, tmp_path, monkeypatch):
    """Items of a damaged part that can be read are still there after the repair, and aren't called changed."""
    monkeypatch.setattr(parts, "_GROUP", 3)
    items = [item(f"i{number}", n=number) for number in range(8)]
    made = Generations(tmp_path / "out")
    made.run(items)
    folder = made.settings.output
    (name,) = parts_of_sync(folder)
    before = damage_last_group(folder / name)
    path = tmp_path / "source.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in (items if has_source else items[:1])))
    said = audit(folder, "--against", path, "--repair")
    assert said.code == (0 if has_source else 1)
    assert 0 < before < len(items)
    assert len(read(folder)) == (len(items) if has_source else before)
    check_index(made)
    manifest = made.manifest
    assert manifest.counts.added == (len(items) - before if has_source else 0)
    assert manifest.verdict == ("complete" if has_source else "truncated")
    assert has_source or f"{len(items) - before} items could not be read" in said.words
    assert {one["id"]: FORM(one) for one in items}.items() >= read(folder).items()


@pytest.mark.parametrize("kind", ["files", "catalog"])
def test_what_a_repair_gives_up_comes_with_the_next_sync(kind, tmp_path):
    """Items that a repair could not get are read by the next sync, though their files seem unchanged.

    Until then the verdict doesn't say complete.
    """
    source = tmp_path / "source"
    source.mkdir()
    names = [f"{one['id']}.json" for one in ITEMS]
    for name, one in zip(names, ITEMS, strict=True):
        (source / name).write_text(json.dumps(one))
    links = [{"rel": "item", "href": f"./{name}"} for name in names]
    path = source
    if kind == "catalog":
        path = source / "catalog.json"
        path.write_text(json.dumps({"type": "Catalog", "id": "r", "stac_version": "1.0.0", "links": links}))
    for one in source.iterdir():
        os.utime(one, (10**9, 10**9))
    what = SyncSettings(source={"mode": "file", "source": str(path)}, output=tmp_path / "out")
    assert run_sync(what).manifest.verdict == "complete"
    folder = what.output
    (folder / parts_of_sync(folder)[0]).write_bytes(b"PAR1")
    said = audit(folder, "--against", source / names[0], "--repair")
    assert said.code == 1
    manifest = read_manifest(folder)
    assert (manifest.verdict, manifest.unsettled) == ("truncated", True)
    assert "could not be read" in manifest.reason
    result = run_sync(what)
    assert (result.manifest.verdict, result.manifest.items) == ("complete", len(ITEMS))
    assert read(folder) == truth()
