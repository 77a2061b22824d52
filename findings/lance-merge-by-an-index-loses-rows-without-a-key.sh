#!/usr/bin/env bash
# pylance 14.0.2, `merge_insert` by a column that some rows have as null, with and without a scalar index on it, as of
# a table of collections that is merged by `sci:doi`, which not all of them have.
#
# Guess: an index changes how fast a merge goes and nothing else. A null equals nothing, so the new rows without a key
# aren't matched, and "not matched" are, as its docstring says, the records that exist only in the source: they are
# inserted, or else left out in all cases.
# Seen: without an index, or with a zone map, they are inserted. With a bitmap or a B-tree on the column they are left
# out without a word; the count of inserted rows that the call returns is the only sign. An upsert loses them too. With
# two columns as the key they are inserted though both have an index.
#
# Output seen:
#   no index: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
#   zone map: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
#   bitmap: 1 inserted, then ['a', 'b', 'none']
#   b-tree: 1 inserted, then ['a', 'b', 'none']
#   no index, upsert: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
#   b-tree, upsert: 1 inserted, then ['a', 'b', 'none']
#   b-tree on both of two columns: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pylance==14.0.2' 'pyarrow==26.0.1'

seen=$("$folder/env/bin/python" - "$folder" <<'PYTHON'
import sys

import lance
import pyarrow as pa


def rows(*values):
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(("id", "doi"), zip(*values))})


OLD = rows(("a", "10.1/a"), ("none", None))
NEW = rows(("a", "10.1/a"), ("b", "10.1/b"), ("new 1", None), ("new 2", None))


def merged(name, key, indices, upsert):
    path = f"{sys.argv[1]}/{name}"
    dataset = lance.write_dataset(OLD, path)
    for column, kind in indices:
        dataset.create_scalar_index(column, kind)
    merge = lance.dataset(path).merge_insert(key).when_not_matched_insert_all()
    if upsert:
        merge = merge.when_matched_update_all()
    counts = merge.execute(NEW)
    dataset = lance.dataset(path)
    print(f"{name}: {counts['num_inserted_rows']} inserted, then {sorted(dataset.to_table()['id'].to_pylist())}")


merged("no index", "doi", [], False)
merged("zone map", "doi", [("doi", "ZONEMAP")], False)
merged("bitmap", "doi", [("doi", "BITMAP")], False)
merged("b-tree", "doi", [("doi", "BTREE")], False)
merged("no index, upsert", "doi", [], True)
merged("b-tree, upsert", "doi", [("doi", "BTREE")], True)
merged("b-tree on both of two columns", ["id", "doi"], [("id", "BTREE"), ("doi", "BTREE")], False)
PYTHON
)
echo "$seen"
expected=$(cat <<'TEXT'
no index: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
zone map: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
bitmap: 1 inserted, then ['a', 'b', 'none']
b-tree: 1 inserted, then ['a', 'b', 'none']
no index, upsert: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
b-tree, upsert: 1 inserted, then ['a', 'b', 'none']
b-tree on both of two columns: 3 inserted, then ['a', 'b', 'new 1', 'new 2', 'none']
TEXT
)
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
