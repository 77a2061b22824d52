"""The clients, each read to its end in a process of its own: `python -m ingest_bench.hostile_matrix.clients NAME URL`.

Each prints the id of an item as a line of JSON when it is handed one, and at last an object that says how it ended. A
client that hangs prints no such object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version

from stac_ingest.api.credentials import TOKEN_VARIABLE

LIMIT = 10
TIMEOUT_S = 2
"""For one answer, where a client has such a setting."""
TOKEN = "a-token-of-the-source"  # noqa: S105 - it opens nothing


def main() -> None:
    """Run one client."""
    name, url, collection = sys.argv[1:]
    try:
        end = CLIENTS[name](url, collection)
    except BaseException as error:  # noqa: BLE001 - a client may panic, and how it ended is the result
        end = {"error": type(error).__name__, "message": str(error)}
    _say(end)


def versions() -> dict[str, str]:
    """Name each client with its version."""
    return {name: f"{name} {version('stac-ingest-bench' if name == 'stac_ingest' else name)}" for name in CLIENTS}


def _pystac_client(url: str, collection: str) -> dict[str, str]:
    from pystac_client import Client  # noqa: PLC0415 - one client's imports are not another's

    client = Client.open(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=TIMEOUT_S)
    for item in client.search(collections=[collection], limit=LIMIT).items_as_dicts():
        _say(item["id"])
    return {}


def _rustac(url: str, collection: str) -> dict[str, str]:
    from rustac import ApiClient  # noqa: PLC0415 - one client's imports are not another's

    async def read() -> None:
        client = ApiClient(url, headers={"Authorization": f"Bearer {TOKEN}"})
        async for item in await client.iter_search(collections=[collection], limit=LIMIT):
            if item is None:  # its way to say that there are no more, again and again
                return
            _say(item["id"])

    asyncio.run(read())
    return {}


def _stac_ingest(url: str, collection: str) -> dict[str, str]:
    from stac_ingest import IngestModule, WorkflowContext  # noqa: PLC0415 - one client's imports are not another's
    from stac_ingest.certificate import certify  # noqa: PLC0415 - same
    from stac_ingest.pipeline import PipelineResult  # noqa: PLC0415 - same

    os.environ[TOKEN_VARIABLE] = TOKEN
    settings = {"mode": "api", "source": url, "collection_id": collection, "limit": LIMIT, "timeout": TIMEOUT_S}
    module, context = IngestModule(settings), WorkflowContext()

    async def read() -> None:
        async for item in module.fetch(context):
            _say(item["id"])

    asyncio.run(read())
    failures = len(context.failure_collector)
    came = PipelineResult(fetched=module.summary.items)
    verdict = certify(module.config, collection, module.summary, came, failures=failures).verdict
    return {"failures": str(failures)} if failures else {} if verdict.startswith("complete") else {"verdict": verdict}


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


CLIENTS: dict[str, Callable[[str, str], dict[str, str]]] = {
    "pystac-client": _pystac_client,
    "rustac": _rustac,
    "stac_ingest": _stac_ingest,
}

if __name__ == "__main__":
    main()
