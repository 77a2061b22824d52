"""A small collection whose items lie in time as a test wants, and the simulator that serves it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from ingest_bench.simulator.in_process import serving
from ingest_bench.simulator.item_store import open_store
from stac_ingest import DataProcessingError, IngestModule, WorkflowContext
from stac_ingest.completeness import completeness_report
from stac_ingest.pipeline import PipelineResult

START = datetime(2010, 1, 1, tzinfo=UTC)
YEARS = 10
COLLECTION = "c"


def stamp(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def times(number, total, *, lasts=timedelta(0), instant=False):
    """Give the properties of one of so many items, which begin evenly over ten years.

    `lasts` is how long it lasts, and `instant` says whether one that lasts has a `datetime` too.
    """
    start = START + timedelta(days=365 * YEARS) * (number / total)
    if not lasts:
        return {"datetime": stamp(start)}
    return {
        "datetime": stamp(start) if instant else None,
        "start_datetime": stamp(start),
        "end_datetime": stamp(start + lasts),
    }


def write_collection(folder, properties):
    """Write a collection with an item for each of the properties; return the ids."""
    folder.mkdir(parents=True, exist_ok=True)
    extent = {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [[stamp(START), stamp(START + timedelta(days=365 * (YEARS + 1)))]]},
    }
    collection = {"type": "Collection", "stac_version": "1.1.0", "id": COLLECTION, "description": "Items in time"}
    (folder / "collection.json").write_text(
        json.dumps({**collection, "license": "other", "links": [], "extent": extent})
    )
    ids = [f"i{number:05}" for number in range(len(properties))]
    with (folder / "items.ndjson").open("w") as file:
        for item_id, one in zip(ids, properties, strict=True):
            item = {
                "type": "Feature",
                "stac_version": "1.1.0",
                "id": item_id,
                "collection": COLLECTION,
                "bbox": [0, 0, 0, 0],
                "geometry": {"type": "Point", "coordinates": [0, 0]},
                "properties": one,
                "links": [],
                "assets": {},
            }
            file.write(json.dumps(item) + "\n")
    return ids


async def ingest(folder, behaviours=(), **settings):
    """Run the module against the simulator; return the ids as they came, the summary and the certificate."""
    async with serving(open_store(folder), behaviours) as server:
        module = IngestModule({"mode": "api", "source": server.url, "collection_id": COLLECTION, **settings})
        context, ids, error = WorkflowContext(), [], None
        try:
            async for item in module.fetch(context):
                ids.append(item["id"])  # noqa: PERF401 - what came before an error must be kept
        except DataProcessingError as caught:
            error = caught
    certificate = completeness_report(
        module.config,
        COLLECTION,
        module.summary,
        PipelineResult(fetched=len(ids)),
        failures=len(context.failure_collector),
        interrupted=error is not None,
    )
    return ids, module.summary, certificate
