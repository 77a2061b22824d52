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

from stac_ingest.core.atomic import write_atomically
from stac_ingest.geoparquet.writer import GeoParquetWriter
from stac_ingest.outputs.geoparquet import read_part
from stac_ingest.sharding.manifest import Part
from stac_ingest.sync.manifest import NAME, Counts, Partition, SyncManifest

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


def write(output: Path, items: list[dict[str, Any]], url: str, generation: int = 1) -> SyncManifest:
    """Write items as an output that has a manifest, and return that."""
    by_month = defaultdict(list)
    for item in items:
        year, month = item["properties"]["datetime"].split("-")[:2]
        by_month[int(year) * 12 + int(month) - 1].append(item)
    partitions = []
    for number, some in sorted(by_month.items()):
        folder = f"year={number // 12}/month={number % 12 + 1:02}"
        temporary = output / "new.parquet"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        with GeoParquetWriter(temporary) as writer:
            writer.write(some)
        data = temporary.read_bytes()
        digest = sha256(data).hexdigest()
        path = output / "items" / folder / f"part-{digest[:16]}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)
        part = Part(path=str(path.relative_to(output)), items=len(some), bytes=len(data), sha256=digest)
        partitions.append(Partition(number=number, folder=folder, items=len(some), parts=[part], index=""))
    manifest = SyncManifest(
        generation=generation,
        source=url,
        asked={},
        partition="month",
        verdict="complete",
        reason="all was read",
        items=len(items),
        bytes=sum(part.bytes for partition in partitions for part in partition.parts),
        started_at=time.time(),
        counts=Counts(),
        journal=None,
        partitions=partitions,
    )
    write_atomically(output / NAME, manifest.model_dump_json().encode())
    return manifest


def main(arguments: list[str]) -> int:
    """Run `sync URL --output DIR` or `audit DIR --against URL`; return 1 where an audit finds something."""
    given = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    limit = int(given["--limit"])
    if arguments[0] == "sync":
        items = items_of(arguments[1], limit)
        time.sleep(HOLD_S)
        write(Path(given["--output"]), items, arguments[1])
        return 0
    manifest = SyncManifest.model_validate_json((Path(arguments[1]) / NAME).read_bytes())
    parts = [Path(arguments[1]) / part.path for partition in manifest.partitions for part in partition.parts]
    held = sorted(item["id"] for part in parts for item in read_part(part))
    return int(held != sorted(item["id"] for item in items_of(given["--against"], limit)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
