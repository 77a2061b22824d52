"""How samples of builds with other names of fields become records of this build."""

from __future__ import annotations

from typing import Any

import pytest

from ingest_bench.arms.base import ArmSpec
from ingest_bench.builds.records import SYNONYMS, as_sample, name_among
from ingest_bench.errors import MeasurementError
from ingest_bench.harness.spec import SampleSpec
from ingest_bench.results.models import Digest, Sample

OLDEST: dict[str, Any] = {
    "started_at": 1.0,
    "wall_s": 2.0,
    "cpu_user_s": 1.5,
    "cpu_system_s": 0.25,
    "peak_rss_mib": 64.0,
    "start_rss_mib": 32.0,
    "first_item_s": 0.1,
    "items": 3,
    "failures": 0,
    "digest": {"count": 3, "ids": "ab", "content_class": 5, "content": "cd"},
}
"""What a sample of 95c5d0d says, shortened."""


def names_of_this_build() -> set[str]:
    """Return the names of all fields that samples of this build read or write."""
    spec = SampleSpec(ArmSpec("ingest", "item_files", ""), None, 0)
    return {*Sample.model_fields, *Digest.model_fields, *spec.__slots__}


def test_this_build_has_one_name_of_each_line() -> None:
    """A field that is renamed shows here until the table has its new name, and a name can't be in use twice."""
    for line in SYNONYMS:
        assert len(names_of_this_build() & set(line)) == 1


@pytest.mark.parametrize("age", [0, -1])
def test_a_sample_is_read_under_any_of_its_names(age: int) -> None:
    """The oldest and the newest names of fields give the same record, and what is unknown here is left out."""
    renamed = {line[0]: line[age] for line in SYNONYMS}
    digest = {renamed.get(name, name): value for name, value in OLDEST["digest"].items()}
    result = {renamed.get(name, name): value for name, value in OLDEST.items()} | {"digest": digest, "modules": ["x"]}
    sample = as_sample(result, "base", 4).model_dump()
    peak, content = (name_among(name, names_of_this_build()) for name in ("peak_rss_mib", "content_class"))
    assert (sample["role"], sample["pair"], sample[peak], sample["digest"][content]) == ("baseline", 4, 64.0, 5)
    assert "modules" not in sample


def test_a_missing_field_is_named() -> None:
    """A build whose samples lack what every sample has is refused by name, not taken for zero."""
    with pytest.raises(MeasurementError, match="the base build can't be read: wall_s: missing"):
        as_sample({name: value for name, value in OLDEST.items() if name != "wall_s"}, "base", 0)
