"""DuckDB, one statement a task: `write LINES TABLE`, `read TABLE LINES`, `search TABLE LINES BBOX DATETIME`."""

import sys
from importlib.util import find_spec
from pathlib import Path

import duckdb

WRITE = """
    COPY (
        SELECT
            * EXCLUDE (geometry, bbox, properties),
            ST_GeomFromGeoJSON(to_json(geometry)) AS geometry,
            {{xmin: bbox[1], ymin: bbox[2], xmax: bbox[3], ymax: bbox[4]}} AS bbox,
            unnest(properties)
        FROM read_json({source}, format = 'newline_delimited')
    ) TO {output} (FORMAT parquet, COMPRESSION zstd)
"""
READ = """
    COPY (
        SELECT
            type, stac_version, stac_extensions, id, ST_AsGeoJSON(geometry)::JSON AS geometry,
            [bbox.xmin, bbox.ymin, bbox.xmax, bbox.ymax] AS bbox, {{{properties}}} AS properties,
            links, assets, collection
        FROM read_parquet({source}) {condition}
    ) TO {output} (FORMAT json)
"""
WITHIN = """
    WHERE ST_Intersects(geometry, ST_MakeEnvelope({box}))
        AND datetime BETWEEN {first}::TIMESTAMPTZ AND {last}::TIMESTAMPTZ
"""
FIXED = ("type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "links", "assets", "collection")


def text(value: str) -> str:
    """Return a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def properties(source: str) -> str:
    """Return what makes the properties out of a table's columns; a time is written as STAC has it."""
    columns = connection.sql(f"SELECT * FROM read_parquet({source}) LIMIT 0")  # noqa: S608 - a path, as `text` has it
    values = []
    for name, kind in zip(columns.columns, columns.types, strict=True):
        if name not in FIXED:
            value = f'"{name}"'
            if str(kind).startswith("TIMESTAMP"):
                value = f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%gZ')"
            values.append(f"{text(name)}: {value}")
    return ", ".join(values)


task, source, output, *searched = sys.argv[1:]
connection = duckdb.connect()
package = Path(find_spec("duckdb_extension_spatial").origin).parent
connection.load_extension(str(next(package.rglob("spatial.duckdb_extension"))))
connection.execute("SET TimeZone = 'UTC'")
source, output, condition = text(source), text(output), ""
if searched:
    box, times = searched
    first, last = map(text, times.split("/"))
    condition = WITHIN.format(box=box, first=first, last=last)
if task == "write":
    connection.execute(WRITE.format(source=source, output=output))
else:
    statement = READ.format(source=source, output=output, condition=condition, properties=properties(source))
    connection.execute(statement)
