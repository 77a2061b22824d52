"""Collections of small items, of any size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest

START = datetime(2020, 1, 1, tzinfo=UTC)


def item(number):
    """Make a small item; three share each instant."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number:07}",
        "collection": "things",
        "bbox": [number % 180, 1.0, number % 180, 1.0],
        "geometry": {"type": "Point", "coordinates": [number % 180, 1.0]},
        "properties": {"datetime": stamp(number), "number": number},
        "links": [],
        "assets": {},
    }


def stamp(number):
    return f"{START + timedelta(minutes=number // 3):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="session")
def write_corpus(tmp_path_factory):
    """Give a function that writes so many items for a server, and on demand a file for each as well."""

    def write(count, *, files=False):
        folder = tmp_path_factory.mktemp("corpus")
        extent = {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [[stamp(0), stamp(count)]]},
        }
        about = {"type": "Collection", "stac_version": "1.1.0", "id": "things", "description": "x", "license": "other"}
        (folder / "collection.json").write_bytes(orjson.dumps({**about, "links": [], "extent": extent}))
        (folder / "items").mkdir()
        with (folder / "items.ndjson").open("wb") as lines:
            for number in range(count):
                line = orjson.dumps(item(number))
                lines.write(line + b"\n")
                if files:
                    (folder / "items" / f"i{number:07}.json").write_bytes(line)
        return folder

    return write
