"""What the command says of values that the output can't hold."""

from __future__ import annotations

import json

import orjson
import pytest

from stac_ingest.cli.main import main


def item(number, **properties):
    return {
        "type": "Feature",
        "id": f"i{number}",
        "collection": "c",
        "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
        "bbox": [1.5, 2.5, 1.5, 2.5],
        "properties": {"datetime": "2024-01-01T00:00:00Z", **properties},
        "links": [],
        "assets": {},
    }


def run(tmp_path, kind, items, *more):
    """Run the command over item files; give its exit code, and the certificate."""
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir(exist_ok=True)
    for one in items:
        (source / f"{one['id']}.json").write_text(json.dumps(one))
    code = main([str(source), "--to", kind, "--output", str(out), *more])
    return code, json.loads((out / "certificate.json").read_text())


@pytest.mark.parametrize(("kind", "nulls"), [("geoparquet", 2), ("ndjson", 0), ("items", 0)])
def test_null_members_are_counted_and_complete_all_the_same(tmp_path, capsys, kind, nulls):
    """A null that a table has no place for is told and counted; the run is complete, and nothing is named."""
    code, certificate = run(tmp_path, kind, [item(0, gsd=None), item(1, gsd=1.5), item(2, gsd=None)])
    assert (code, certificate["verdict"], certificate["null_members"], certificate["changes"]) == (
        0,
        "complete",
        nulls,
        0,
    )
    assert ("2 null members were left out: GeoParquet can't hold them" in capsys.readouterr().err) == bool(nulls)
    assert not (tmp_path / "out" / "notes.ndjson").exists()


@pytest.mark.parametrize("kind", ["geoparquet", "ndjson", "items"])
def test_what_is_no_number_is_named_once(tmp_path, kind):
    """NaN makes it complete with changes, with a line that names it; going on with the run adds no second line."""
    for more in ((), ("--resume",)):
        code, certificate = run(tmp_path, kind, [item(0, gsd=float("nan")), item(1)], *more)
        assert (code, certificate["verdict"], certificate["changes"]) == (0, "complete with changes", 1)
        lines = (tmp_path / "out" / "notes.ndjson").read_bytes().splitlines()
        assert [(orjson.loads(line)["item_id"], orjson.loads(line)["member"]) for line in lines] == [
            ("i0", "properties.gsd")
        ]
