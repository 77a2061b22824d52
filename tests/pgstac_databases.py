"""Databases with a pgstac, for tests: one server, and a copy of an empty pgstac for whoever asks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest_bench.errors import MeasurementError
from ingest_bench.system import postgis

ROOT = Path(__file__).parents[1]


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


@contextmanager
def pgstac_databases(environment: Path | None = None) -> Iterator[Databases]:
    """Start a server, and put a pgstac into its template; the test is skipped where something for that isn't there.

    Args:
        environment: one that has `pypgstac`; else the one of the field's tools is looked at.

    """
    places = [folder / "bin" / "pypgstac" for folder in (environment, ROOT / ".venv-tools") if folder is not None]
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
