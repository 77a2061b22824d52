#!/usr/bin/env bash
# pyarrow 26.0.1, GeoParquet metadata added to a file that is being written.
#
# Guess: what `ParquetWriter.add_key_value_metadata` adds is what `read_schema` and `read_table` give as the metadata of
# the schema, as with metadata that the schema had from the start.
# Seen: it is in the footer, and `read_metadata` gives it. The schema's metadata come from the copy of the Arrow schema
# that the writer stores in the footer as `ARROW:schema`, and that was made before. Only without that copy
# (`store_schema=False`) is the added key in the schema. So for one file DuckDB says GEOMETRY, by the footer, and whoever
# asks pyarrow for the schema finds no `geo`: a bounding box that is known only when the last row has come can't be added
# so.
#
# Output seen:
#   stored schema: footer True, schema False, duckdb GEOMETRY
#   no stored schema: footer True, schema True, duckdb GEOMETRY
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 'duckdb==2.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import json
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

point = struct.pack("<BIdd", 1, 1, 7.0, 46.0)
geo = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}
table = pa.table({"geometry": pa.array([point])})
for words, stored in (("stored schema", True), ("no stored schema", False)):
    path = f"{sys.argv[1]}/{stored}.parquet"
    with pq.ParquetWriter(path, table.schema, store_schema=stored) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"geo": json.dumps(geo)})
    footer = b"geo" in pq.read_metadata(path).metadata
    schema = b"geo" in (pq.read_schema(path).metadata or {})
    ((kind,),) = duckdb.sql(f"SELECT typeof(geometry) FROM '{path}'").fetchall()
    print(f"{words}: footer {footer}, schema {schema}, duckdb {kind.partition('(')[0]}")
PYTHON
)
echo "$seen"
[ "$seen" = "stored schema: footer True, schema False, duckdb GEOMETRY
no stored schema: footer True, schema True, duckdb GEOMETRY" ] || { echo "this has changed" >&2; exit 1; }
