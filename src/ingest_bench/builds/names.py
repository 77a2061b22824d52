"""Names of fields that differ between builds, and how a sample of either becomes a record of this build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from ingest_bench.config.matrix import Role
from ingest_bench.errors import MeasurementError
from ingest_bench.results.models import Digest, Sample
from stac_ingest.core.messages import one_line

SideName = Literal["base", "this"]
SIDES: tuple[SideName, SideName] = ("base", "this")
ROLES: dict[SideName, Role] = {"base": "baseline", "this": "candidate"}
"""As samples name the sides."""

SYNONYMS = (
    ("peak_rss_mb", "peak_rss_mib"),
    ("start_rss_mb", "start_rss_mib"),
    ("residue", "content_class"),
)
"""A field a line: its names in samples' results and descriptions, oldest first. This build has one of each line."""


def name_among(field: str, names: Iterable[str]) -> str | None:
    """Give the name that a field of this build has among those of another; None: it has none."""
    line = next((line for line in SYNONYMS if field in line), (field,))
    return next((name for name in line if name in set(names)), None)


def as_sample(result: Mapping[str, Any], side: SideName, pair: int) -> Sample:
    """Read a sample's result, whichever build wrote it; fields that this build doesn't know are left out.

    Raises:
        MeasurementError: a field that every sample has is missing.

    """
    known = _renamed(result, Sample.model_fields)
    known["digest"] = _renamed(known.get("digest") or {}, Digest.model_fields)
    try:
        return Sample.model_validate({**known, "role": ROLES[side], "pair": pair})
    except ValidationError as error:
        raise MeasurementError(f"a sample of the {side} build can't be read: {one_line(error, Sample)}") from None


def _renamed(theirs: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Give values under the names of this build's fields."""
    names = {field: name_among(field, theirs) for field in fields}
    return {field: theirs[name] for field, name in names.items() if name is not None}
