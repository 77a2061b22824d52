"""Tables of Delta Lake and Iceberg as outputs: read back by their own libraries, and whole after every interruption."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
from deltalake import DeltaTable
from pyiceberg.table import StaticTable, Table

from stac_ingest import ConfigurationError, WorkflowContext
from stac_ingest.cli.main import COMPLETE, main
from stac_ingest.outputs import make_output, read_output
from stac_ingest.outputs.iceberg import IcebergOutput
from stac_ingest.outputs.table_format import TableFormatOutput

FORMATS = ["delta", "iceberg"]
Item = dict[str, Any]


def item(number: int, **properties: Any) -> Item:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"i{number:03}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [number, 1.5]},
        "bbox": [number, 1.5, number, 1.5],
        "properties": {"datetime": "2024-01-01T00:00:00Z", **properties},
        "links": [],
        "assets": {"data": {"href": f"{number}.tif", "roles": ["data"]}},
    }


def lines(path: Path, items: list[Item]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in items))
    return path


def rows(name: str, table: Path) -> pa.Table:
    """Read a table by the library of its format."""
    if name == "delta":
        return DeltaTable(table).to_pyarrow_table()
    return StaticTable.from_metadata(str(table)).scan().to_arrow()


@pytest.fixture(autouse=True)
def _small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ten items be a commit."""
    begin = TableFormatOutput.__init__
    monkeypatch.setattr(TableFormatOutput, "__init__", lambda self, folder, **_: begin(self, folder, part_items=10))
    monkeypatch.setattr("stac_ingest.outputs.table_format._TOGETHER", 5)


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_s_own_library_reads_it(tmp_path: Path, name: str) -> None:
    """Types and values are those of GeoParquet's columns: instants, boxes, Well-Known Binary; items come back."""
    items = [item(number) for number in range(23)]
    items[12]["properties"] |= {"eo:cloud_cover": 1.5, "deep": {"x": [1]}}
    out = tmp_path / "out"
    arguments = ["--to", name, "--output", str(out)]
    assert main([str(lines(tmp_path / "a.ndjson", items)), *arguments]) == COMPLETE
    found = rows(name, out / "table").sort_by("id")
    assert found.column("id").to_pylist() == [one["id"] for one in items]
    assert found.schema.field("datetime").type == pa.timestamp("us", "UTC")
    assert found.column("bbox")[3].as_py() == {"xmin": 3.0, "ymin": 1.5, "xmax": 3.0, "ymax": 1.5}
    assert shapely.from_wkb(found.column("geometry")[4].as_py()) == shapely.Point(4, 1.5)
    assert found.column("eo:cloud_cover").to_pylist() == [1.5 if number == 12 else None for number in range(23)]
    assert found.column("assets")[2].as_py()["data"]["href"] == "2.tif"
    assert sorted(read_output(name, out), key=lambda one: str(one["id"])) == items
    written = json.loads((out / "certificate.json").read_text())["output"]
    assert (written["items"], written["commits"], written.get("kept_apart")) == (23, 3, None)


@pytest.mark.parametrize("name", FORMATS)
def test_a_value_of_another_type_is_kept_apart_and_said(tmp_path: Path, name: str) -> None:
    """The column keeps its type; the value is in another one, which the certificate names, and comes back."""
    items = [item(number, x=number) for number in range(10)] + [item(10, x=10.5), item(11, x="text")]
    out = tmp_path / "out"
    assert main([str(lines(tmp_path / "a.ndjson", items)), "--to", name, "--output", str(out)]) == COMPLETE
    assert sorted(read_output(name, out), key=lambda one: str(one["id"])) == items
    assert rows(name, out / "table").schema.field("x").type == pa.int64()
    written = json.loads((out / "certificate.json").read_text())["output"]
    assert written["kept_apart"] == {"x": "properties.x"}


class Interrupted(BaseException):
    """Stands for the end of the process at this point."""


def interrupting(method: str, *, number: int, before: bool) -> Callable[..., Any]:
    """Make a method of the output that ends the run at its n-th call, before or after it did its work."""
    original, calls = getattr(TableFormatOutput, method), iter(range(1000))

    def interrupted(self: TableFormatOutput, *arguments: Any) -> Any:
        at = next(calls) == number
        if at and before:
            raise Interrupted
        result = original(self, *arguments)
        if at:
            raise Interrupted
        return result

    return interrupted


POINTS: list[tuple[str, int, bool]] = [
    (method, number, before) for method in ("_mark", "_note_part") for number in (0, 1) for before in (True, False)
]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("point", POINTS)
def test_an_interrupted_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, point: tuple[str, int, bool]
) -> None:
    """Between a commit and its note, and after it, a run may end: the next one neither doubles nor loses an item."""
    out, (method, number, before) = tmp_path / "out", point
    source = lines(tmp_path / "a.ndjson", [item(number) for number in range(35)])
    arguments = [str(source), "--to", name, "--output", str(out), "--resume"]
    with monkeypatch.context() as patch:
        patch.setattr(TableFormatOutput, method, interrupting(method, number=number, before=before))
        with pytest.raises(Interrupted):
            main(arguments)
    assert main(arguments) == COMPLETE
    ids = rows(name, out / "table").column("id").to_pylist()
    assert sorted(ids) == [f"i{number:03}" for number in range(35)]
    assert not (out / "table" / ".pending.ndjson").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_a_commit_that_was_never_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A run that ended between its note of a commit and the commit left nothing that counts."""
    out = tmp_path / "out"
    source = lines(tmp_path / "a.ndjson", [item(number) for number in range(35)])
    arguments = [str(source), "--to", name, "--output", str(out), "--resume"]
    kind = type(make_output(name, tmp_path / "other"))
    original, calls = kind._commit, iter(range(1000))

    def failing(self: Any, number: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch], text: str) -> None:
        if next(calls) == 1:
            raise Interrupted
        original(self, number, schema, batches, text)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "_commit", failing)
        with pytest.raises(Interrupted):
            main(arguments)
    assert main(arguments) == COMPLETE
    assert sorted(rows(name, out / "table").column("id").to_pylist()) == [f"i{number:03}" for number in range(35)]


@pytest.mark.parametrize("name", FORMATS)
async def test_a_table_that_is_there_is_not_written_to_afresh(tmp_path: Path, name: str) -> None:
    """A run that doesn't resume leaves an earlier one's table alone, and links in the folder are refused."""
    context = WorkflowContext()
    output = make_output(name, tmp_path / "t")
    await output.start(context)
    await output.bundle(item(1), context)
    await output.finalize(context)
    with pytest.raises(ConfigurationError, match="holds a table of an earlier run"):
        await make_output(name, tmp_path / "t").start(context)
    assert len(rows(name, tmp_path / "t")) == 1
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "_delta_log").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        await make_output(name, tmp_path / "linked").start(context)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_records_are_made_anew_from_the_table(tmp_path: Path, name: str) -> None:
    """Where the journal is damaged, the table says which items it has."""
    out = tmp_path / "out"
    source = lines(tmp_path / "a.ndjson", [item(number) for number in range(25)])
    arguments = [str(source), "--to", name, "--output", str(out)]
    assert main([*arguments, "--max-items", "20"]) == COMPLETE
    journal = next((out / ".checkpoints" / name).glob("*.journal"))
    journal.write_bytes(journal.read_bytes().replace(b"i003", b"i0\x003"))
    assert main([*arguments, "--resume"]) == COMPLETE
    assert sorted(rows(name, out / "table").column("id").to_pylist()) == [f"i{number:03}" for number in range(25)]


def test_a_commit_whose_hint_is_missing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended behind its last commit is gone on from, and readers without the catalog see that commit."""
    out = tmp_path / "out"
    arguments = [str(lines(tmp_path / "a.ndjson", [item(n) for n in range(20)])), "--to", "iceberg", "--resume"]
    arguments += ["--output", str(out)]
    original, calls = IcebergOutput._hint, iter(range(1000))

    def failing(self: IcebergOutput, table: Table) -> None:
        if next(calls) == 1:
            raise Interrupted
        original(self, table)

    with monkeypatch.context() as patch:
        patch.setattr(IcebergOutput, "_hint", failing)
        with pytest.raises(Interrupted):
            main(arguments)
    assert main(arguments) == COMPLETE
    assert len(rows("iceberg", out / "table")) == 20


@pytest.mark.parametrize("name", FORMATS)
def test_lists_of_objects_that_are_not_there_stay_so(tmp_path: Path, name: str) -> None:
    """An item without a list of objects, in the same commit as one that has it, comes back without one."""
    items = [item(number, bands=[{"name": "b"}]) if number % 2 else item(number) for number in range(6)]
    items[1]["assets"]["other"] = {"href": "o", "bands": [{"name": "x"}]}
    del items[3]["links"]
    items[5]["links"] = [{"href": "a", "rel": "self"}]
    out = tmp_path / "out"
    assert main([str(lines(tmp_path / "a.ndjson", items)), "--to", name, "--output", str(out)]) == COMPLETE
    assert sorted(read_output(name, out), key=lambda one: str(one["id"])) == items
    assert rows(name, out / "table").column("bands").null_count == 3


@pytest.mark.parametrize("name", FORMATS)
def test_a_column_of_another_name_may_have_another_type_too(tmp_path: Path, name: str) -> None:
    """Where neither the column nor the one beside it is named as the member, both come back in its place."""
    items = [item(number) for number in range(20)]
    for number, one in enumerate(items):
        value = number if number < 10 else f"text {number}"
        one["foreign"] = one["properties"]["id"] = one["properties"]["a b"] = value
    out = tmp_path / "out"
    assert main([str(lines(tmp_path / "a.ndjson", items)), "--to", name, "--output", str(out)]) == COMPLETE
    assert sorted(read_output(name, out), key=lambda one: str(one["id"])) == items
