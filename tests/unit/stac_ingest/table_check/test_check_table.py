"""How tables stand: those of ours, those of others, and those that nobody should have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest.cli.main import main
from stac_ingest.context import WorkflowContext
from stac_ingest.errors import DataProcessingError
from stac_ingest.outputs import make_output
from stac_ingest.table_check.check_table import check_table

COLLECTIONS = {"c": {"type": "Collection", "id": "c"}}


def item(number: int, **more: Any) -> dict[str, Any]:
    x, y = -179.0 + number * 37 % 350, -80.0 + number * 53 % 160
    made = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:05d}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [x, y]},
        "bbox": [x, y, x, y],
        "properties": {"datetime": f"2024-{number % 12 + 1:02d}-01T00:00:00Z"},
        "links": [],
        "assets": {},
    }
    return made | more


def write(name: str, folder: Path, items: Sequence[dict[str, Any]], **wanted: Any) -> Path:
    async def run() -> None:
        output, context = make_output(name, folder, wanted), WorkflowContext(collections=COLLECTIONS)
        for one in items:
            await output.bundle(one, context)
        await output.finalize(context)

    asyncio.run(run())
    return folder


def verdicts(place: Path) -> dict[str, str]:
    return {finding.name: finding.verdict for finding in check_table(place)}


def not_passed(place: Path) -> dict[str, str]:
    return {name: verdict for name, verdict in verdicts(place).items() if verdict != "pass"}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a sorted table."""
    return write("sorted-geoparquet", tmp_path_factory.mktemp("ours"), [item(n) for n in range(600)])


def changed(source: Path, target: Path, table: pa.Table | None = None, **metadata: Any) -> Path:
    """Write a table as another writer may have left it."""
    table = pq.read_table(source / "part-00000.parquet") if table is None else table
    texts = {name.replace("_", "-"): json.dumps(value) for name, value in metadata.items()}
    held = {key.decode(): value for key, value in (table.schema.metadata or {}).items()}
    pq.write_table(table.replace_schema_metadata({**held, **texts}), target, compression="zstd")
    return target


@pytest.mark.parametrize("partition", ["none", "year", "month"])
def test_what_we_lay_out_passes(tmp_path: Path, partition: str) -> None:
    """Nothing is found against a table of ours, one with items over the antimeridian in a file of their own too."""
    items = [item(n) for n in range(600)] + [item(600, bbox=[179.0, 0.0, -179.0, 1.0], geometry=None)]
    items[-1]["geometry"] = {"type": "Point", "coordinates": [179.5, 0.5]}
    assert not_passed(write("sorted-geoparquet", tmp_path, items, partition=partition)) == {}


def test_a_table_in_no_order_is_told(tmp_path: Path) -> None:
    """Row groups that all span the world, and are small, are warned of, with what a search has to read."""
    folder = write("geoparquet", tmp_path, [item(n) for n in range(9_000)])
    findings = {finding.name: finding for finding in check_table(folder)}
    assert findings["sorted"].verdict == "warning"
    assert "5.0 of 5 row groups" in findings["sorted"].what
    assert findings["row groups"].verdict == "warning"


def test_ids_that_come_twice_are_named(ours: Path, tmp_path: Path) -> None:
    """A table with a row twice fails, and the id is named."""
    table = pq.read_table(ours / "part-00000.parquet")
    twice = pa.concat_tables([table, table.slice(7, 1)])
    (found,) = [one for one in check_table(changed(ours, tmp_path / "a.parquet", twice)) if one.name == "ids"]
    assert found.verdict == "failure"
    assert table["id"][7].as_py() in found.what


def test_the_same_id_in_another_collection_is_another_item(tmp_path: Path) -> None:
    """Ids are unique within their collection alone."""
    items = [item(1), item(1, collection="d")]
    assert verdicts(write("sorted-geoparquet", tmp_path, items))["ids"] == "pass"


def test_boxes_that_miss_their_geometry_fail(tmp_path: Path) -> None:
    """A box beside the geometry fails; one around it, or over the antimeridian, does not."""
    right = [item(0, bbox=[-180.0, -90.0, 180.0, 90.0]), item(1)]
    assert verdicts(write("sorted-geoparquet", tmp_path / "right", right))["boxes"] == "pass"
    assert (
        verdicts(write("sorted-geoparquet", tmp_path / "wrong", [item(0, bbox=[50.0, 50.0, 51.0, 51.0])]))["boxes"]
        == "failure"
    )


def test_folders_that_say_another_month_fail(ours: Path, tmp_path: Path) -> None:
    """Rows in the folder of another month than theirs are counted."""
    folder = tmp_path / "year=2024" / "month=02"
    folder.mkdir(parents=True)
    changed(ours, folder / "a.parquet")
    (found,) = [one for one in check_table(tmp_path) if one.name == "folders"]
    assert found.verdict == "failure"
    assert found.what.startswith("550 items")


def test_tables_of_others_are_checked(tmp_path: Path) -> None:
    """A table without any metadata, with times as text and in snappy, is told what it lacks, and no traceback comes."""
    rows = [
        {**one["properties"], **{key: one[key] for key in ("id", "bbox", "links", "collection")}} for one in [item(0)]
    ]
    table = pa.Table.from_pylist(rows).append_column("geometry", pa.array([None], pa.binary()))
    pq.write_table(table, tmp_path / "a.parquet", compression="snappy")
    assert not_passed(tmp_path / "a.parquet") == {
        "geo metadata": "failure",
        "covering": "warning",
        "STAC metadata": "warning",
        "collections": "warning",
        "times": "warning",
        "compression": "warning",
    }


def test_metadata_that_a_writer_adds_to_the_file_alone_are_found(ours: Path, tmp_path: Path) -> None:
    """Metadata of which the Arrow schema in the file has nothing, as rustac writes them, count as all others."""
    table = pq.read_table(ours / "part-00000.parquet")
    with pq.ParquetWriter(tmp_path / "a.parquet", table.schema.remove_metadata(), compression="zstd") as writer:
        writer.write_table(table.replace_schema_metadata())
        writer.add_key_value_metadata(table.schema.metadata)
    assert pq.read_schema(tmp_path / "a.parquet").metadata is None
    assert not_passed(tmp_path / "a.parquet") == not_passed(ours)


def test_a_table_of_something_else_is_told_no_more_than_that(tmp_path: Path) -> None:
    """To sort what holds no items would fail, so nothing advises it; a long path doesn't hide what can't be opened."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    pq.write_table(pa.table({"a": [1]}), folder / "a.parquet")
    assert verdicts(folder) == {"STAC items": "failure"}
    (folder / "a.parquet").write_bytes(b"none")
    (found,) = check_table(folder)
    assert found.what.startswith("1 can't be opened: a.parquet: not a Parquet file: ")


def test_what_is_no_table_of_items_fails(tmp_path: Path) -> None:
    """A table of something else, and a file that is none, fail with their name; the others are checked."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    found = {finding.name: finding for finding in check_table(tmp_path)}
    assert found["files"].verdict == "failure"
    assert "b.parquet" in found["files"].what
    assert found["STAC items"].verdict == "failure"


@pytest.mark.parametrize("size", [0, 4, 100, 2_000, 9_000])
def test_a_cut_file_is_named(ours: Path, tmp_path: Path, size: int) -> None:
    """A file that was cut anywhere is a failure and no error."""
    (tmp_path / "a.parquet").write_bytes((ours / "part-00000.parquet").read_bytes()[:size])
    assert verdicts(tmp_path) == {"files": "failure"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["columns", "geometry", "covering", "bbox", "xmin", "collections", "version"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(geo=json_values, stac_geoparquet=json_values)
def test_any_metadata_are_judged(
    ours: Path, tmp_path_factory: pytest.TempPathFactory, geo: Any, stac_geoparquet: Any
) -> None:
    """Whatever JSON the metadata are, each of them is a finding and none an error."""
    path = changed(ours, tmp_path_factory.mktemp("any") / "a.parquet", geo=geo, stac_geoparquet=stac_geoparquet)
    assert verdicts(path)["geo metadata"] == "failure"


def test_no_table_is_no_finding(tmp_path: Path) -> None:
    """A path without a file, and an empty folder, are errors in words."""
    for place in (tmp_path, tmp_path / "missing.parquet"):
        with pytest.raises(DataProcessingError, match="no "):
            check_table(place)


def test_the_command_prints_a_line_for_each_finding(
    ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 where nothing fails, 1 where something does, 2 for a URL, 3 where there is no table."""
    assert main(["check", str(ours)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["pass"] * len(lines)
    (tmp_path / "b.parquet").write_bytes(b"")
    assert main(["check", "--json", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "failure"
    assert main(["check", "https://example.com/a.parquet?token=secret"]) == 2
    assert "secret" not in capsys.readouterr().err
    assert main(["check", str(tmp_path / "missing")]) == 3
