"""What a cell depends on: neither more (or too much is measured again) nor less (or stale numbers stay)."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.workflow.identity import cell_identity, corpus_identity, fingerprint, report_identity

MATRIX = matrix(
    {
        "files": ("item_files", 70),
        "folder": {"kind": "items_directory", "items": 30, "corrupt_share": 0.1},
        "api": ("api", 30),
    },
    small=scenario(arms={"upstream": arm(1, 10, fetcher="stac_manager"), "queue": arm(1, 5, settings=QUEUE)}),
    api=scenario("api", {"direct": arm()}, title="API", server={"think_ms": 5}),
)


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the matrix with one setting (a dotted path) changed."""
    config = copy.deepcopy(MATRIX)
    *parents, last = path.split(".")
    place = config
    for key in parents:
        place = place.setdefault(key, {})
    place[last] = value
    return config


def identities(config: dict[str, Any]) -> dict[tuple[str, str, int], str]:
    """Return the identity of every cell, by scenario, arm and level."""
    settings = load_settings(config)
    return {(cell.scenario, cell.arm, cell.concurrency): cell_identity(settings, cell) for cell in cells(settings)}


SMALL = {("small", "upstream", 1), ("small", "upstream", 10), ("small", "queue", 1), ("small", "queue", 5)}
API = {("api", "direct", 1)}


@pytest.mark.parametrize(
    ("path", "value", "stale"),
    [
        ("scenarios.small.title", "Another", set()),
        ("scenarios.small.group", "another", set()),
        ("scenarios.small.arms.queue.label", "Queue", set()),
        ("results", "elsewhere", set()),
        ("scenarios.small.arms.queue.concurrency", [1, 5, 20], set()),
        ("corpora.folder.items", 31, set()),
        ("remote.max_requests", 9, set()),
        (
            "scenarios.small.arms.queue.settings",
            {"worker_strategy": "semaphore"},
            {("small", "queue", 1), ("small", "queue", 5)},
        ),
        ("scenarios.small.cache", "cold", SMALL),
        ("scenarios.small.pipeline", {"output": "ndjson"}, SMALL),
        ("scenarios.small.sampling", {"budget_seconds": 3}, SMALL),
        ("scenarios.small.baseline.concurrency", 10, SMALL),
        ("corpora.files.items", 71, SMALL),
        ("corpora.api.item_kb", 20, API),
        ("scenarios.api.server.think_ms", 6, API),
        ("scenarios.api.server.rate", {"per_second": 5}, API),
        ("sampling.budget_seconds", 9, SMALL | API),
        ("sampling.pairs.max", 9, SMALL | API),
        ("seed", 5, SMALL | API),
    ],
)
def test_a_change_makes_exactly_its_cells_stale(path: str, value: Any, stale: set[tuple[str, str, int]]) -> None:
    """A changed setting changes the identity of the cells it concerns, and of no other; captions change none."""
    before, after = identities(MATRIX), identities(changed(path, value))
    assert {cell for cell in before if before[cell] != after[cell]} == stale


def test_swapped_values_are_noticed() -> None:
    """Two settings that swap their values are another identity, though the set of values is the same."""
    one = changed("scenarios.api.server", {"think_ms": 5, "jitter_ms": 1})
    other = changed("scenarios.api.server", {"think_ms": 1, "jitter_ms": 5})
    assert identities(one)["api", "direct", 1] != identities(other)["api", "direct", 1]


def test_an_identity_is_canonical() -> None:
    """An identity is JSON with sorted keys, whatever the order of the configuration."""
    turned = dict(reversed(MATRIX.items()))
    assert identities(turned) == identities(MATRIX)
    for identity in identities(MATRIX).values():
        assert json.dumps(json.loads(identity), sort_keys=True, separators=(",", ":")) == identity
        assert len(fingerprint(identity)) == 64


def test_a_corpus_depends_on_its_own_settings() -> None:
    """A corpus's identity changes with its settings and the seed, and not with another corpus's."""
    settings = load_settings(MATRIX)
    assert corpus_identity(settings, "files") == corpus_identity(
        load_settings(changed("corpora.api.items", 9)), "files"
    )
    for path, value in (("corpora.files.items", 9), ("seed", 9)):
        assert corpus_identity(settings, "files") != corpus_identity(load_settings(changed(path, value)), "files")


def test_a_report_depends_on_the_longer_run_beside_it(tmp_path: Path) -> None:
    """Results of `make long` below a run's folder, and other ones later, make the report stale, and no cell."""
    config = {**MATRIX, "results": str(tmp_path)}
    longer, seen = tmp_path / "long/benchmark_results.json", [report_identity(load_settings(config))]
    longer.parent.mkdir()
    for text in ("{}", '{"cells": []}'):
        longer.write_text(text)
        seen.append(report_identity(load_settings(config)))
    assert len({*seen}) == 3
    assert identities(config) == identities(MATRIX)
