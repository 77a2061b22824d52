"""A command with the contract of `stac-ingest sync` and `audit`, as simple as can be: each time it reads everything."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingest_bench.reference.manifest import NAME, Manifest, Part, Partition, manifest_of
from stac_ingest.core.atomic import write_atomically
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part

HOLD_S = float(os.environ.get("STANDIN_HOLD_S", "0"))
"""How long it waits after its last request before it writes."""


def items_of(url: str, limit: int) -> list[dict[str, Any]]:
    """Read all items of an API."""
    connection, found = HTTPConnection(urlsplit(url).netloc, timeout=30), []
    body: dict[str, Any] | None = {"limit": limit}
    while body is not None:
        connection.request("POST", "/search", json.dumps(body))
        page = json.loads(connection.getresponse().read())
        found += page["features"]
        body = next((link["body"] for link in page["links"] if link["rel"] == "next"), None)
    connection.close()
    return found


def held(output: Path) -> dict[str, dict[str, Any]]:
    """Return the items of an output by their ids; none where there is no manifest."""
    if not (output / NAME).exists():
        return {}
    parts = [output / part.path for partition in manifest_of(output).partitions for part in partition.parts]
    return {item["id"]: item for part in parts for item in read_part(part)}


def month_of(item: dict[str, Any]) -> str:
    """Return the month that an item was taken in."""
    text: str = item["properties"]["datetime"]
    return text[:7]


def changes(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return the lines of a journal."""
    lines = [{"what": "gone", "id": name} for name in old.keys() - new.keys()]
    lines += [{"what": "added", "id": name} for name in new.keys() - old.keys()]
    for name in new.keys() & old.keys():
        if old[name] != new[name]:
            moved = month_of(old[name]) != month_of(new[name])
            lines.append({"what": "moved" if moved else "changed", "id": name})
    return lines


def write(output: Path, items: list[dict[str, Any]]) -> Manifest:
    """Write items as an output that has a manifest, and return that."""
    path = output / NAME
    generation = 1 + (manifest_of(output).generation if path.exists() else 0)
    journal = output / "changes" / f"{generation:08d}.ndjson"
    lines = changes(held(output), {item["id"]: item for item in items})
    write_atomically(journal, "".join(json.dumps(line) + "\n" for line in lines).encode())
    partitions = [partition_of(output, month, some) for month, some in sorted(by_month(items).items())]
    manifest = Manifest(
        version=2,
        generation=generation,
        verdict="complete",
        reason="all was read",
        items=len(items),
        bytes=sum(part.bytes for partition in partitions for part in partition.parts),
        journal=str(journal.relative_to(output)),
        partitions=partitions,
    )
    write_atomically(path, manifest.model_dump_json().encode())
    return manifest


def by_month(items: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Sort items into months."""
    found = defaultdict(list)
    for item in items:
        found[month_of(item)].append(item)
    return found


def partition_of(output: Path, month: str, items: list[dict[str, Any]]) -> Partition:
    """Write the items of a month as one part."""
    folder = f"year={month[:4]}/month={month[5:]}"
    temporary = output / "new.parquet"
    temporary.parent.mkdir(parents=True, exist_ok=True)
    with GeoParquetWriter(temporary) as writer:
        writer.write(items)
    data = temporary.read_bytes()
    digest = sha256(data).hexdigest()
    path = output / "items" / folder / f"part-{digest[:16]}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(path)
    part = Part(path=str(path.relative_to(output)), bytes=len(data), sha256=digest)
    return Partition(folder=folder, parts=[part])


def main(arguments: list[str]) -> int:
    """Run `sync URL --output DIR` or `audit DIR --against URL`; return 1 where an audit finds something."""
    given = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    limit = int(given["--limit"])
    if arguments[0] == "sync":
        items = items_of(arguments[1], limit)
        time.sleep(HOLD_S)
        write(Path(given["--output"]), items)
        return 0
    return int(sorted(held(Path(arguments[1]))) != sorted(item["id"] for item in items_of(given["--against"], limit)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
