#!/usr/bin/env bash
# obstore 0.12.1, `put(..., mode=...)` of an object that was read before, as its guide says: keep both `e_tag` and
# `version`, since stores differ in which of them they use. The type hints of `UpdateVersion` allow None for both.
#
# Guess: what `get` says in `meta`, or what `put` returns, can be handed back as it is.
# Seen: a store that has no versions gives `version` as None, and handing that back is a TypeError. The key has to be
# left out. What `put` itself returns is refused in the same way, so a writer can't go on from its own last write.
#
# Output seen:
#   meta: {'e_tag': '"0"', 'version': None}
#   both of meta: TypeError
#   what put returned: TypeError
#   e_tag alone: written
#   an old e_tag: PreconditionError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'obstore==0.12.1'

seen=$("$folder/env/bin/python" - <<'PYTHON'
import obstore
from obstore.store import MemoryStore

store = MemoryStore()
returned = obstore.put(store, "a", b"1")
meta = obstore.get(store, "a").meta
version = {name: meta[name] for name in ("e_tag", "version")}
print(f"meta: {version}")


def put(what, mode):
    try:
        obstore.put(store, "a", b"2", mode=mode)
    except Exception as error:
        print(f"{what}: {type(error).__name__}")
    else:
        print(f"{what}: written")


put("both of meta", version)
put("what put returned", returned)
put("e_tag alone", {"e_tag": version["e_tag"]})
put("an old e_tag", {"e_tag": version["e_tag"]})
PYTHON
)
echo "$seen"
[ "$seen" = "meta: {'e_tag': '\"0\"', 'version': None}
both of meta: TypeError
what put returned: TypeError
e_tag alone: written
an old e_tag: PreconditionError" ] || { echo "this has changed" >&2; exit 1; }
