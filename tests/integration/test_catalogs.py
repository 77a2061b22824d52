"""Static catalogs in folders, in every layout that pystac writes, walked by their links."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pystac
import pytest
from catalog_bed import catalog, item, link, read, tree, write

from stac_ingest import ConfigurationError, DataProcessingError, IngestModule
from stac_ingest.cli.main import main

PUBLISHED = "https://example.com/stac"
OLD = {
    "0.9.0": {"id": "root", "stac_version": "0.9.0", "description": "d"},
    "1.0.0-beta.2": {"id": "root", "stac_version": "1.0.0-beta.2", "description": "d"},
}
FORMS = ["self-contained", "relative-published", "absolute-published"]


def files_of(folder: Path) -> dict[str, Any]:
    """Give all items that lie in a folder, by id."""
    found = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    return {one["id"]: one for one in found if one.get("type") == "Feature"}


def saved(folder: Path, form: str) -> Path:
    """Have pystac write a catalog with a collection, a nested catalog, and an item of none."""
    root = pystac.Catalog("root", "d")
    everywhere, always = pystac.SpatialExtent([[-180, -90, 180, 90]]), pystac.TemporalExtent([[None, None]])
    collection = pystac.Collection("c", "d", pystac.Extent(everywhere, always))
    nested = pystac.Catalog("nested", "d")
    root.add_child(collection)
    collection.add_child(nested)
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    for number in range(3):
        collection.add_item(pystac.Item(f"a b {number}", None, None, moment, {"n": 2**53}))
        nested.add_item(pystac.Item(f"n%20{number}", None, None, moment, {}))
    root.add_item(pystac.Item("lone", None, None, moment, {}))
    if form == "absolute-published":
        root.normalize_hrefs(PUBLISHED)
    else:
        root.normalize_hrefs(str(folder))
    root.save(form.upper().replace("-", "_"), dest_href=str(folder))
    return folder / "catalog.json"


def old(version: str, form: str) -> dict[str, Any]:
    """Give the documents that pystac 0.4.0 (STAC 0.9.0) and 0.5.6 (1.0.0-beta.2) write: catalogs have no type."""

    def placed(rel: str, name: str, relative: str) -> dict[str, Any]:
        return link(rel, f"{PUBLISHED}/{name}" if form == "absolute-published" else relative)

    def own(name: str) -> list[dict[str, Any]]:
        return [] if form == "self-contained" else [link("self", f"{PUBLISHED}/{name}")]

    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}
    feature = item("i", "c", stac_version=version, bbox=[1, 2, 1, 2])
    feature["links"] = [placed("root", "catalog.json", "../../catalog.json"), *own("c/i/i.json")]
    child, leaf = (
        placed("child", "c/collection.json", "./c/collection.json"),
        placed("item", "c/i/i.json", "./i/i.json"),
    )
    return {
        "catalog.json": OLD[version] | {"links": [link("root", "./catalog.json"), child, *own("catalog.json")]},
        "c/collection.json": OLD[version]
        | {"id": "c", "license": "proprietary", "extent": extent}
        | {"links": [leaf, placed("root", "catalog.json", "../catalog.json"), *own("c/collection.json")]},
        "c/i/i.json": feature,
    }


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("form", FORMS)
async def test_each_layout_of_pystac(form: str, concurrency: int, tmp_path: Path) -> None:
    """All items of a catalog come as they are written, whatever its links are relative to; copies are read as such."""
    run = await read(saved(tmp_path / "in", form), concurrency=concurrency)
    assert {one["id"]: one for one in run.items} == files_of(tmp_path / "in")
    assert len(run.items) == 7
    assert not run.failures


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("version", OLD)
async def test_layouts_of_old_versions(version: str, form: str, tmp_path: Path) -> None:
    """So do those of old versions, which are not migrated."""
    documents = old(version, form)
    run = await read(write(tmp_path, documents))
    assert run.items == [documents["c/i/i.json"]]


async def test_what_a_source_is(tmp_path: Path) -> None:
    """A document that is named is walked by its links; a folder is read deeply, until `format` says otherwise."""
    documents = tree(2, 2)
    documents["lost.json"] = item("lost")
    root = write(tmp_path, documents)
    assert (await read(root)).ids == ["c0-0", "c0-1", "c1-0", "c1-1"]
    assert (await read(tmp_path / "c1" / "collection.json")).ids == ["c1-0", "c1-1"]
    assert (await read(tmp_path, format="catalog")).ids == ["c0-0", "c0-1", "c1-0", "c1-1"]
    assert "lost" in (await read(tmp_path)).ids
    (tmp_path / "index.json").write_text(json.dumps(documents["catalog.json"]))
    assert (await read(tmp_path / "index.json", format="catalog")).ids == ["c0-0", "c0-1", "c1-0", "c1-1"]


async def test_a_collection_without_links_is_read_as_ever(tmp_path: Path) -> None:
    """A document that links to no items describes those in the folder beside it."""
    documents = {"collection.json": catalog("c", type="Collection"), "items/a.json": item("a")}
    assert (await read(write(tmp_path, documents))).ids == ["a"]


def test_a_folder_without_a_catalog_is_refused(tmp_path: Path) -> None:
    """Format `catalog` needs a document to begin with."""
    write(tmp_path, {"a.json": item("a")})
    assert main([str(tmp_path), "--format", "catalog", "--to", "ndjson", "--output", f"{tmp_path}-out"]) == 2


async def test_cycles_and_repeated_links(tmp_path: Path) -> None:
    """A catalog that leads back to itself ends, and what is linked twice is read once and counted."""
    documents = {
        "catalog.json": catalog(
            "r", link("child", "a/catalog.json"), link("item", "a/i.json"), link("item", "x/../a/i.json")
        ),
        "a/catalog.json": catalog(
            "a", link("child", "../catalog.json"), link("child", "./catalog.json"), link("item", "i.json")
        ),
        "a/i.json": item("i"),
    }
    run = await read(write(tmp_path, documents))
    assert run.ids == ["i"]
    assert not run.failures
    assert "4 more links lead to a document that was read already" in run.summary.notes[0]


BROKEN = {
    "missing.json": ("item", None, "No such file"),
    "cut.json": ("item", '{"type": "Feature", "id": "x"', "not JSON"),
    "empty.json": ("child", "", "not JSON"),
    "list.json": ("child", "[1, 2]", "neither a catalog"),
    "catalog-as-item.json": ("item", catalog("x"), "a link to an item leads here, to Catalog"),
    "no-id.json": ("item", {"type": "Feature", "geometry": None}, "not an item"),
    "no-links.json": ("child", {"type": "Catalog", "id": "x", "links": 7}, "neither a catalog"),
    "deep.json": ("child", "[" * 50, "not JSON"),
    "folder.json/x.txt": ("item", "", "No such file"),
}


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_broken_link_costs_itself_alone(concurrency: int, tmp_path: Path) -> None:
    """What can't be read, or is something else than its link says, is a failure of its name; the rest comes."""
    links = [
        link(rel, name.removesuffix("/x.txt") + ("" if "/x" not in name else "/y"))
        for name, (rel, _, _) in BROKEN.items()
    ]
    documents = tree(2, 2)
    documents["catalog.json"]["links"] += links
    documents |= {name: document for name, (_, document, _) in BROKEN.items() if document is not None}
    run = await read(write(tmp_path, documents), concurrency=concurrency)
    assert run.ids == ["c0-0", "c0-1", "c1-0", "c1-1"]
    assert len(run.failures) == len(BROKEN)
    for name, (_, _, words) in BROKEN.items():
        assert words in run.failures[name.replace("/x.txt", "/y")]
    assert run.summary.unread == 0


async def test_hrefs_that_are_none(tmp_path: Path) -> None:
    """An href of another type, an empty, endless or impossible one is a failure of the document that it is in."""
    hrefs = [
        None,
        7,
        "",
        ["a"],
        "x" * 10_000,
        "a\0b",
        "\ud800",
        "https://example.com/i.json",
        "s3://b/i.json",
        "file://host/i",
    ]
    for number, href in enumerate(hrefs):
        root = write(
            tmp_path / str(number),
            {"catalog.json": catalog("r", link("item", href), link("item", "i.json")), "i.json": item("i")},
        )
        run = await read(root)
        assert run.ids == ["i"]
        assert list(run.failures) == ["catalog.json"]


async def test_links_of_another_type_are_no_links(tmp_path: Path) -> None:
    """Members of `links` that aren't objects, and relations that aren't text, lead nowhere."""
    links = [7, None, "item", [], {"rel": ["item"], "href": "i.json"}, {"rel": "item", "href": "i.json"}]
    run = await read(write(tmp_path, {"catalog.json": catalog("r") | {"links": links}, "i.json": item("i")}))
    assert run.ids == ["i"]
    assert not run.failures


async def test_what_lies_beside_a_catalog_is_read_and_no_more(tmp_path: Path) -> None:
    """Links lead into the folder above the catalog's, and no further, be it by a path or by a symbolic link."""
    write(tmp_path, {"secret.json": item("secret"), "data/shared/x.json": item("x")})
    hrefs = [
        "../shared/x.json",
        "../../secret.json",
        f"{tmp_path}/secret.json",
        f"file://{tmp_path}/secret.json",
        "to.json",
    ]
    root = write(tmp_path / "data" / "cat", {"catalog.json": catalog("r", *(link("item", href) for href in hrefs))})
    (root.parent / "to.json").symlink_to("../../secret.json")
    run = await read(root)
    assert run.ids == ["x"]
    assert {"to.json", str(tmp_path / "secret.json")} == set(run.failures)
    assert all("not followed" in why for why in run.failures.values())


async def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe or a device behind a link is a failure, and not opened for ever."""
    root = write(
        tmp_path, {"catalog.json": catalog("r", link("item", "pipe.json"), link("item", "i.json")), "i.json": item("i")}
    )
    os.mkfifo(tmp_path / "pipe.json")
    run = await read(root)
    assert run.ids == ["i"]
    assert "not a regular file" in run.failures["pipe.json"]


async def test_names_with_escapes(tmp_path: Path) -> None:
    """A link means the file of just its name, and else the one that its escapes mean."""
    names = ["a b.json", "c%20d.json", "e#f.json", "ü.json"]
    hrefs = ["a%20b.json", "c%20d.json", "e#f.json", "%C3%BC.json", "a b.json?v=1"]
    documents = {"catalog.json": catalog("r", *(link("item", href) for href in hrefs))}
    run = await read(write(tmp_path, documents | {name: item(name) for name in names}))
    assert run.ids == sorted(names)
    assert not run.failures
    assert run.summary.duplicates == 1


async def test_documents_of_several_items(tmp_path: Path) -> None:
    """A FeatureCollection behind an `items` link is read, and an item behind a child link; a page is not all."""
    collection = {"type": "FeatureCollection", "features": [item("a"), item("b")]}
    links = [link("items", "all.json"), link("child", "c.json"), link("items", "page.geojson")]
    page = {"type": "FeatureCollection", "features": [item("d")], "links": [link("next", "page2.geojson")]}
    documents = {
        "catalog.json": catalog("r", *links),
        "all.json": collection,
        "c.json": item("c"),
        "page.geojson": page,
    }
    run = await read(write(tmp_path, documents))
    assert run.ids == ["a", "b", "c", "d"]
    assert "only a page" in run.failures["page.geojson"]


async def test_links_to_an_api_are_not_followed(tmp_path: Path) -> None:
    """An API's items beside single ones are noted; where there are no others, they are missing."""
    api = link("items", "https://example.com/collections/c/items?limit=10")
    beside = {"catalog.json": catalog("r", api, link("item", "i.json")), "i.json": item("i")}
    run = await read(write(tmp_path / "beside", beside))
    assert run.ids == ["i"]
    assert not run.failures
    assert "weren't followed" in " ".join(run.summary.notes)
    alone = {"catalog.json": catalog("r", link("child", "c.json"), link("item", "i.json")), "c.json": catalog("c", api)}
    run = await read(write(tmp_path / "alone", alone | {"i.json": item("i")}))
    assert "an API answers" in run.failures["c.json"]


async def test_a_catalog_that_goes_ever_deeper(tmp_path: Path) -> None:
    """A chain of children ends at a depth that no catalog has, and says so."""
    names = [f"{number}.json" for number in range(120)]
    documents = {
        name: catalog(name, link("child", then)) for name, then in zip(names, [*names[1:], "i.json"], strict=True)
    }
    documents["0.json"]["links"].append(link("item", "i.json"))
    run = await read(write(tmp_path, documents | {"i.json": item("i")}), format="catalog")
    assert run.ids == ["i"]
    assert list(run.failures) == ["100.json"]


async def test_filters_and_hrefs(tmp_path: Path) -> None:
    """Items are filtered as those of files are, and relative hrefs lead from the item's own file."""
    documents = tree(2, 2)
    documents["c1/c1-0/c1-0.json"]["assets"] = {"data": {"href": "./x.tif"}}
    root = write(tmp_path, documents)
    run = await read(root, collection_id="c1", hrefs="absolute")
    assert run.ids == ["c1-0", "c1-1"]
    assert run.summary.filtered == 2
    (found,) = [one for one in run.items if one["assets"]]
    assert found["assets"]["data"]["href"] == (tmp_path / "c1" / "c1-0" / "x.tif").as_uri()


async def test_a_first_document_that_cannot_be_read(tmp_path: Path) -> None:
    """Where nothing comes of the first document, the run ends with its error."""
    root = write(tmp_path, {"catalog.json": "{"})
    with pytest.raises(DataProcessingError, match="not JSON"):
        await read(root)


def test_output_below_the_catalog_is_refused(tmp_path: Path) -> None:
    """Nothing is written into the folder of the catalog that is read."""
    root = write(tmp_path, tree(1, 1))
    assert main([str(root), "--to", "ndjson", "--output", str(tmp_path / "out")]) == 2


def test_settings_of_servers_mean_nothing_to_a_folder(tmp_path: Path) -> None:
    """A catalog in a folder takes no settings of requests, and one on a server does."""
    root = write(tmp_path, tree(1, 1))
    with pytest.raises(ConfigurationError, match="timeout"):
        IngestModule({"mode": "file", "source": str(root), "timeout": 5.0})
    assert IngestModule({"mode": "file", "source": "http://127.0.0.1:1/catalog.json", "timeout": 5.0})
    with pytest.raises(ConfigurationError, match="mode 'file'"):
        IngestModule({"mode": "api", "source": "http://127.0.0.1:1/catalog.json"})
