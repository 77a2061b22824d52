"""Real STAC servers with items of ours: `rustac serve`, and stac-fastapi-pgstac on a PostgreSQL of its own.

`make test-servers` has an environment for what they need, which `TEST_SERVERS` names. Without it only `rustac serve`,
which comes with the tests' own packages, is asked, for fewer items.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from loopback import free_port, running

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.errors import MeasurementError
from ingest_bench.system import postgis
from long_lane import size
from pgstac_databases import Databases, pgstac_databases

SERVERS = Path(os.environ["TEST_SERVERS"]).absolute() if "TEST_SERVERS" in os.environ else None
ITEMS = size(10_000, 3_000) if SERVERS else 1_000


@pytest.fixture(scope="session")
def told() -> Callable[..., None]:
    """Give a function that prints what is worth knowing of a test that passes; seen with `pytest -s`."""

    def tell(*lines: str) -> None:
        sys.stdout.write("\n" + "\n".join(lines) + "\n")

    return tell


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the items and their collection."""
    folder = tmp_path_factory.mktemp("servers") / "api"
    build("api", Corpus(kind="api", items=ITEMS), 7, folder, folder.with_suffix(".json"), 1)
    return folder


@pytest.fixture(scope="session")
def servers() -> Path:
    """Give the programs of the servers' environment."""
    if SERVERS is None:
        pytest.skip("`make test-servers` runs this")
    return SERVERS / "bin"


@pytest.fixture(scope="session")
def rustac(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the items with `rustac serve`."""
    address = f"127.0.0.1:{free_port()}"
    program = Path(sysconfig.get_path("scripts")) / "rustac"
    command = [program, "serve", "-a", address, corpus / "collection.json", corpus / "items.ndjson"]
    with running(command, f"http://{address}", tmp_path_factory.mktemp("rustac") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def database(servers: Path, corpus: Path) -> Iterator[Mapping[str, str]]:
    """Load the items into a database, and give the variables by which it is found."""
    try:
        with postgis.database() as variables:
            for arguments in (
                ["migrate"],
                ["load", "collections", corpus / "collection.json", "--method", "insert"],
                ["load", "items", corpus / "items.ndjson", "--method", "insert"],
            ):
                subprocess.run([servers / "pypgstac", *arguments], env={**os.environ, **variables}, check=True)
            yield variables
    except MeasurementError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def pgstac(servers: Path, database: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the database with stac-fastapi-pgstac as it is installed: it doesn't count what matches."""
    with _pgstac(servers, database, tmp_path_factory.mktemp("pgstac")) as url:
        yield url


@pytest.fixture(scope="session")
def counting_pgstac(
    servers: Path, database: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Serve it as many do, with `numberMatched`."""
    settings = {**database, "SERVER_SETTINGS": json.dumps({"pgstac.context": "on"})}
    with _pgstac(servers, settings, tmp_path_factory.mktemp("pgstac")) as url:
        yield url


@contextmanager
def _pgstac(servers: Path, environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    port = str(free_port())
    command = [servers / "uvicorn", "--factory", "stac_fastapi.pgstac.app:create_app", "--port", port]
    with running([*command, "--log-level", "warning"], f"http://127.0.0.1:{port}", folder / "log", environment) as url:
        yield url


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Start a PostgreSQL with PostGIS, with a template that has an empty pgstac."""
    with pgstac_databases(SERVERS) as databases:
        yield databases
