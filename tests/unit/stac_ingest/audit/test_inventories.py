"""Inventories: lists of ids, tables of ids, and S3 Inventory as AWS documents it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from stac_ingest.audit.inventories import inventory_of
from stac_ingest.audit.inventories.keys import KeyPattern
from stac_ingest.errors import ConfigurationError

SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
OBJECTS = [
    ("stac/c/i 1/i 1.json", "true", "false"),
    ("stac/c/i 1/B01.tif", "true", "false"),
    ("stac/d/é+2/é+2.json", "true", "false"),
    ("stac/c/old/old.json", "false", "false"),
    ("stac/c/gone/gone.json", "true", "true"),
    ("stac/c/collection.json", "true", "false"),
    ("stac/", "true", "false"),
]


def read(path: Path, pattern: str | None = None) -> tuple[list[tuple[str, str]], list[str], Any]:
    """Return the keys of an inventory, what couldn't be used, and the inventory."""
    inventory = inventory_of(str(path), pattern)
    assert inventory is not None
    failures: list[str] = []
    found = list(inventory.keys(lambda what, why: failures.append(f"{what}: {why}")))
    return found, failures, inventory


def _packed(data: bytes, name: str) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data)
    return zstandard.compress(data) if name.endswith(".zst") else data


@pytest.mark.parametrize("name", ["ids.txt", "ids.txt.gz", "ids.txt.zst"])
def test_a_text_has_an_id_a_line(name: str, tmp_path: Path) -> None:
    """Ids come as they stand on their lines, however these end; a mark at the beginning is none of the id."""
    (tmp_path / name).write_bytes(_packed("\ufeffa\r\n\nb c\nü".encode(), name))
    found, failures, inventory = read(tmp_path / name)
    assert (found, failures) == ([("", "a"), ("", "b c"), ("", "ü")], [])
    assert not inventory.has_collections


def test_csv_has_columns_by_name(tmp_path: Path) -> None:
    """The first line says which column is what; quotes are those of CSV, and a row without an id is named."""
    (tmp_path / "ids.csv").write_text('n,Collection,id\n1,c,"a,1"\n2,d,b\n3,d\n4,d,\n')
    found, failures, inventory = read(tmp_path / "ids.csv")
    assert found == [("c", "a,1"), ("d", "b")]
    assert len(failures) == 2
    assert inventory.has_collections
    (tmp_path / "other.csv").write_text("a\nb\n")
    with pytest.raises(ConfigurationError, match="has to name its columns"):
        inventory_of(str(tmp_path / "other.csv"))


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"a\nb\n" * 9999)[:-20], b"not gzip", gzip.compress(b"\xff\n")],
    ids=["cut", "not gzip", "not UTF-8"],
)
def test_what_cannot_be_read_of_a_list_is_named(data: bytes, tmp_path: Path) -> None:
    """A cut archive, another file under that name, and what isn't UTF-8 are failures of the file."""
    (tmp_path / "ids.txt.gz").write_bytes(data)
    assert len(read(tmp_path / "ids.txt.gz")[1]) == 1


def test_a_line_without_end_is_not_kept(tmp_path: Path) -> None:
    """A line of megabytes is no id: the list is named as unreadable, and not held in memory."""
    (tmp_path / "ids.txt").write_bytes(b"a\n" + b"x" * (1 << 20))
    found, failures, _ = read(tmp_path / "ids.txt")
    assert (found, len(failures)) == ([("", "a")], 1)


@pytest.mark.parametrize("collections", [["c", None], None])
def test_a_table_of_ids(collections: list[str | None] | None, tmp_path: Path) -> None:
    """A table with ids, or collections and ids, is an inventory; one of items is a source."""
    columns = {"id": ["a", "b"], **({"collection": collections} if collections else {})}
    pq.write_table(pa.table(columns), tmp_path / "ids.parquet")
    found, failures, inventory = read(tmp_path / "ids.parquet")
    assert (found, failures) == ([("c" if collections else "", "a"), ("", "b")], [])
    assert inventory.has_collections == (collections is not None)
    assert read(tmp_path)[0] == found
    pq.write_table(pa.table({"n": [1]}), tmp_path / "ids.parquet")
    with pytest.raises(ConfigurationError, match="neither a table of items nor of ids"):
        inventory_of(str(tmp_path / "ids.parquet"))
    (tmp_path / "ids.parquet").write_bytes(b"PAR1")
    assert inventory_of(str(tmp_path / "ids.parquet")) is None


def _csv(rows: list[tuple[str, str, str]]) -> tuple[str, bytes, str, str]:
    from urllib.parse import quote_plus  # noqa: PLC0415 - keys are encoded in CSV alone

    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    for key, latest, deleted in rows:
        writer.writerow(
            ["bucket", quote_plus(key, safe="/"), "v", latest, deleted, 1, "2024-01-01T00:00:00.000Z", "e", "S"]
        )
    return "939c6d46.csv.gz", gzip.compress(text.getvalue().encode()), "CSV", SCHEMA


def _parquet(rows: list[tuple[str, str, str]]) -> tuple[str, bytes, str, str]:
    sink = io.BytesIO()
    columns = {
        "bucket": ["bucket"] * len(rows),
        "key": [key for key, *_ in rows],
        "is_latest": [latest == "true" for _, latest, _ in rows],
        "is_delete_marker": [deleted == "true" for *_, deleted in rows],
    }
    pq.write_table(pa.table(columns), sink)
    return "d754c470.parquet", sink.getvalue(), "Parquet", "message s3.inventory { required binary key (UTF8); }"


Made = Callable[[list[tuple[str, str, str]]], tuple[str, bytes, str, str]]


def deliver(root: Path, made: Made, **changed: Any) -> Path:
    """Write an inventory as it lies in the bucket that it is delivered to, and return its manifest."""
    name, data, kind, schema = made(OBJECTS)
    place = root / "inventory" / "bucket" / "daily"
    (place / "data").mkdir(parents=True)
    (place / "2024-01-02T01-00Z").mkdir()
    (place / "data" / name).write_bytes(data)
    file = {
        "key": f"inventory/bucket/daily/data/{name}",
        "size": len(data),
        "MD5checksum": hashlib.md5(data).hexdigest(),
    }
    manifest = {
        "sourceBucket": "bucket",
        "destinationBucket": "arn:aws:s3:::reports",
        "version": "2016-11-30",
        "creationTimestamp": "1704157200000",
        "fileFormat": kind,
        "fileSchema": schema,
        "files": [{**file, **changed.pop("file", {})}],
        **changed,
    }
    path = place / "2024-01-02T01-00Z" / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


@pytest.mark.parametrize("made", [_csv, _parquet])
def test_s3_inventory(made: Made, tmp_path: Path) -> None:
    """Keys of current objects become ids, by the name of each or by a pattern; its folder is the inventory, too."""
    manifest = deliver(tmp_path, made)
    found, failures, inventory = read(manifest)
    assert (found, failures) == ([("", "i 1"), ("", "B01"), ("", "é+2")], [])
    assert (inventory.passed_over, inventory.has_keys, inventory.has_collections) == (4, True, False)
    found, _, inventory = read(manifest.parent, r"(?P<collection>[^/]+)/(?P<id>[^/]+)/(?P=id)\.json$")
    assert found == [("c", "i 1"), ("d", "é+2")]
    assert inventory.has_collections


@pytest.mark.parametrize("made", [_csv, _parquet])
def test_a_copy_of_an_inventory_is_read(made: Made, tmp_path: Path) -> None:
    """The manifest and its files may have been copied into one folder."""
    manifest = deliver(tmp_path / "bucket", made)
    (tmp_path / "copy").mkdir()
    for path in [manifest, *(manifest.parents[1] / "data").iterdir()]:
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    assert len(read(tmp_path / "copy")[0]) == 3


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"MD5checksum": "0" * 32}, "its MD5 is another one"),
        ({"key": "inventory/bucket/daily/data/other.csv.gz"}, "isn't there"),
        ({"key": "../../../secret.csv"}, "isn't there"),
        ({"key": "/secret.csv"}, "isn't there"),
    ],
)
def test_files_that_are_not_what_the_manifest_says(file: dict[str, str], words: str, tmp_path: Path) -> None:
    """A file with another content, one that isn't there, and one outside of the delivery are named, and not read."""
    (tmp_path / "secret.csv").write_text("bucket,key,v,true,false,1,t,e,S\n")
    found, failures, _ = read(deliver(tmp_path / "x", _csv, file=file))
    assert found == []
    assert words in failures[0]


def test_formats_that_are_not_read(tmp_path: Path) -> None:
    """ORC is refused with what is read; a damaged manifest is told; and another manifest is no inventory."""
    with pytest.raises(ConfigurationError, match="CSV and Parquet are read"):
        inventory_of(str(deliver(tmp_path / "a", _csv, fileFormat="ORC")))
    with pytest.raises(ConfigurationError, match="damaged"):
        inventory_of(str(deliver(tmp_path / "b", _csv, files=[{"size": 1}])))
    (tmp_path / "manifest.json").write_text('{"verdict": "complete", "parts": [], "items": 0}')
    assert inventory_of(str(tmp_path)) is None


@pytest.mark.parametrize("pattern", ["(", "(?P<name>.*)"])
def test_a_pattern_has_to_find_ids(pattern: str) -> None:
    """A text that is no expression, and one without the group of the id, are refused."""
    with pytest.raises(ConfigurationError, match="--key-pattern"):
        KeyPattern(pattern)


@pytest.mark.parametrize(
    ("key", "item_id"), [("a/b/LC08.T1.json", "LC08.T1"), ("x.json.gz", "x"), ("x", "x"), (".hidden", ".hidden")]
)
def test_ids_by_default(key: str, item_id: str) -> None:
    """Without a pattern the id is the last part of the key without its ending, packed or not."""
    assert KeyPattern(None).find(key) == ("", item_id)
