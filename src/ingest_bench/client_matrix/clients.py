"""The clients, each run in a process of its own: `python -m ingest_bench.client_matrix.clients NAME URL COLLECTION`.

Each prints the id of every item that it delivers as a line of JSON, and at the end an object that says how it ended. A
client that hangs prints no such object.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version

from stac_ingest.http.credentials import TOKEN_VARIABLE

LIMIT = 10
TIMEOUT_S = 2
"""For one response, where a client has such a setting."""
TOKEN = "a-token-of-the-source"  # noqa: S105 - it opens nothing


def main() -> None:
    """Run one client, and print what it delivers and how it ends."""
    name, url, collection = sys.argv[1:]
    try:
        end = CLIENTS[name](url, collection)
    except BaseException as error:  # noqa: BLE001 - a client may panic, which is a result as well
        end = {"error": type(error).__name__, "message": str(error)}
    _print(end)


def versions() -> dict[str, str]:
    """Return each client's name with its version, by its name."""
    return {name: f"{name} {version('stac-ingest-bench' if name == OWN else name)}" for name in CLIENTS}


def _pystac_client(url: str, collection: str) -> dict[str, str]:
    from pystac_client import Client  # noqa: PLC0415 - one client's imports are not another's

    client = Client.open(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=TIMEOUT_S)
    for item in client.search(collections=[collection], limit=LIMIT).items_as_dicts():
        _print(item["id"])
    return {}


def _rustac(url: str, collection: str) -> dict[str, str]:
    from rustac import ApiClient  # noqa: PLC0415 - one client's imports are not another's

    async def read() -> None:
        client = ApiClient(url, headers={"Authorization": f"Bearer {TOKEN}"})
        async for item in await client.iter_search(collections=[collection], limit=LIMIT):
            if item is None:  # it has ended, and would yield None for ever
                return
            _print(item["id"])

    asyncio.run(read())
    return {}


def _stac_ingest(url: str, collection: str) -> dict[str, str]:
    from stac_ingest import IngestModule, WorkflowContext  # noqa: PLC0415 - one client's imports are not another's
    from stac_ingest.completeness import completeness_report  # noqa: PLC0415 - same
    from stac_ingest.pipeline import PipelineResult  # noqa: PLC0415 - same

    os.environ[TOKEN_VARIABLE] = TOKEN
    settings = {"mode": "api", "source": url, "collection_id": collection, "limit": LIMIT, "timeout": TIMEOUT_S}
    module, context = IngestModule(settings), WorkflowContext()

    async def read() -> None:
        async for item in module.fetch(context):
            _print(item["id"])

    asyncio.run(read())
    failures = len(context.failure_collector)
    result = PipelineResult(fetched=module.summary.items)
    verdict = completeness_report(module.config, collection, module.summary, result, failures=failures).verdict
    return {"failures": str(failures)} if failures else {} if verdict.startswith("complete") else {"verdict": verdict}


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


OWN = "stac_ingest"
CLIENTS: dict[str, Callable[[str, str], dict[str, str]]] = {
    "pystac-client": _pystac_client,
    "rustac": _rustac,
    OWN: _stac_ingest,
}

if __name__ == "__main__":
    main()
