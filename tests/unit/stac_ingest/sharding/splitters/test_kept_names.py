"""The names that are kept for shards: each shard gets its own, whatever they are."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.sharding.plan import FilesPiece
from stac_ingest.sharding.splitters.kept_names import keep_names, kept_files
from stac_ingest.sharding.splitters.partition import balanced
from stac_ingest.sources.directory.walk import Refused
from stac_ingest.sources.folder import FolderFiles

STEM = st.binary(min_size=1, max_size=6).map(lambda name: os.fsdecode(name.replace(b"/", b"_").replace(b"\0", b"_")))
STEMS = st.lists(STEM, unique=True, max_size=20)


@given(documents=STEMS, lines=STEMS, refused=STEMS, shards=st.integers(1, 5))
def test_each_shard_gets_the_names_of_its_range(
    documents: list[str], lines: list[str], refused: list[str], shards: int
) -> None:
    """Names of any bytes come back as they were, those of a kind together, in the range that was planned."""
    found = FolderFiles(
        sorted(f"{stem}.json" for stem in documents),
        sorted(f"{stem}.ndjson" for stem in lines),
        (),
        [Refused(f"{stem}.json.zip", "unpack it") for stem in refused],
    )
    ranges = balanced([1] * len(found.of_json), shards)
    pieces = [FilesPiece(start=part.start, stop=part.stop, digest="") for part in ranges]
    with TemporaryDirectory() as folder:
        placed = keep_names(Path(folder), pieces, found)
        kept = [kept_files(Path(folder), piece) for piece in placed]
    assert [list(files.of_json) for files in kept] == [list(found.of_json[part.start : part.stop]) for part in ranges]
    assert [name for files in kept for name in files.documents] == list(found.documents)
    assert [name for files in kept for name in files.lines] == list(found.lines)
    assert sorted(one for files in kept for one in files.refused) == sorted(found.refused)
