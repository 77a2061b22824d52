"""Killed at any change of the disk, a sync's output loses and doubles nothing. `make test-long` tries each change."""

from __future__ import annotations

import json
import os
import random
import shutil

import pytest

from fault_points import FaultPoints
from stac_ingest.cli.audit import run_audit_command
from synced_generations import FORM, Drop, Generations, check_index, ids, item, read

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")

LONG = "TEST_LONG" in os.environ
SEED = 20261129
OLD = [item(f"i{number}", number % 3 + 1, n=number) for number in range(24)]
ADDS = [
    *(item(f"new{number}", number % 4 + 1) for number in range(6)),
    item("i0", 1, changed=1),
    item("i1", 3, moved=1),
    item("i5", 4, moved=1),
]
DROPS = {"i3": Drop.REMOVED, "i4": Drop.MARKED, "i6": Drop.KEPT}
SAME = {one["id"] for one in OLD} - {one["id"] for one in ADDS} - DROPS.keys()


@pytest.fixture(scope="module")
def points():
    """Give what runs the processes."""
    modules = [
        *("pytest", "pyarrow.parquet", "shapely", "stac_ingest.outputs.geoparquet", "stac_ingest.geoparquet.writer"),
        *("stac_ingest.sync.merge", "stac_ingest.sync.publish", "stac_ingest.audit.repair.synced"),
        *("stac_ingest.cli.audit", "stac_ingest.audit.run", "stac_ingest.sources.geoparquet"),
        *("stac_ingest.sources.lines.source", "stac_ingest.sources.folder"),
    ]
    return FaultPoints(modules)


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """Make an output as an earlier run left it, with parts that are retired and due."""
    folder = tmp_path_factory.mktemp("before") / "out"
    made = Generations(folder, grace=0)
    made.run(OLD)
    made.run([item("i2", 3, n=2)])
    return folder


def run(folder, _):
    """Do the run that is killed; what was prepared goes on."""
    made = Generations(folder)
    if made.manifest.generation == 2:
        made.run(ADDS, DROPS)


def repair(folder, source):
    """Do the repair that is killed."""
    words = [folder, "--against", source, "--repair", "--remove-extra", "--report", source.with_name("audit.ndjson")]
    run_audit_command(list(map(str, words)))


def repaired():
    """Return what the source of the repair holds."""
    return {one["id"]: FORM(one) for one in [*OLD[4:], *ADDS]}


def truth():
    """Return what the output holds after the run."""
    items = {one["id"]: one for one in [*OLD, *ADDS]}
    del items["i3"]
    marked = items["i4"]
    items["i4"] = marked | {"properties": marked["properties"] | {"deprecated": True}}
    return {name: FORM(one) for name, one in items.items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", [(run, truth, SAME), (repair, repaired, SAME - {"i2"})], ids=["run", "repair"])
def test_killed_at_each_point(case, points, before, tmp_path):
    """After each kill a reader finds all that was there, once; the next run ends with the truth and no leavings."""
    work, end, same = case
    folder, source = tmp_path / "out", tmp_path / "source/source.ndjson"
    source.parent.mkdir()
    source.write_text("".join(json.dumps(one) + "\n" for one in {one["id"]: one for one in [*OLD[4:], *ADDS]}.values()))
    shutil.copytree(before, folder)
    count = points.count(folder, work, folder, source)
    assert count > 50
    places = list(range(count))
    chosen = places if LONG else sorted(random.Random(SEED).sample(places, count // 10))
    for place in chosen:
        shutil.rmtree(folder)
        shutil.copytree(before, folder)
        assert points.kill_at(place, folder, work, folder, source), place
        found = ids(folder)
        assert set(found.values()) == {1}, place
        assert found.keys() >= same, place
        assert read(folder) in (read(before), end()), place
        work(folder, source)
        assert read(folder) == end(), place
        made = Generations(folder)
        check_index(made)
        made.run([item("last")])
        after = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        named = {part.path for partition in made.manifest.partitions for part in partition.parts}
        named |= {old.path for old in made.manifest.retired}
        assert {name for name in after if name.endswith(".parquet")} == named, place
        assert not [name for name in after if name.endswith(".part") or ".part" in name], place
    print(f"{work.__name__}: {len(chosen)} kills at {count} points")  # noqa: T201 - a figure
