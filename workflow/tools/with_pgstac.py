"""Around a load into pgstac, and not timed: `prepare LINES` makes an empty one, `read OUTPUT` reads its items back.

The database is the one that PGDATABASE names, copied from a template that is made once a cell.
"""

import json
import os
import sys
from pathlib import Path

from psycopg import connect
from pypgstac.db import PgstacDB
from pypgstac.load import Loader, Methods
from pypgstac.migrate import Migrate

TEMPLATE = "pgstac_empty"

task, path = sys.argv[1:]
name = os.environ["PGDATABASE"]


def prepare() -> None:
    """Make an empty database for the items of a file of lines, with their collection."""
    with Path(path).open() as lines:
        collection = json.loads(next(lines))["collection"]
    with connect(dbname="postgres", autocommit=True) as connection:
        made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
        if not made:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
            with PgstacDB(dsn=f"dbname={TEMPLATE}") as database:
                Migrate(database).run_migration()
                document = {"id": collection, "type": "Collection", "stac_version": "1.1.0", "links": []}
                Loader(database).load_collections(iter([document]), Methods.insert)
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')


def read() -> None:
    """Write the items that the database has as lines of JSON, to a file, or into the folder that a tool has made."""
    file = Path(path) / "items.ndjson" if Path(path).is_dir() else Path(path)
    with connect() as connection, file.open("w") as lines:
        connection.execute("SET search_path TO pgstac, public")
        found = connection.cursor("items").execute("SELECT content_hydrate(items)::text FROM items")
        lines.writelines(f"{item}\n" for (item,) in found)


{"prepare": prepare, "read": read}[task]()
