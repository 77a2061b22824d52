"""`stac-ingest sync` from the command line, on an API that changes."""

from __future__ import annotations

import json
import time

import pytest
from synced_api import COLLECTION, Truth, served

from stac_ingest.cli.main import main
from synced_output import held


@pytest.fixture
def sync(tmp_path, capsys):
    """Give what runs the command, and returns its exit code and its words."""

    def run(server, *options):
        arguments = ["sync", server.url, "--collection", COLLECTION, "--limit", "50", "--output", str(tmp_path / "out")]
        code = main([*arguments, *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def by_id(items):
    """Return items by id, without what a table doesn't hold."""
    return {item["id"]: (item["properties"], item["geometry"]) for item in items.values()}


@pytest.mark.parametrize("behaviours", [(), ("ignore-filters",)], ids=["by updated", "without updated"])
def test_an_api_that_changes(tmp_path, sync, behaviours):
    """Each run has what the API has: new, changed, moved and gone items, and the manifest counts them."""
    truth = Truth.of_months(6, 20)
    with served(truth, *behaviours) as server:
        assert sync(server)[0] == 0
        assert by_id(held(tmp_path / "out")) == by_id(truth.items)
        truth.now = time.time_ns() // 1000
        truth.put("new", "2020-05-01T00:00:00Z")
        truth.put("m03-003", "2019-04-04T03:00:00Z", cloud=3)
        truth.put("m03-004", "2019-09-01T00:00:00Z")
        del truth.items["m05-001"]
        server.serve(truth.store())
        code, said = sync(server)
        assert code == 0, said
        assert by_id(held(tmp_path / "out")) == by_id(truth.items)
        counts = json.loads((tmp_path / "out/manifest.json").read_bytes())["counts"]
        assert {name: counts[name] for name in ("added", "changed", "moved", "gone", "failures")} == {
            "added": 1,
            "changed": 2,
            "moved": 1,
            "gone": 1,
            "failures": 0,
        }
        assert "requests:" in said
        assert sync(server)[0] == 0
        assert by_id(held(tmp_path / "out")) == by_id(truth.items)


def test_an_api_that_is_gone(tmp_path, sync):
    """An API that doesn't answer ends the run with an error, and all items stay."""
    truth = Truth.of_months(2, 5)
    with served(truth) as server:
        assert sync(server)[0] == 0
    code, said = sync(server, "--retry", "none")
    assert code == 3, said
    assert by_id(held(tmp_path / "out")) == by_id(truth.items)
