#!/usr/bin/env bash
# pyarrow 26.0.1 on Linux (GNU C library), `release_unused` of a memory pool that isn't the default one, as it is called
# between two tables of items that were read or written into a pool of their own.
#
# Guess: a pool gives back what it holds unused itself. So it is of no use to ask one that nothing was ever taken from,
# and only the system's pool, which is the C library's allocator, can give back what NumPy has freed.
# Seen: `release_unused` always asks the default pool, whichever pool it is called on. With the system's pool as the
# default, mimalloc's pool gives back 200 MiB that NumPy has freed. With mimalloc's as the default, which is so in the
# wheels, the system's pool gives back nothing, neither what NumPy has freed nor what it has freed itself; a pool that is
# made the default meanwhile (`set_memory_pool`) is asked from then on.
#
# Output seen:
#   default mimalloc: of what NumPy has freed, mimalloc gives back nothing, then system nothing
#   default mimalloc: of what it has freed itself, system gives back nothing, and once it is the default, most
#   default system: of what NumPy has freed, mimalloc gives back most, then system nothing
#   default system: of what it has freed itself, system gives back most, and once it is the default, nothing
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 'numpy==2.4.6'
cat > "$folder/release.py" <<'PYTHON'
import os

import numpy as np
import pyarrow as pa

PAGE = os.sysconf("SC_PAGE_SIZE")
PIECE, PIECES, LEFT = 64_000, 4000, 64
"""Bytes of an array, which the C library takes from its heap, how many there are, and one in so many that stays."""


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def share(pool):
    """Say how much of what was freed a pool gives back."""
    before = resident()
    pool.release_unused()
    given = (before - resident()) / (PIECE * PIECES)
    return "most" if given > 0.7 else "nothing" if given < 0.1 else "some"


mimalloc, system = pa.mimalloc_memory_pool(), pa.system_memory_pool()
name = pa.default_memory_pool().backend_name
arrays = [np.ones(PIECE // 8) for _ in range(PIECES)][::LEFT]
first, second = share(mimalloc), share(system)
print(f"default {name}: of what NumPy has freed, mimalloc gives back {first}, then system {second}")
del arrays
buffers = []
for _ in range(PIECES):
    buffer = pa.allocate_buffer(PIECE, memory_pool=system)
    np.frombuffer(buffer, np.uint8)[:] = 1
    buffers.append(buffer)
buffers = buffers[::LEFT]
del buffer
first = share(system)
pa.set_memory_pool(system)
second = share(system)
print(
    f"default {name}: of what it has freed itself, system gives back {first}, and once it is the default, {second}"
)
PYTHON
seen=$(for name in mimalloc system; do ARROW_DEFAULT_MEMORY_POOL=$name "$folder/env/bin/python" "$folder/release.py"; done)
echo "$seen"
expected=$(sed -n 's/^#   //p' "$0")
[ "$seen" = "$expected" ] || { echo "this has changed" >&2; exit 1; }
