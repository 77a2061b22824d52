"""`stac-ingest sync` from the command line, on real files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from stac_ingest.cli.main import main
from stac_ingest.sync.lock import locked
from stac_ingest.sync.settings import SyncSettings
from synced_files import Files, item
from synced_output import held


@pytest.fixture
def files(tmp_path):
    """Give a folder of files, with one that stays."""
    files = Files(tmp_path / "items")
    files.write("stays.json", item("stays", month=12))
    return files


@pytest.fixture
def sync(files, tmp_path, capsys):
    """Give what runs the command, and returns its exit code and its words."""

    def run(*options, source=files.folder):
        code = main(["sync", str(source), "--output", str(tmp_path / "out"), *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def manifest(tmp_path):
    """Give what reads the manifest."""
    return lambda: json.loads((tmp_path / "out/manifest.json").read_bytes())


@pytest.fixture
def journal(tmp_path, manifest):
    """Give what reads the journal of the last run."""

    def read():
        name = manifest()["journal"]
        lines = [] if name is None else (tmp_path / "out" / name).read_bytes().splitlines()
        return sorted((line["what"], line["id"]) for line in map(orjson.loads, lines))

    return read


def test_twice_with_changes(files, sync, manifest, journal, tmp_path):
    """A second run adds what is new, replaces what changed, takes away what is gone, and names each in the journal."""
    for day in range(1, 21):
        files.write(f"{day:02d}.json", item(f"i{day}", day=day, month=1 + day % 2))
    assert sync()[0] == 0
    assert manifest()["verdict"] == "complete"
    assert len(held(tmp_path / "out")) == 21
    files.write("03.json", item("i3", day=3, month=2, cloud=7))
    files.write("04.json", item("i4", day=4, month=6))
    files.write("new.ndjson", item("n1", month=1), item("n2", month=7))
    files.remove("05.json")
    code, said = sync()
    assert code == 0
    assert "2 added, 2 changed (1 of them moved to another folder), 1 gone" in said
    assert journal() == [("added", "n1"), ("added", "n2"), ("changed", "i3"), ("gone", "i5"), ("moved", "i4")]
    found = held(tmp_path / "out")
    assert found.keys() == {"stays", "n1", "n2", *(f"i{day}" for day in range(1, 21) if day != 5)}
    assert found["i3"]["properties"]["cloud"] == 7
    assert found["i4"]["properties"]["datetime"].startswith("2024-06-04")
    assert [partition["folder"] for partition in manifest()["partitions"]] == [
        f"year=2024/month={month:02d}" for month in (1, 2, 6, 7, 12)
    ]


def test_nothing_changed(files, sync, manifest, journal):
    """A run with nothing changed reads no file, and replaces none."""
    files.write("a.json", item("a"))
    sync()
    before = manifest()["partitions"]
    code, said = sync()
    assert (code, journal(), manifest()["partitions"]) == (0, [], before)
    assert "0 added, 0 changed, 0 gone, 0 read and unchanged; the output holds 2 items" in said
    assert "2 files were skipped: size and time" in said


def test_a_month_runs_empty(files, sync, manifest, tmp_path):
    """A month whose items are all gone is named no more, and comes back with new ones."""
    files.write("a.json", item("a", month=3))
    sync()
    files.remove("a.json")
    sync()
    assert [one["folder"] for one in manifest()["partitions"]] == ["year=2024/month=12"]
    files.write("b.json", item("b", month=3), item("c", month=3))
    sync()
    assert held(tmp_path / "out").keys() == {"stays", "b", "c"}


@pytest.mark.parametrize("gone", ["remove", "keep", "mark"])
def test_what_becomes_of_items_that_are_gone(files, sync, journal, tmp_path, gone):
    """An item that is gone is removed, kept or marked, once, and one that comes back is as it is in the source."""
    files.write("a.json", item("a"), item("b"))
    sync("--gone", gone)
    files.write("a.json", item("b"))
    sync("--gone", gone)
    assert journal() == [("gone", "a")]
    found = held(tmp_path / "out")
    expected = {"remove": None, "keep": item("a"), "mark": item("a", deprecated=True)}[gone]
    assert found.get("a", {}).get("properties") == (expected and expected["properties"])
    sync("--gone", gone)
    assert journal() == []
    files.write("a.json", item("a"), item("b"))
    sync("--gone", gone)
    assert journal() == [("added" if gone == "remove" else "returned", "a")]
    assert held(tmp_path / "out")["a"]["properties"] == item("a")["properties"]


@pytest.mark.parametrize("gone", ["keep", "mark"])
def test_what_was_kept_is_removed_later(files, sync, journal, tmp_path, gone):
    """Items that earlier runs kept or marked are taken out by the first run that removes what is gone."""
    files.write("a.json", item("a"))
    sync()
    files.remove("a.json")
    sync("--gone", gone)
    sync("--gone", gone)
    assert held(tmp_path / "out").keys() == {"a", "stays"}
    sync()
    assert journal() == [("gone", "a")]
    assert held(tmp_path / "out").keys() == {"stays"}


def test_a_damaged_file(files, sync, manifest, tmp_path):
    """What is held of a damaged file stays, the verdict is not complete, and the run says which file it is."""
    files.write("a.json", item("a"))
    files.write("b.json", item("b"))
    sync()
    (files.folder / "a.json").write_bytes(b'{"type": "Feature", "id"')
    files.touch("a.json")
    files.remove("b.json")
    code, said = sync()
    assert (code, manifest()["verdict"], manifest()["unsettled"]) == (1, "truncated", True)
    assert "a.json" in said
    named = [orjson.loads(line) for line in (tmp_path / "out" / manifest()["failures"]).read_bytes().splitlines()]
    assert [one["what"] for one in named] == ["a.json"]
    assert held(tmp_path / "out").keys() == {"stays", "a"}
    files.write("a.json", item("a", cloud=1))
    assert sync()[0] == 0
    assert held(tmp_path / "out")["a"]["properties"]["cloud"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--partition", "year"], 'partition: {out} is kept in step with other items: it was "month"'),
        (["--collection", "c"], "collection_id: {out} is kept in step with other items: it was not given"),
        (["--where", "id = 'a'"], "transforms: {out} is kept in step with other items"),
        (["--max-items", "3"], "--max-items: a sync looks at all items"),
        (["--look-back", "-1"], "look_back"),
        (["--output", "-"], "give a folder"),
    ],
    ids=["partition", "collection", "where", "max-items", "look-back", "standard output"],
)
@pytest.mark.usefixtures("files")
def test_settings_that_may_not_change(sync, manifest, tmp_path, options, words):
    """Settings with which the output would hold other items than before are refused, and nothing is changed."""
    sync()
    before = manifest()
    code, said = sync(*options)
    assert code == 2
    assert words.format(out=tmp_path / "out") in said
    assert manifest() == before


def test_long_and_secret_settings_are_kept_by_a_digest(files, sync, manifest, tmp_path):
    """A list of thousands of ids is not copied into the manifest, and another list is refused all the same."""
    ids = [f"i{number}" for number in range(3000)]
    for name, some in (("ids", [*ids, "stays"]), ("others", [*ids, "else"])):
        (tmp_path / name).write_text("\n".join(some))
    assert sync("--ids", f"@{tmp_path / 'ids'}")[0] == 0
    assert len((tmp_path / "out/manifest.json").read_bytes()) < 4000
    assert sync("--ids", f"@{tmp_path / 'ids'}")[0] == 0
    code, said = sync("--ids", f"@{tmp_path / 'others'}")
    assert code == 2
    assert "ids: " in said


def test_another_source(files, sync, manifest, tmp_path):
    """An output is not filled from another source."""
    sync()
    others = Files(tmp_path / "others")
    others.write("a.json", item("a"))
    code, said = sync(source=others.folder)
    assert code == 2
    assert "source: " in said


@pytest.mark.parametrize("named", ["items\nmore", "i*s/*.json", "@list"], ids=["several", "pattern", "list"])
def test_folders_of_the_same_names_elsewhere(files, sync, tmp_path, monkeypatch, named):
    """Several sources that are named from the current folder are others, where that is another folder."""
    for folder in (tmp_path, tmp_path / "other"):
        Files(folder)
        Files(folder / "items").write("stays.json", item("stays"))
        Files(folder / "more").write("a.json", item("a"))
        (folder / "list").write_text("items")
    monkeypatch.chdir(tmp_path)
    assert sync(source=named)[0] == 0
    assert sync(source=named)[0] == 0
    monkeypatch.chdir(tmp_path / "other")
    code, said = sync(source=named)
    assert code == 2
    assert "source: " in said


def test_transforms(files, sync, journal, tmp_path):
    """Items go through the transforms, and one that `where` leaves out from now on is gone."""
    files.write("a.json", item("a", cloud=1), item("b", cloud=80))
    options = ["--where", "cloud < 50 OR id = 'stays'", "--set-property", 'by="me"']
    sync(*options)
    assert {name: one["properties"]["by"] for name, one in held(tmp_path / "out").items()} == {"a": "me", "stays": "me"}
    files.write("a.json", item("a", cloud=60), item("b", cloud=8))
    sync(*options)
    assert journal() == [("added", "b"), ("gone", "a")]


def test_a_copy_that_is_left_out(files, sync, tmp_path):
    """A copy that `where` leaves out from now on takes away nothing that is held from another file."""
    files.write("a.json", item("a", cloud=1, updated=1))
    files.write("b.json", item("a", cloud=2, updated=2))
    options = ["--where", "cloud < 50 OR id = 'stays'"]
    sync(*options)
    files.write("a.json", item("a", cloud=60, updated=1))
    code, said = sync(*options)
    assert (code, "complete" in said) == (0, True)
    assert held(tmp_path / "out")["a"]["properties"]["cloud"] == 2
    files.remove("b.json")
    sync(*options)
    assert held(tmp_path / "out").keys() == {"stays"}


@pytest.mark.parametrize("partition", ["month", "year", "cell"])
def test_times_beyond_the_calendar(files, sync, tmp_path, partition):
    """Items that offsets put before the year 0 or behind 9999 come out as they are, after losses and changes too."""
    far = {"first": "0000-01-01T00:00:00+01:00", "last": "9999-12-31T23:59:59-01:00"}

    def write(**more):
        made = [item(name) for name in far]
        for one in made:
            one["properties"] |= {"datetime": far[one["id"]], **more}
        files.write("far.json", *made)

    write()
    assert sync("--partition", partition)[0] == 0
    shutil.rmtree(tmp_path / "out/.sync/index")
    files.write("more.json", item("a"), item("b"))
    assert sync("--partition", partition)[0] == 0
    write(n=1)
    assert sync("--partition", partition)[0] == 0
    found = held(tmp_path / "out")
    assert {name: found[name]["properties"] for name in far} == {
        name: {"datetime": text, "n": 1} for name, text in far.items()
    }


@pytest.mark.parametrize("how", ["missing", "cut short"])
def test_a_part_that_is_not_as_it_was_written(files, sync, manifest, tmp_path, how):
    """A run that finds a part missing or cut short says so and how to repair it, and is not complete until it is."""
    files.write("a.json", item("a"), item("b", month=2))
    sync()
    part = tmp_path / "out" / manifest()["partitions"][1]["parts"][0]["path"]
    if how == "missing":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:100])
    code, said = sync()
    assert (code, manifest()["verdict"]) == (1, "truncated")
    assert part.name in said
    assert "audit DIR --against SOURCE --repair" in said
    files.write("a.json", item("a"))
    code, said = sync()
    assert code == 3
    assert f"{part} can't be read" in said
    assert "audit DIR --against SOURCE --repair" in said
    main(["audit", str(tmp_path / "out"), "--against", str(files.folder), "--repair"])
    assert sync()[0] == 0
    assert held(tmp_path / "out").keys() == {"a", "stays"}


@pytest.mark.parametrize("place", ["changes", ".sync", ".sync/index", ".sync/memories", ".sync/work", ".sync/lock"])
def test_links_in_the_output(files, sync, tmp_path, place):
    """Nothing is written through a link in the output: the run names it, and what it leads to stays as it is."""
    sync()
    there = tmp_path / "elsewhere"
    (tmp_path / "out" / place).rename(there)
    (tmp_path / "out" / place).symlink_to(there)
    before = sorted((path, path.stat().st_mtime_ns) for path in [there, *there.rglob("*")])
    files.write("a.json", item("a"))
    code, said = sync()
    assert code == 2
    assert f"{place} is a symbolic link" in said
    assert sorted((path, path.stat().st_mtime_ns) for path in [there, *there.rglob("*")]) == before


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"memories/', '"../../memories/'),
        ('"index/', '"../../index/'),
        ('"items/', '"../items/'),
    ],
    ids=["memories", "index", "part"],
)
@pytest.mark.usefixtures("files")
def test_a_manifest_that_leads_out_of_the_output(sync, tmp_path, was, becomes):
    """A manifest that names files outside of the output is refused with what to do, and nothing is written there."""
    sync()
    path = tmp_path / "out/manifest.json"
    path.write_text(path.read_text().replace(was, becomes))
    before = sorted(tmp_path.iterdir())
    code, said = sync()
    assert code == 3
    assert "restore a copy of it" in said
    assert sorted(tmp_path.iterdir()) == before


def test_dry_run(files, sync, tmp_path):
    """A dry run says what would be read, and writes nothing."""
    code, said = sync("--dry-run")
    assert code == 0
    assert "would read: 1 task;" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lost", ["nothing", "index", "memories"])
def test_a_dry_run_leaves_the_output_as_it_is(files, sync, tmp_path, lost):
    """A dry run changes no byte, no time and no name below the output, also where it finds the index lost."""
    sync()
    files.write("more.json", item("more"))
    if lost != "nothing":
        shutil.rmtree(tmp_path / "out/.sync" / lost)
    before = tree(tmp_path / "out")
    code, said = sync("--dry-run")
    assert code == 0
    assert "would read: 1 task;" in said
    assert tree(tmp_path / "out") == before
    assert sync()[0] == 0
    assert held(tmp_path / "out").keys() == files.items().keys()


def tree(folder):
    """Return all that is in a folder: names, contents and times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = content, path.stat().st_mtime_ns
    return found


def test_an_empty_folder_is_no_news(files, sync, tmp_path):
    """A folder that has no files any more, such as a disk that isn't mounted, is an error, and all items stay."""
    sync()
    files.remove("stays.json")
    code, said = sync()
    assert code == 3
    assert "No files of items" in said
    assert held(tmp_path / "out").keys() == {"stays"}


def test_a_change_in_a_catalog_is_found(files, sync, manifest, tmp_path, capsys):
    """A static catalog on disk is walked by its links; an item whose file has changed is read, and the others stay."""
    for number in range(5):
        files.write(f"{number}.json", item(f"i{number}"))
    catalog = tmp_path / "catalog"
    make = [str(files.folder), "--to", "catalog", "--output", str(catalog)]
    assert main(make) == 0
    document = next(catalog.rglob("catalog.json"))
    for path in catalog.rglob("*.json"):
        os.utime(path, (1.7e9, 1.7e9))  # what has just been written may change again within its time, and is read
    assert sync(source=document)[0] == 0
    assert len(held(tmp_path / "out")) == 6
    some = next(path for path in catalog.rglob("*.json") if path.stem == "i3")
    text = orjson.loads(some.read_bytes())
    text["properties"]["cloud"] = 3
    some.write_bytes(orjson.dumps(text))
    assert sync(source=document)[0] == 0
    assert (manifest()["counts"]["changed"], manifest()["counts"]["unchanged"]) == (1, 0)


@pytest.mark.parametrize("gone", ["a.json", "b.json"])
@pytest.mark.parametrize("damage", [lambda path: os.truncate(path, 10), Path.unlink], ids=["cut", "removed"])
def test_what_is_known_of_copies_is_lost(files, sync, tmp_path, damage, gone):
    """Where it isn't known any more which files have copies, all are read: an item stays while one of them has it."""
    files.write("a.json", item("copied"))
    files.write("b.json", item("copied"))
    assert sync()[0] == 0
    damage(tmp_path / "out" / ".sync" / "memories" / "00000001" / "copies.npy")
    files.remove(gone)
    code, said = sync()
    assert code == 0
    assert "the state of the files is lost" in said
    assert held(tmp_path / "out").keys() == {"stays", "copied"}


def test_two_at_once(files, sync, tmp_path):
    """While a sync is at work, another one of the same output ends at once, and says why."""
    settings = SyncSettings(source={"mode": "file", "source": str(files.folder)}, output=tmp_path / "out")
    with locked(settings):
        command = [sys.executable, "-m", "stac_ingest", "sync", str(files.folder), "--output", str(tmp_path / "out")]
        second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (2, "")
    assert "another sync" in second.stderr
    assert sync()[0] == 0


def test_read_by_the_manifest_as_documented(files, sync, tmp_path, monkeypatch):
    """The SQL of the page on sync reads each item once, though replaced parts lie beside the others."""
    duckdb = pytest.importorskip("duckdb")
    files.write("a.json", item("a"), item("b"))
    sync()
    files.write("a.json", item("a", cloud=1), item("b"))
    sync()
    assert len(list((tmp_path / "out/items").rglob("*.parquet"))) == 3
    (tmp_path / "out").rename(tmp_path / "mirror")
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs/sync.md").read_text()
    statements = page.partition('by_manifest.sql"\n')[2].partition("```")[0]
    with duckdb.connect() as connection:
        rows = connection.execute(statements).fetchall()
        place = [name for name, *_ in connection.description].index("id")
    assert sorted(row[place] for row in rows) == ["a", "b", "stays"]


def test_a_source_that_has_nothing_any_more_empties_no_mirror(sync, manifest, tmp_path):
    """Where all items are gone and none is new, nothing is removed unless that is asked for."""
    source = tmp_path / "items.ndjson"
    source.write_bytes(orjson.dumps(item("a")) + b"\n")
    assert sync(source=source)[0] == 0
    source.write_bytes(b"")
    code, said = sync(source=source)
    assert code == 3
    assert "holds 1 item; nothing was removed" in said
    assert "--allow-empty" in said
    assert held(tmp_path / "out").keys() == {"a"}
    assert sync("--allow-empty", source=source)[0] == 0
    assert manifest()["items"] == 0
