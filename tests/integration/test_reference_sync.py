"""The reference job with the real command, at a small size."""

from __future__ import annotations

import pytest

from ingest_bench.reference.least import idle_requests_per_month
from ingest_bench.reference.run import Options, run_reference


@pytest.mark.slow
def test_the_command_keeps_a_mirror_in_step_through_kills(tmp_path):
    """After a first load and an epoch of changes, with a kill in each, the output and its journal are the truth."""
    record = run_reference(Options(tmp_path / "run", items=600, page_items=100, largest_page=1000, epochs=1))
    assert [(epoch.check, epoch.journal) for epoch in record.epochs if not epoch.ok] == []
    assert {epoch.verdict for epoch in record.epochs} == {"complete"}
    assert record.audit.exit_code == 0
    assert idle_requests_per_month(record) <= 2
    assert record.ok
