"""Hashes of which items parts hold, by which the last job tells that no item came twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_ingest.completeness import CompletenessReport
from stac_ingest.core.id_set import Key
from stac_ingest.sharding import Plan, ShardedIngest, ShardReport, key_hashes
from stac_ingest.sharding.key_hashes import KeyHashes, all_differ
from stac_ingest.sharding.manifest import Part, hashes_path
from stac_ingest.sharding.plan import FilesPiece, Shard

KEYS = st.lists(st.tuples(st.sampled_from(["", "c", "d"]), st.text(min_size=1, max_size=2)), unique=True, max_size=6)
INGESTED = CompletenessReport(
    verdict="complete",
    reason="all came",
    interrupted=False,
    source="in",
    collection=None,
    items=0,
    expected=None,
    matched=None,
    max_items=None,
    pages=0,
    requests=0,
    retries=0,
    duplicates=0,
    ingest_failures=0,
    stage_failures=0,
    skipped=0,
    read_again=0,
    dropped=0,
    written=0,
    output={},
    seconds=0.0,
    notes=[],
)


def plan_of(folder: Path, shards: int) -> Plan:
    """Make a plan whose state is in a folder."""
    settings = ShardedIngest.parse({"source": str(folder / "in"), "output": str(folder / "out")})
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    pieces = [FilesPiece(start=number, stop=number + 1, digest="") for number in range(shards)]
    made = [Shard(number=number, expected=1, piece=piece) for number, piece in enumerate(pieces)]
    return Plan(settings=settings, stamp=None, total=None, counts_items=False, shards=made)


def reported(plan: Plan, number: int, keys: list[Key]) -> ShardReport:
    """Write the hashes of a shard's items, and return what it reports; there is no part without items."""
    hashes = KeyHashes()
    hashes.add(keys)
    part = Part(path=f"items/part-{number}.parquet", items=len(keys), bytes=1, sha256="")
    return ShardReport(
        shard=number,
        identity="",
        part=part if keys else None,
        hashes=hashes.write(hashes_path(plan.settings, plan.shards[number])),
        strays=0,
        failures=[],
        host="here",
        started_at=0,
        ended_at=1,
        ingest=INGESTED,
    )


@pytest.fixture(scope="module", params=[1 << 20, 0], ids=["few", "many"])
def few(request: pytest.FixtureRequest) -> int:
    """Compare in the way for few hashes, and in the one for many."""
    return int(request.param)


@given(parts=st.lists(KEYS, max_size=4))
def test_parts_differ_exactly_where_no_item_is_in_two(
    parts: list[list[Key]], few: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Collection and id together tell items apart, in both ways of comparing."""
    plan = plan_of(tmp_path_factory.mktemp("state"), len(parts))
    reports = [reported(plan, number, keys) for number, keys in enumerate(parts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_hashes, "FEW", few)
        assert all_differ(plan, reports) is (len({key for keys in parts for key in keys}) == sum(map(len, parts)))


@pytest.mark.parametrize("how", ["gone", "cut", "other", "not reported"])
def test_hashes_that_are_not_the_shard_s_leave_it_open(how: str, tmp_path: Path) -> None:
    """A file that is gone, cut off or another one, and a report without hashes, vouch for nothing."""
    plan = plan_of(tmp_path, 2)
    reports = [reported(plan, number, [("c", f"{number}")]) for number in range(2)]
    assert all_differ(plan, reports)
    path = hashes_path(plan.settings, plan.shards[1])
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "other":
        path.write_bytes(bytes(8))
    else:
        reports[1] = reports[1].model_copy(update={"hashes": None})
    assert not all_differ(plan, reports)
