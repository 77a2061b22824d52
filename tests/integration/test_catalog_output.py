"""Static catalogs as an output: read back by pystac and by this package, whatever items are called and cover."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pystac
import pytest
from catalog_bed import item, link, read, write
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_ingest import WorkflowContext
from stac_ingest.cli.main import COMPLETE, main
from stac_ingest.outputs import CatalogOutput, read_output
from stac_ingest.outputs.catalog.documents import OWNED

HOSTILE = [
    "..",
    "a/b",
    "A",
    "a",
    "con",
    "catalog.json",
    "collection.json",
    "x" * 300,
    "ü",
    "a?b#c",
    "a b",
    "%41",
    "-",
    "~",
]


def without_owned(one: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an item the links that the layout owns."""
    links = one["links"]
    return {**one, "links": [each for each in links if not (isinstance(each, dict) and each.get("rel") in OWNED)]}


async def made(folder: Path, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Write items, and return what the output says of itself."""
    output, context = CatalogOutput(folder), WorkflowContext()
    for one in items:
        await output.bundle(one, context)
    return await output.finalize(context)


def document(path: Any) -> Any:
    """Parse a document, which may hold no number that JSON doesn't have."""
    return json.loads(Path(path).read_text(), parse_constant=pytest.fail)


def names_in(folder: Path, pattern: str = "*") -> list[str]:
    """List what is in a folder."""
    return [str(path.relative_to(folder)) for path in folder.glob(pattern)]


def by_key(items: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Give items by what tells them apart, without the links that the layout owns."""
    return {(one.get("collection"), one["id"]): without_owned(one) for one in items}


async def test_pystac_reads_the_same_items(tmp_path: Path) -> None:
    """What pystac finds by links is what was written, apart from the links that the layout owns."""
    items = [
        item(name, collection, links=[link("self", "https://example.com/x"), link("via", "https://example.com/y")])
        for collection in (None, "one", "two words")
        for name in ("i", "j.k", "S2A_x")
    ]
    said = await made(tmp_path, items)
    assert (said["items"], said["collections"], said["items_with_links_replaced"]) == (9, 2, 9)
    root = pystac.Catalog.from_file(str(tmp_path / "catalog.json"))
    found = {(one.collection_id, one.id): one for one in root.get_items(recursive=True)}
    assert len(found) == len(items)
    for one in items:
        theirs = found[one.get("collection"), one["id"]]
        parent = theirs.get_parent()
        assert theirs.get_root() is root
        assert parent is not None
        assert parent.id == (one.get("collection") or "catalog")
        on_disk = document(theirs.get_self_href())
        assert without_owned(on_disk) == without_owned(one)
        again = without_owned(theirs.to_dict(transform_hrefs=False))
        assert {**again, "stac_extensions": None} == {**without_owned(one), "stac_extensions": None}


async def test_hostile_names_stay_in_the_folder_and_apart(tmp_path: Path) -> None:
    """Whatever items and collections are called, each has a file of its own below the folder, and keeps its id."""
    items = [item(name, collection) for name in HOSTILE for collection in (None, *HOSTILE[:8])]
    await made(tmp_path / "out", items)
    assert names_in(tmp_path) == ["out"]
    run = await read(tmp_path / "out" / "catalog.json")
    assert by_key(run.items) == by_key(items)
    assert len(run.items) == len(items)
    assert not run.failures
    lower = [name.lower() for name in names_in(tmp_path / "out", "**/*")]
    assert len(set(lower)) == len(lower)
    assert by_key(list(read_output("catalog", tmp_path / "out"))) == by_key(items)


@settings(max_examples=30)
@given(
    keys=st.lists(
        st.tuples(st.sampled_from(["", "a", "A", "b"]), st.text(st.sampled_from("aA./~ü-"), min_size=1, max_size=3)),
        unique=True,
        max_size=12,
    )
)
async def test_any_ids_are_told_apart(keys: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two ids are never one file, in whatever order they come."""
    folder = tmp_path_factory.mktemp("any")
    items = [item(name, collection or None) for collection, name in keys]
    said = await made(folder, items)
    assert said["items"] == len(items)
    assert by_key(list(read_output("catalog", folder))) == by_key(items)


async def test_extents(tmp_path: Path) -> None:
    """A collection's document covers its items: over the antimeridian, with heights, without places, never infinite."""
    point = {"type": "Point", "coordinates": [5, 6]}
    cases: dict[str, tuple[list[dict[str, Any]], list[float]]] = {
        "plain": ([{"bbox": [1, 2, 3, 4]}, {"bbox": [-5, 0, -4, 1]}, {"bbox": None}], [-5, 0, 3, 4]),
        "crossing": ([{"bbox": [170, -5, -170, 5]}, {"bbox": [160, 0, 165, 1]}], [160, -5, -170, 5]),
        "beside it": ([{"bbox": [178, 0, 179, 1]}, {"bbox": [-179, 0, -178, 1]}], [-179, 0, 179, 1]),
        "around": ([{"bbox": [170, 0, -170, 1]}, {"bbox": [-170, 0, 170, 1]}], [-180, 0, 180, 1]),
        "heights": ([{"bbox": [1, 2, -3, 4, 5, 6]}, {"bbox": [0, 0, 0, 1, 1, 9]}], [0, 0, -3, 4, 5, 9]),
        "some heights": ([{"bbox": [1, 2, -3, 4, 5, 6]}, {"bbox": [0, 0, 1, 1]}], [0, 0, 4, 5]),
        "nowhere": ([{}, {"bbox": []}], [-180, -90, 180, 90]),
        "no box": ([{"geometry": point}, {"bbox": [1, 10**400, 2, 3], "geometry": point}], [5, 6, 5, 6]),
        "no place": (
            [{"bbox": [0, 9, 1, -9], "geometry": {"type": "Polygon", "coordinates": [[[]], "x", 7]}}],
            [-180, -90, 180, 90],
        ),
    }
    items = [item(f"{n}", name, **more) for name, (some, _) in cases.items() for n, more in enumerate(some)]
    await made(tmp_path, items)
    for name, (_, box) in cases.items():
        found = document(tmp_path / name / "collection.json")
        assert found["extent"]["spatial"]["bbox"] == [box], name
        assert found["extent"]["temporal"]["interval"] == [["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]]
        assert pystac.Collection.from_dict(found).id == name


async def test_times_of_items(tmp_path: Path) -> None:
    """The interval reaches from the first start to the last end, and is open where no item says a time."""
    times = {"start_datetime": "2019-01-01T00:00:00Z", "end_datetime": "2021-06-01T12:00:00+02:00", "datetime": None}
    await made(tmp_path, [item("i", "c"), item("j", "c", properties=times), item("k", "d", properties={"datetime": 7})])
    intervals = [document(tmp_path / name / "collection.json")["extent"]["temporal"]["interval"] for name in "cd"]
    assert intervals == [[["2019-01-01T00:00:00Z", "2021-06-01T10:00:00Z"]], [[None, None]]]


async def test_links_that_are_none(tmp_path: Path) -> None:
    """Items whose links are of another type get those of the layout; what isn't a link stays."""
    await made(tmp_path, [item("i", links="x"), item("j", links=[7, {"rel": ["self"]}, link("self", "x")])])
    links = {one["id"]: one["links"] for one in read_output("catalog", tmp_path)}
    assert [each["rel"] for each in links["i"]] == ["root", "parent"]
    assert links["j"][2:] == [7, {"rel": ["self"]}]


def test_a_resumed_run_adds_to_a_whole_catalog(tmp_path: Path) -> None:
    """A run that goes on with a catalog that was complete keeps its items, names and extents."""
    source, out = tmp_path / "in", tmp_path / "out"
    write(source, {"a.json": item("a", "c", bbox=[0, 0, 1, 1]), "b.json": item("A", "c"), "l.json": item("l")})
    arguments = [str(source), "--to", "catalog", "--output", str(out)]
    assert main(arguments) == COMPLETE
    before = {path for path in out.rglob("*.json") if path.name != "certificate.json"}
    write(source, {"c.json": item("new", "c", bbox=[5, 5, 6, 6]), "d.json": item("d", "C")})
    assert main([*arguments, "--resume"]) == COMPLETE
    assert before < set(out.rglob("*.json"))
    assert sorted(one["id"] for one in read_output("catalog", out)) == ["A", "a", "d", "l", "new"]
    assert document(out / "c" / "collection.json")["extent"]["spatial"]["bbox"] == [[0, 0, 6, 6]]
    assert not (out / ".links").exists()


def test_a_lost_catalog_is_noticed_on_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where items are gone that a checkpoint has, a resumed run says so and writes nothing."""
    source, out = tmp_path / "in", tmp_path / "out"
    write(source, {"a.json": item("a", "c")})
    assert main([str(source), "--to", "catalog", "--output", str(out)]) == COMPLETE
    (out / "catalog.json").unlink()
    assert main([str(source), "--to", "catalog", "--output", str(out), "--resume"]) == 2
    assert "start again" in capsys.readouterr().err


async def test_links_planted_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A symbolic link with the name of a folder leads to an error, and nothing is written behind it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "c").symlink_to("../elsewhere")
    with pytest.raises(Exception, match="can't write"):
        await made(tmp_path / "out", [item("i", "c")])
    assert not list((tmp_path / "elsewhere").iterdir())
