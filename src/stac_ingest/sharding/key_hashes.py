"""Hashes of which items a part holds, kept by its shard: the last job sees by them that no item came twice.

To read the ids of all parts takes as long as a tenth of the ingest, on one core, and needs Arrow. Where two hashes are
the same, which need not mean the same item, or where hashes are missing, the parts are read.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b, sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.core.atomic import replacing
from stac_ingest.errors import DataProcessingError
from stac_ingest.sharding.manifest import ShardReport, hashes_path

if TYPE_CHECKING:
    from stac_ingest.core.id_set import Key
    from stac_ingest.sharding.plan import Plan

SIZE = 8
"""Bytes of a hash: of a million items two have the same one with a chance of 3e-8."""
FEW = 250_000
"""Hashes that go into a set of Python's, which is there at once; more are sorted by NumPy."""


class KeyHashes:
    """Takes the keys of the items of a part, in any order."""

    def __init__(self) -> None:
        self._hashes: list[bytes] = []

    def add(self, keys: Iterable[Key]) -> None:
        """Take some keys."""
        self._hashes += [
            blake2b(f"{collection}\0{item_id}".encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()
            for collection, item_id in keys
        ]

    def write(self, path: Path) -> str:
        """Write the file of the hashes.

        Returns:
            Its SHA-256, which belongs into the report of the shard: a file that is another one isn't used.

        Raises:
            DataProcessingError: it can't be written.

        """
        data = b"".join(self._hashes)
        try:
            with replacing(path, sync="nothing") as stream:
                stream.write(data)
        except OSError as error:
            raise DataProcessingError(f"can't write {path}: {error.strerror or error}") from error
        return sha256(data).hexdigest()


def all_differ(plan: Plan, shards: Iterable[ShardReport]) -> bool:
    """Tell whether no item is in two parts, by the hashes; False where they leave it open."""
    found = [_hashes_of(plan, shard) for shard in shards if shard.part is not None]
    known = [hashes for hashes in found if hashes is not None]
    return len(known) == len(found) and _differ(known)


def _hashes_of(plan: Plan, shard: ShardReport) -> bytes | None:
    """Return the hashes of a shard's items; None where they aren't those that it has written."""
    if shard.part is None or shard.hashes is None:
        return None
    try:
        data = hashes_path(plan.settings, plan.shards[shard.shard]).read_bytes()
    except OSError:
        return None
    is_whole = len(data) == shard.part.items * SIZE and sha256(data).hexdigest() == shard.hashes
    return data if is_whole else None


def _differ(blocks: Sequence[bytes]) -> bool:
    count = sum(map(len, blocks)) // SIZE
    if count <= FEW:
        return len(set(chain.from_iterable(array("Q", block) for block in blocks))) == count
    import numpy as np  # noqa: PLC0415 - few hashes do without

    hashes = np.concatenate([np.frombuffer(block, np.uint64) for block in blocks])
    hashes.sort()
    return bool((hashes[1:] != hashes[:-1]).all())
