"""The simulator, seen by the public `stac-api-validator`, without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, get_args

import orjson
import pytest

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.corpora.items import EXTENSIONS
from ingest_bench.simulator.options import PagingName

CLASSES = ("core", "collections", "features", "item-search")
EVERYWHERE = {"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]}
WHERE_IT_LOOKS = (20.2, 20.2, 20.8, 20.8)
"""The validator searches 20 to 21 degrees east and north, and leaves a check out where nothing is there."""


class Validation(NamedTuple):
    """What the validator printed."""

    passed: bool
    text: str
    schemas: list[str]
    """Those that were not to be had: what they ask for is not checked."""
    addresses: list[str]
    """Those that were not opened."""


@pytest.fixture(scope="module")
def some_items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a small corpus, and put its last item where the validator looks."""
    folder = tmp_path_factory.mktemp("validator") / "api"
    build("api", Corpus(kind="api", items=300), 7, folder, folder.with_suffix(".json"), 1)
    *others, last = (folder / "items.ndjson").read_bytes().splitlines()
    west, south, east, north = WHERE_IT_LOOKS
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    moved = {**orjson.loads(last), "bbox": WHERE_IT_LOOKS, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "items.ndjson").write_bytes(b"\n".join([*others, orjson.dumps(moved)]))
    return folder


def validate(servers: Path, url: str, collection: str) -> Validation:
    """Run the validator. Its words are judged and its exit code too, for a crash of it exits with 0."""
    command = [servers / "python", Path(__file__).with_name("validate_offline.py"), "--root-url", url]
    command += ["--collection", collection, "--geometry", json.dumps(EVERYWHERE), "--validate-pagination"]
    command += [part for name in CLASSES for part in ("--conformance", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    *lines, last = done.stdout.splitlines()
    passed = done.returncode == 0 and "Errors: none" in lines
    words = [line for line in lines if not line.startswith("INFO:")]
    return Validation(passed, "\n".join(words) + done.stderr, **json.loads(last))


@pytest.mark.parametrize("paging", get_args(PagingName))
def test_the_simulator_is_a_stac_api(servers: Path, some_items: Path, stac_server, told, paging: str) -> None:
    """The validator finds no error, however pages are named; extensions, and data that don't exist, go unchecked."""
    server = stac_server(corpus=some_items, options=["--rewrite-links", "--paging", paging])
    found = validate(servers, server.url, "sentinel-2-l2a")
    told(
        f"{paging}: {found.text}",
        f"not checked, for want of a schema: {', '.join(found.schemas)}",
        f"not opened: {len(found.addresses)} addresses of data and a license that don't exist",
    )
    assert found.passed, found.text
    assert set(found.schemas) <= set(EXTENSIONS)
    assert all(".example.com/" in address for address in found.addresses)


def test_the_validator_finds_what_is_wrong(servers: Path, some_items: Path, stac_server, tmp_path: Path) -> None:
    """A collection that breaks the core schema doesn't pass, so the schemas are at work."""
    broken = shutil.copytree(some_items, tmp_path / "api")
    collection = orjson.loads((broken / "collection.json").read_bytes())
    (broken / "collection.json").write_bytes(orjson.dumps({**collection, "keywords": "not a list"}))
    server = stac_server(corpus=broken, options=["--rewrite-links"])
    found = validate(servers, server.url, "sentinel-2-l2a")
    assert not found.passed
    assert "keywords" in found.text
