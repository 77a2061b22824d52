"""Looking at folders of JSON files, tables and catalogs: what is counted, what is chosen, what is said of nothing."""

from __future__ import annotations

import gzip
import json
import random
import statistics
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from ingest_bench.errors import SettingsError
from ingest_bench.survey import MeasureRequest, catalogs, files, survey_source, tables


def item(number: int, size: int = 10) -> dict[str, Any]:
    """Return an item, as far as counting takes."""
    return {"type": "Feature", "id": str(number), "geometry": None, "properties": {"text": "x" * size}}


def write_items(folder: Path, count: int) -> Path:
    """Write a file for each of so many items."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:04}.json").write_text(json.dumps(item(number)))
    return folder


def look(source: Path | str, results: Path, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """Look at a source; return the configuration, and what was said."""
    said: list[str] = []
    request = MeasureRequest.parse({"source": str(source), "results": str(results), **more})
    return survey_source(request, said.append), said


def test_a_small_folder_is_counted_and_read_itself(tmp_path: Path) -> None:
    """A folder that isn't large is measured as it is, and its items are known exactly."""
    config, said = look(write_items(tmp_path / "items", 30), tmp_path / "results")
    whole, corpus = config["whole"], config["corpora"]["source"]
    assert (whole["items"], whole["items_low"], whole["items_high"], whole["part"]) == (30, 30, 30, None)
    assert corpus == {"kind": "item_files", "path": str(tmp_path / "items")}
    assert any("30 items" in line for line in said)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_packed_files_are_opened(tmp_path: Path, ending: str) -> None:
    """Items in packed files are counted as others are."""
    folder = write_items(tmp_path / "items", 3)
    pack = gzip.compress if ending == ".gz" else zstandard.compress
    for path in list(folder.iterdir()):
        path.with_name(path.name + ending).write_bytes(pack(path.read_bytes()))
        path.unlink()
    config, _ = look(folder, tmp_path / "results")
    assert config["whole"]["items"] == 3


def test_the_documents_of_a_catalog_are_not_counted(tmp_path: Path) -> None:
    """In a folder, however many files are in it, what links to the items is none of them."""
    folder = write_items(tmp_path / "items", files.OPENED + 20)
    for name in ("catalog.json", "collection.json"):
        (folder / "more").mkdir(exist_ok=True)
        (folder / "more" / name).write_text(json.dumps({"type": "Catalog", "id": "c", "links": []}))
    config, _ = look(folder, tmp_path / "results")
    assert config["whole"]["items"] == files.OPENED + 20


@pytest.mark.parametrize("source", ["-", "items/*.json", "@items.txt"])
def test_what_is_no_single_source_is_told(tmp_path: Path, source: str) -> None:
    """Standard input, a pattern and a list are said not to be measured, rather than not to exist."""
    with pytest.raises(SettingsError, match="which isn't measured; give a folder"):
        look(source, tmp_path / "results")


def test_a_part_of_a_large_folder_is_chosen_by_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large folder links to some files are made, the same for the same seed, and other ones for another."""
    monkeypatch.setattr(files, "PART_ITEMS", 20)
    source = write_items(tmp_path / "items", 200)
    picked = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config, _ = look(source, tmp_path / name, seed=seed)
        part = Path(config["corpora"]["source"]["path"])
        picked.append({path.resolve().name for path in part.iterdir()})
        assert config["whole"]["items"] == 200
        assert "20 of 200 files" in config["whole"]["part"]
    assert picked[0] == picked[1] != picked[2]
    assert [len(each) for each in picked] == [20, 20, 20]


def test_the_second_look_leaves_the_links_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking again at what has not changed touches neither the links nor the configuration."""
    monkeypatch.setattr(files, "PART_ITEMS", 5)
    source, results = write_items(tmp_path / "items", 40), tmp_path / "results"
    look(source, results)
    before = {path: path.lstat().st_mtime_ns for path in results.rglob("*")}
    look(source, results)
    assert {path: path.lstat().st_mtime_ns for path in results.rglob("*")} == before


@pytest.mark.parametrize("kind", ["files", "catalog"])
def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A dry run plans without a part where there is none, and leaves what an earlier call has made as it is."""
    monkeypatch.setattr(files, "PART_ITEMS", 5)
    monkeypatch.setattr(catalogs, "PART_ITEMS", 5)
    source, results = tmp_path / "stac" / "catalog.json", tmp_path / "results"
    if kind == "files":
        source = write_items(tmp_path / "items", 40)
    else:
        write_catalog(source.parent, random.Random(5))
    said: list[str] = []
    request = MeasureRequest.parse({"source": str(source), "results": str(results)})
    dry = survey_source(request, said.append, dry=True)
    assert not results.exists()
    assert Path(dry["corpora"]["source"]["path"]).is_dir()
    made, _ = look(source, results)
    before = {path: path.lstat().st_mtime_ns for path in results.rglob("*")}
    again = survey_source(request, said.append, dry=True)
    assert again["corpora"] == made["corpora"]
    assert {path: path.lstat().st_mtime_ns for path in results.rglob("*")} == before


def test_folders_of_others_are_never_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that has a part's name and wasn't made by us stays, and so does any other; what we made is replaced."""
    monkeypatch.setattr(files, "PART_ITEMS", 5)
    source, results = write_items(tmp_path / "items", 40), tmp_path / "results"
    for name in ("part", "part-of-mine"):
        write_items(results / name, 2)
    first = Path(look(source, results)[0]["corpora"]["source"]["path"])
    second = Path(look(source, results, seed=2)[0]["corpora"]["source"]["path"])
    assert sorted(path.name for path in results.glob("part*")) == sorted(["part", "part-of-mine", second.name])
    write_items(first, 3)
    with pytest.raises(SettingsError, match="wasn't made by `snakemake measure`"):
        look(source, results)
    assert len([*first.iterdir()]) == 3


def test_a_configuration_of_the_users_is_not_written_over(tmp_path: Path) -> None:
    """Results beside a matrix of the user's own are refused before anything is looked at, and the matrix stays."""
    (tmp_path / "config.yaml").write_text("seed: 3\n")
    with pytest.raises(SettingsError, match=r"config\.yaml is there and wasn't made"):
        look(write_items(tmp_path / "items", 3), tmp_path)
    assert (tmp_path / "config.yaml").read_text() == "seed: 3\n"


def test_a_part_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part of an earlier call isn't measured into the same folder, which would remove it."""
    monkeypatch.setattr(files, "PART_ITEMS", 5)
    results = tmp_path / "results"
    part = Path(look(write_items(tmp_path / "items", 40), results)[0]["corpora"]["source"]["path"])
    with pytest.raises(SettingsError, match="an earlier call has made"):
        look(part, results)
    assert len([*part.iterdir()]) == 5


def test_another_source_is_told_to_replace_the_first(tmp_path: Path) -> None:
    """The results of one source are not replaced by those of another without a word."""
    look(write_items(tmp_path / "first", 3), tmp_path / "results")
    _, said = look(write_items(tmp_path / "second", 3), tmp_path / "results")
    assert any(f"measured of {tmp_path / 'first'}, which is replaced" in line for line in said)


def test_documents_of_many_items_are_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files hold several items each, their number comes with an interval, which holds the truth."""
    monkeypatch.setattr(files, "OPENED", 30)
    lot, total = random.Random(4), 0
    (tmp_path / "items").mkdir()
    for number in range(150):
        count = lot.randint(1, 20)
        total += count
        document = {"type": "FeatureCollection", "features": [item(number * 100 + each) for each in range(count)]}
        (tmp_path / "items" / f"{number}.json").write_text(json.dumps(document))
    whole = look(tmp_path / "items", tmp_path / "results")[0]["whole"]
    assert whole["items_low"] <= total <= whole["items_high"]
    assert whole["items_low"] < whole["items"] < whole["items_high"]


def test_files_that_can_not_be_read_hold_no_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a fourth of the files is broken the estimate isn't that of a folder in which all are whole."""
    monkeypatch.setattr(files, "OPENED", 40)
    source = write_items(tmp_path / "items", 100)
    for path in sorted(source.iterdir())[::4]:
        path.write_text("{")
    config, said = look(source, tmp_path / "results")
    whole = config["whole"]
    assert whole["items_low"] <= 75 <= whole["items_high"] < 100
    assert "can't be read" in said[1]


def test_the_spread_is_that_of_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few files of unlike sizes say little of all: fewer still less, and one has the spread of them all."""
    folder = tmp_path / "items"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.json").write_text(json.dumps(item(number, size=10 + 1000 * (number % 2))))
    sizes = [path.stat().st_size for path in folder.iterdir()]
    spreads = []
    for wanted in (1, 4, 16):
        monkeypatch.setattr(files, "PART_ITEMS", wanted)
        spreads.append(look(folder, tmp_path / str(wanted))[0]["whole"]["cost_spread"])
    each = statistics.stdev(sizes) / statistics.fmean(sizes)
    assert spreads == pytest.approx([each * ((1 - part / 40) / part) ** 0.5 for part in (1, 4, 16)])


def test_rows_of_tables_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of all files are known by their footers; of many, some files are chosen."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for number in range(12):
        pq.write_table(pa.table({"id": [str(row) for row in range(50 + number)]}), folder / f"{number}.parquet")
    monkeypatch.setattr(tables, "PART_ROWS", 100)
    config, _ = look(folder, tmp_path / "results")
    assert config["whole"]["items"] == sum(range(50, 62))
    assert len([*Path(config["corpora"]["source"]["path"]).iterdir()]) == 2
    assert set(config["scenarios"]["source"]["arms"]) == {"sequential", "queue"}


def test_a_large_table_is_read_from_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file can't be chosen from: its first rows are read, and that is said."""
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table({"id": [str(row) for row in range(500)]}), path)
    monkeypatch.setattr(tables, "PART_ROWS", 100)
    config, _ = look(path, tmp_path / "results")
    assert config["corpora"]["source"] == {"kind": "geoparquet", "path": str(path), "max_items": 100}
    assert config["whole"]["part"].startswith("the first 100 rows")


def write_catalog(folder: Path, lot: random.Random, depth: int = 0) -> int:
    """Write an uneven catalog, and return how many items it links to."""
    folder.mkdir(parents=True)
    links, total = [], 0
    for number in range(lot.randint(0, 5) if depth else 0):
        (folder / f"item-{number}.json").write_text(json.dumps(item(number)))
        links.append({"rel": "item", "href": f"./item-{number}.json"})
        total += 1
    for number in range(lot.randint(2, 4) if depth < 4 else 0):
        total += write_catalog(folder / str(number), lot, depth + 1)
        links.append({"rel": "child", "href": f"./{number}/catalog.json"})
    (folder / "catalog.json").write_text(json.dumps({"type": "Catalog", "id": folder.name, "links": links}))
    return total


def test_a_small_catalog_is_counted_by_its_links(tmp_path: Path) -> None:
    """A catalog of few documents is read whole, so its items are counted, and it is measured itself."""
    total = write_catalog(tmp_path / "stac", random.Random(1), depth=2)
    config, _ = look(tmp_path / "stac" / "catalog.json", tmp_path / "results")
    assert config["whole"]["items"] == config["whole"]["items_low"] == total
    assert config["corpora"]["source"] == {"kind": "catalog", "path": str(tmp_path / "stac")}


def test_the_estimate_of_a_large_catalog_covers_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an uneven catalog the interval of the walks holds the number of items, for nine of ten seeds at least."""
    total = write_catalog(tmp_path / "stac", random.Random(5))
    monkeypatch.setattr(catalogs, "READ", 10)
    held = 0
    for seed in range(20):
        whole = look(tmp_path / "stac" / "catalog.json", tmp_path / str(seed), seed=seed)[0]["whole"]
        held += whole["items_low"] <= total <= whole["items_high"]
    assert held >= 18


def test_a_part_of_a_catalog_is_a_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is copied of a large catalog has as many items as were wanted, each linked to once."""
    write_catalog(tmp_path / "stac", random.Random(5))
    monkeypatch.setattr(catalogs, "READ", 10)
    monkeypatch.setattr(catalogs, "PART_ITEMS", 12)
    config, _ = look(tmp_path / "stac" / "catalog.json", tmp_path / "results")
    part = Path(config["corpora"]["source"]["path"])
    again = look(part / "catalog.json", tmp_path / "again")[0]["whole"]
    assert again["items"] == 12
    assert "12 items" in config["whole"]["part"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "does not exist; give the path"),
        (lambda path: path.mkdir(), "holds no item files"),
        (
            lambda path: (path.mkdir(), (path / "a.json").write_text('{"no": "item"}')),
            "holds no STAC item .* in 1 file that was opened",
        ),
        (lambda path: path.write_text("no JSON"), r"source holds no STAC item \(a GeoJSON Feature with an id\); give"),
        (lambda path: (path.mkdir(), (path / "a.parquet").write_bytes(b"PAR1")), "can be read as Parquet"),
        (lambda path: (path.mkdir(), (path / "a.ndjson").write_text("{}\n")), "isn't measured yet; measured are"),
    ],
    ids=["missing", "empty", "no-items", "no-json", "broken-table", "other-kind"],
)
def test_what_can_not_be_measured_is_told_with_what_to_do(tmp_path: Path, make: Any, says: str) -> None:
    """A source that isn't there, is empty or of another kind ends with one line, and nothing is written."""
    make(tmp_path / "source")
    with pytest.raises(SettingsError, match=says):
        look(tmp_path / "source", tmp_path / "results")
    assert not (tmp_path / "results" / "config.yaml").exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"source": "x", "requests": 10}, "requests: for an API alone"),
        ({"source": "https://user:secret@example.com/v1"}, "STAC_INGEST_TOKEN"),
        ({"source": "https://example.com/v1?token=secret"}, "STAC_INGEST_TOKEN"),
        ({"source": "s3://bucket/items"}, "copy some of it here"),
        ({"source": "https://example.com/catalog.json"}, "copy some of it here"),
        ({"source": "postgresql://me:secret@localhost/stac"}, "isn't measured; copy some of it here"),
        ({"source": "x", "sauce": 1}, "sauce"),
        ({"source": "x", "budget_minutes": 0.001}, "budget_minutes: 0.001 .* greater than or equal to 0.1"),
        ({"source": "x", "budget_minutes": "two"}, "budget_minutes: 'two' is not allowed; use a valid number$"),
    ],
    ids=["requests-of-files", "password", "token", "bucket", "web-catalog", "database", "misspelt", "budget", "words"],
)
def test_requests_that_can_not_be_used_are_refused(settings: dict[str, Any], says: str) -> None:
    """A wrong setting is named with what to do, and a secret in a URL isn't repeated."""
    with pytest.raises(SettingsError, match=says) as caught:
        MeasureRequest.parse(settings)
    assert "secret" not in str(caught.value)
