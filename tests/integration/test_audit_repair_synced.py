"""The repair of a folder that a sync keeps in step: a run of its own, of which readers see the end alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audited import audit

from stac_ingest.sources.synced import parts_of_sync
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
