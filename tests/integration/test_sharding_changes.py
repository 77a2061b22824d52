"""Values altered or left out in an ingest in shards: named beside the manifest, counted once, told by the verdict."""

from __future__ import annotations

import json

import orjson
import pytest
from sharding_items import item

from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs.geoparquet import read_part
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard
from stac_ingest.sharding.status import IngestStatus

ODD = {"datetime": "2024-01-01T00:00:00Z", "gsd": float("nan"), "gone": None}


@pytest.fixture
def settings(tmp_path):
    """Ask for two shards of a folder with four items, of which the first and the last hold NaN and a null member."""
    folder = tmp_path / "items"
    folder.mkdir()
    for number in range(4):
        more = {"properties": ODD} if number in {0, 3} else {}
        (folder / f"{number:04d}.json").write_text(json.dumps(item(number, **more)))
    return ShardedIngest.parse({"source": str(folder), "output": str(tmp_path / "out"), "shards": 2})


def notes(settings):
    """Read which values of which items are named beside the manifest."""
    lines = (settings.state_folder.parent / "notes.ndjson").read_bytes().splitlines()
    return [(found["item_id"], found["member"]) for found in map(orjson.loads, lines)]


def run_due(settings):
    """Do what is due."""
    plan = plan_ingest(settings)
    for number in sorted(IngestStatus(settings).shards()):
        run_shard(plan, number)
    return plan


def test_the_verdict_of_the_whole_says_what_was_changed(settings):
    """Each shard keeps its notes, and the last job merges them; null members are counted and change no verdict."""
    certificate = finalize_ingest(run_due(settings))
    assert certificate.verdict == "complete with changes"
    assert "values of 2 items were changed; notes.ndjson names them" in certificate.reason
    assert (certificate.changed_items, certificate.changes, certificate.null_members) == (2, 2, 2)
    assert notes(settings) == [("i0000", "properties.gsd"), ("i0003", "properties.gsd")]
    assert sorted(path.name for path in settings.state_folder.glob("*.notes.ndjson")) == [
        f"0000{number}.notes.ndjson" for number in range(2)
    ]


def test_nothing_is_named_twice(settings):
    """Whatever runs again, a shard or the last job, each change is there once."""
    plan = run_due(settings)
    finalize_ingest(plan)
    run_shard(plan, 0)
    finalize_ingest(plan)
    assert finalize_ingest(plan).changes == 2
    assert notes(settings) == [("i0000", "properties.gsd"), ("i0003", "properties.gsd")]


def test_what_is_right_again_is_no_longer_named(settings):
    """Once the source holds no NaN any more, neither the shard nor the output has notes, and the whole is complete."""
    finalize_ingest(run_due(settings))
    for number in (0, 3):
        (settings.state_folder.parent.parent / "items" / f"{number:04d}.json").write_text(json.dumps(item(number)))
    certificate = finalize_ingest(run_due(settings))
    assert (certificate.verdict, certificate.changes, certificate.null_members) == ("complete", 0, 0)
    assert not (settings.state_folder.parent / "notes.ndjson").exists()
    assert list(settings.state_folder.glob("*.notes.ndjson")) == []


def test_lost_notes_are_missed(settings):
    """The notes of a shard that changed something must be there: else the last job says which shard to run again."""
    plan = run_due(settings)
    (settings.state_folder / "00001.notes.ndjson").unlink()
    with pytest.raises(
        DataProcessingError, match=r"00001\.notes\.ndjson is missing; remove 00001\.json .* shard 1 again"
    ):
        finalize_ingest(plan)


def test_a_part_that_is_written_anew_keeps_what_it_holds(settings):
    """Where an item is taken out, since an earlier shard has it, those beside it keep members beside the core ones."""
    items = settings.state_folder.parent.parent / "items"
    odd = item(2, renders={"x": {}}, properties={"datetime": None, "id": 5, "created": "2016-12-31T23:59:60Z"})
    (items / "0002.json").write_text(json.dumps(odd))
    (items / "0003.json").write_text((items / "0000.json").read_text())
    certificate = finalize_ingest(run_due(settings))
    assert (certificate.duplicates, certificate.changes) == (1, 1)
    parts = sorted((settings.state_folder.parent / "items").iterdir())
    assert list(read_part(parts[1])) == [odd]


def test_changes_of_a_copy_that_was_left_out_are_not_named(settings):
    """What was changed in a copy that was left out is no change of the output; the copy itself is named."""
    items = settings.state_folder.parent.parent / "items"
    (items / "0000.json").write_text(json.dumps(item(0)))
    (items / "0003.json").write_text(json.dumps(item(0, properties=ODD)))
    plan = run_due(settings)
    for _ in range(2):
        certificate = finalize_ingest(plan)
        assert (certificate.verdict, certificate.duplicates, certificate.changes) == ("complete with duplicates", 1, 0)
        assert notes(settings) == [("i0000", ""), ("i0000", "")]
        run_shard(plan, 1)
