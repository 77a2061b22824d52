"""Filters of files, by the command and in shards: what comes, what is said, and what is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sharding_items import item

from stac_ingest import IngestModule, WorkflowContext
from stac_ingest.cli.main import BAD_SETTINGS, COMPLETE, INCOMPLETE, main
from stac_ingest.core.text import counted
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs import read_output
from stac_ingest.sharding import ShardedIngest, finalize_ingest, plan_ingest, run_shard

COUNT = 40
AREA = '{"type": "Polygon", "coordinates": [[[0.5, 1.5], [4, 1.5], [3, 0.2], [0.5, 1.5]]]}'
"""A triangle; the box around it has items 1 to 4, too."""


def items() -> list[dict[str, Any]]:
    """Give items, one a month from 2022 on, to the east; every other one is of another collection."""
    found = []
    for number in range(COUNT):
        time = f"{2022 + number // 12}-{number % 12 + 1:02}-15T00:00:00Z"
        place = {"geometry": {"type": "Point", "coordinates": [number, 1]}, "bbox": [number, 1, number, 1]}
        more = {"properties": {"datetime": time, "eo:cloud_cover": number}, "collection": "cd"[number % 2]}
        found.append(item(number, **place, **more))
    del found[6]["collection"]
    return found


@pytest.fixture(params=["items", "document.json", "table.parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give the items as each kind of files."""
    path: Path = tmp_path / request.param
    if path.suffix == ".parquet":
        with GeoParquetWriter(path, 5) as writer:
            writer.write(items())
    elif path.suffix == ".json":
        path.write_text(json.dumps({"type": "FeatureCollection", "features": items()}))
    else:
        path.mkdir()
        for one in items():
            (path / f"{one['id']}.json").write_text(json.dumps(one))
    return path


def run(source: Path, *options: str) -> tuple[int, list[int], dict[str, Any]]:
    """Run the command; give its exit code, the numbers of the items written, and the certificate."""
    output = source.parent / "out"
    code = main([str(source), "--to", "ndjson", "--output", str(output), *options])
    written = output / "items.ndjson"
    lines = written.read_text().splitlines() if written.exists() else []
    numbers = sorted(int(json.loads(line)["id"][1:]) for line in lines)
    path = output / "certificate.json"
    return code, numbers, json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--bbox", "0,0,2,2"], [0, 1, 2]),
        (["--datetime", "2024"], list(range(24, 36))),
        (["--datetime", "2024-05"], [28]),
        (["--datetime", "2025-01-15T00:00:00Z/.."], [36, 37, 38, 39]),
        (["--datetime", "../2022-01"], [0]),
        (["--collection", "c"], list(range(0, 40, 2))),
        (["--collection", "c", "--bbox", "-10,-10,8,10", "--datetime", "2022-04/2022"], [4, 6, 8]),
        (["--bbox", "100,0,110,2"], []),
        (["--collection", "c", "--collection", "d", "--datetime", "2022"], list(range(12))),
        (["--intersects", AREA], [2, 3]),
        (["--intersects", AREA, "--ids", "i0001,i0003,i0030"], [3]),
        (["--filter", "\"eo:cloud_cover\" IN (4, 7) OR id = 'i0011'"], [4, 7, 11]),
        (["--filter", '{"op": "<", "args": [{"property": "eo:cloud_cover"}, 2]}', "--datetime", "2022-02/.."], [1]),
        (["--filter", "S_INTERSECTS(geometry, BBOX(3, 0, 5, 2))"], [3, 4, 5]),
    ],
)
def test_files_are_filtered_as_an_api_is(source: Path, options: list[str], expected: list[int]) -> None:
    """All that match come, the verdict is complete, and what was left out is counted."""
    code, numbers, certificate = run(source, *options)
    assert (code, numbers) == (COMPLETE, expected)
    assert (certificate["verdict"], certificate["items"], certificate["filtered"]) == (
        "complete",
        len(expected),
        COUNT - len(expected),
    )
    assert certificate["reason"] == (
        f"{'the one item' if len(expected) == 1 else f'all {len(expected)} items'} came; "
        f"{counted(COUNT - len(expected), 'other was', 'others were')} filtered out"
    )


def test_items_that_say_no_collection_are_noted(source: Path) -> None:
    """The one that came in with collection c is counted in a note."""
    notes = run(source, "--collection", "c")[2]["notes"]
    assert [note for note in notes if "collection" in note] == ["1 item names no collection, and may be of 'c': kept"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--limit", "5"], "limit"),
        (["--headers-file", "x"], "headers_file"),
        (["--max-requests", "5"], "budget"),
        (["--retry", "none"], "retry"),
        (["--datetime", "soon"], "datetime"),
        (["--bbox", "0,3,1,2"], "bbox"),
        (["--sortby", "-datetime"], "sortby"),
        (["--intersects", "nowhere.json"], "intersects"),
        (["--filter", "n <"], "filter"),
        (["--filter", "casei(n) = 'a'"], "filter"),
        (["--fields", "-geometry"], "fields"),
        (["--ids", "@nowhere.txt"], "ids"),
    ],
)
def test_what_files_can_not_use_is_refused(
    source: Path, options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, a message that names the setting, and nothing is written."""
    assert run(source, *options)[0] == BAD_SETTINGS
    assert capsys.readouterr().err.startswith(f"stac-ingest: {named}: ")
    assert not (source.parent / "out").exists()


def test_a_query_comes_from_a_file_of_settings(source: Path) -> None:
    """The query extension's operators hold for files."""
    settings = source.parent / "settings.yaml"
    settings.write_text("query: {eo:cloud_cover: {gte: 3, lt: 6}, id: {in: [i0003, i0005]}}\ndatetime: 2022\n")
    assert run(source, "--config", str(settings))[:2] == (COMPLETE, [3, 5])


def test_ids_come_from_a_file_and_missing_ones_are_named(source: Path) -> None:
    """A file has an id a line; those that the source doesn't hold are named, and the rest is complete."""
    listed = source.parent / "ids.txt"
    listed.write_text("i0003\n\n nowhere \ni0009\n")
    code, numbers, certificate = run(source, "--ids", f"@{listed}")
    assert (code, numbers, certificate["verdict"]) == (COMPLETE, [3, 9], "complete")
    assert "1 of 3 ids asked for were not found: 'nowhere'" in certificate["notes"]


def test_items_of_files_have_the_fields_that_are_asked_for(source: Path) -> None:
    """What is named stays, with what no item goes without; filters see all the same."""
    options = ["--fields", "-assets,-links,-properties.eo:cloud_cover", "--filter", '"eo:cloud_cover" < 3']
    assert run(source, *options)[:2] == (COMPLETE, [0, 1, 2])
    lines = (source.parent / "out/items.ndjson").read_text().splitlines()
    assert all(not {"assets", "links"} & json.loads(line).keys() for line in lines)
    assert [[*json.loads(line)["properties"]] for line in lines] == [["datetime"]] * 3


def test_shards_of_files_take_the_same_terms(source: Path) -> None:
    """An ingest in shards brings the same items, and names the ids that no shard has."""
    output = source.parent / "sharded"
    terms = {"ids": ["i0002", "i0003", "none"], "intersects": AREA, "filter": "id <> 'i0003'", "fields": "-links"}
    if source.suffix == ".json":
        pytest.skip("one document isn't cut")
    plan = plan_ingest(ShardedIngest.parse({"source": str(source), "output": str(output), "shards": 2, **terms}))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    report = finalize_ingest(plan)
    assert [one["id"] for one in read_output("geoparquet", output / "items")] == ["i0002"]
    assert report.verdict == "complete"
    assert any("2 of 3 ids asked for were not found" in note for note in report.notes)


def test_a_failure_among_the_others_is_one(source: Path) -> None:
    """What can't be read might have matched: it isn't complete."""
    if not source.is_dir():
        pytest.skip("a folder has files that can be broken")
    (source / "broken.json").write_text("{")
    assert run(source, "--datetime", "2024")[0] == INCOMPLETE


def test_a_failure_beside_items_that_are_filtered_out_is_no_unreadable_source(tmp_path: Path) -> None:
    """A source of which every item is read and none is wanted was read, whatever else fails in it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(items()[0]))
    (tmp_path / "in" / "b.json").write_text("{")
    code, numbers, certificate = run(tmp_path / "in", "--bbox", "80,80,81,81")
    assert (code, numbers) == (INCOMPLETE, [])
    assert (certificate["verdict"], certificate["filtered"], certificate["ingest_failures"]) == ("truncated", 1, 1)


def test_max_items_counts_what_matches(source: Path) -> None:
    """The first three that match."""
    assert run(source, "--datetime", "2024", "--max-items", "3")[:2] == (COMPLETE, [24, 25, 26])


def test_a_run_goes_on_with_the_same_filter_and_with_another(source: Path) -> None:
    """What is written is kept; a wider filter brings what it adds."""
    assert run(source, "--datetime", "2022-01/2022-03")[1] == [0, 1, 2]
    code, numbers, certificate = run(source, "--datetime", "2022-01/2022-05", "--resume")
    assert (code, numbers) == (COMPLETE, [0, 1, 2, 3, 4])
    assert (certificate["items"], certificate["written"], certificate["skipped"]) == (5, 2, 3)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"bbox": "0,0,7,2"}, list(range(8))),
        ({"datetime": 2024}, list(range(24, 36))),
        ({"collection": "c"}, list(range(0, 40, 2))),
        ({"query": {"eo:cloud_cover": {"lt": 3}}}, [0, 1, 2]),
        ({"bbox": "0,50,7,52"}, []),
    ],
)
def test_shards_are_filtered_alike(source: Path, wanted: dict[str, Any], expected: list[int]) -> None:
    """Each shard leaves out what isn't asked for; the sums and the verdict are right."""
    if source.suffix == ".json":
        pytest.skip("a document isn't cut into shards")
    output = source.parent / "out"
    plan = plan_ingest(ShardedIngest.parse({"source": str(source), "output": str(output), "shards": 3, **wanted}))
    for shard in plan.shards:
        run_shard(plan, shard.number)
    report = finalize_ingest(plan)
    numbers = sorted(int(one["id"][1:]) for one in read_output("geoparquet", output / "items"))
    assert (numbers, report.verdict, report.items) == (expected, "complete", len(expected))


def test_row_groups_that_can_not_match_are_in_no_shard(tmp_path: Path) -> None:
    """Statistics are looked at when the ingest is planned; what lies between is left out of the shards."""
    with GeoParquetWriter(tmp_path / "t.parquet", 5) as writer:
        writer.write([*items()[:5], *items()[20:30], *items()[5:10]])
    settings = {"source": str(tmp_path / "t.parquet"), "output": str(tmp_path / "out"), "datetime": "2022"}
    plan = plan_ingest(ShardedIngest.parse({**settings, "shards": 1}))
    (shard,) = plan.shards
    assert [(rows.first, rows.last) for rows in shard.piece.files] == [(0, 0), (3, 3)]  # type: ignore[attr-defined]
    assert (shard.expected, plan.total) == (10, 10)
    assert plan.notes == ["left out 2 of 4 row groups: nothing in them is asked for"]
    assert run_shard(plan, 0).ingest.items == 10


@pytest.mark.parametrize("setting", [{"limit": 5}, {"headers_file": "x"}, {"max_requests": 9}, {"max_in_flight": 2}])
def test_shards_refuse_what_files_can_not_use(setting: dict[str, Any]) -> None:
    """The message names it."""
    with pytest.raises(Exception, match=f"{next(iter(setting))}: for an API alone"):
        ShardedIngest.parse({"source": "items", "output": "out", **setting})


def interrupted(source: Path, *options: str) -> None:
    """Leave behind what a run that was killed before its end does: the file under its other name, and positions."""
    assert run(source, *options)[0] == COMPLETE
    output = source.parent / "out"
    (output / "items.ndjson").rename(output / "items.ndjson.part")
    (output / ".checkpoints" / "ndjson" / f"{options[1]}.positions").touch()


def test_what_an_interrupted_run_of_another_collection_wrote_is_kept(
    source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """To resume with another collection is refused before anything is replaced; the run itself can be resumed."""
    interrupted(source, "--collection", "c")
    code, numbers, _ = run(source, "--collection", "d", "--resume")
    assert (code, numbers) == (BAD_SETTINGS, [])
    assert "items of an interrupted run with another --collection ('c')" in capfd.readouterr().err
    code, numbers, _ = run(source, "--collection", "c", "--resume")
    assert (code, numbers) == (COMPLETE, [*range(0, COUNT, 2)])
    code, numbers, _ = run(source, "--collection", "d")
    assert (code, numbers) == (COMPLETE, sorted([6, *range(1, COUNT, 2)]))


def test_a_complete_file_stays_where_a_run_can_not_go_on_with_it(source: Path) -> None:
    """Where the records are of what was replaced since, the file that is there keeps its name."""
    run(source, "--collection", "c")
    _, there, _ = run(source, "--collection", "d")
    assert run(source, "--collection", "c", "--resume")[:2] == (BAD_SETTINGS, there)


def test_a_run_that_found_nothing_can_be_resumed(source: Path) -> None:
    """A file without items is none that a run would lose."""
    assert run(source, "--bbox", "100,50,101,51")[:2] == (COMPLETE, [])
    assert run(source, "--resume")[:2] == (COMPLETE, [*range(COUNT)])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=COUNT), st.integers(1, 9))
@example([False] * 3 + [True] * 6, 4)
def test_rows_that_are_left_are_decoded_together(wanted: list[bool], group: int) -> None:
    """However matching rows lie among the row groups, they come in their order, in few batches.

    A group of which all rows match is a batch of its own, which may part the others. Of these, any two batches that
    follow each other hold more rows than a group: else they would be one.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        kept = [one["id"] for one, keep in zip(items(), wanted, strict=False) if keep]
        with GeoParquetWriter(path, group) as writer:
            writer.write(items())
        config = {"mode": "file", "source": str(path), "ids": [*kept, "none"]}
        module = IngestModule(config)

        async def read() -> list[str]:
            rows = module.fetch_rows(WorkflowContext(), as_lines=True)
            return [one["id"] async for some in rows for one in some.items()]

        assert asyncio.run(read()) == kept
        assert module.summary.filtered == COUNT - len(kept)
        matches = [*wanted, *[False] * (COUNT - len(wanted))]
        groups = [matches[start : start + group] for start in range(0, COUNT, group)]
        whole = sum(map(all, groups))
        others = sum(sum(some) for some in groups if not all(some))
        assert module.summary.safe_batches <= 1 + 2 * whole + 2 * others // group
