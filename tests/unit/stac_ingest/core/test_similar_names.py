"""The name that was meant."""

from __future__ import annotations

from stac_ingest.core.similar_names import did_you_mean, nearest


def test_a_misspelt_name_has_a_nearest_one() -> None:
    """One that is like it is suggested; without one all are listed, in order."""
    assert nearest("limt", ["source", "limit"]) == "limit"
    assert nearest("xyz", ["source", "limit"]) is None
    assert did_you_mean("limt", ["source", "limit"]) == "did you mean limit?"
    assert did_you_mean(5, ["source", "limit"]) == "use one of limit, source"
