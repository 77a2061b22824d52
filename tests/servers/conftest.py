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
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from loopback import free_port, running

from ingest_bench.config.models import Corpus
from ingest_bench.corpora.builder import build
from ingest_bench.errors import MeasurementError
from ingest_bench.system import postgis

ROOT = Path(__file__).parents[2]
SERVERS = Path(os.environ["TEST_SERVERS"]).absolute() if "TEST_SERVERS" in os.environ else None
ITEMS = 10_000 if SERVERS else 1_000


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


class Databases:
    """A PostgreSQL with PostGIS, and copies of an empty pgstac in it."""

    def __init__(self, variables: Mapping[str, str], pypgstac: Path) -> None:
        self.variables = variables
        self.pypgstac = pypgstac
        self._numbers = count()

    def connect(self, name: str = "postgres", **more: Any) -> psycopg.Connection[Any]:
        """Connect as the superuser."""
        return psycopg.connect(self.dsn(name), autocommit=True, **more)

    def dsn(self, name: str, scheme: str = "postgresql") -> str:
        """Give where a database is, without a password: these take everybody."""
        return "{0}://{PGUSER}@{PGHOST}:{PGPORT}/{1}".format(scheme, name, **self.variables)

    def new(self, template: str = "empty") -> str:
        """Copy a template, and return the name of the copy."""
        name = f"copy{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def run(self, name: str, *arguments: Any) -> None:
        """Run `pypgstac` on a database."""
        environment = {**os.environ, **self.variables, "PGDATABASE": name}
        subprocess.run([self.pypgstac, *arguments], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Start a PostgreSQL with PostGIS, with a template that has an empty pgstac."""
    places = [folder / "bin" / "pypgstac" for folder in (SERVERS, ROOT / ".venv-tools") if folder is not None]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        pytest.skip("there is no pypgstac: `make tools` or `make test-servers` installs it")
    try:
        with postgis.database() as variables:
            databases = Databases(variables, found)
            with databases.connect() as connection:
                connection.execute("CREATE DATABASE empty")
            databases.run("empty", "migrate")
            yield databases
    except MeasurementError as reason:
        pytest.skip(str(reason))
