"""From a configuration to cells, and what is said about a configuration that can't be used."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from factories import QUEUE, arm, matrix, scenario
from ingest_bench.config.matrix import cells, find_cell, load_settings
from ingest_bench.errors import SettingsError

ROOT = Path(__file__).resolve().parents[4]

GOOD = matrix(
    {
        "files": ("item_files", 20),
        "more_files": ("item_files", 40),
        "folder": {"kind": "items_directory", "items": 20, "corrupt_share": 0.1},
        "parquet": {"kind": "geoparquet", "items": 20, "files": 2},
        "api": ("api", 20),
    },
    small=scenario(
        arms={"upstream": arm(1, 10, fetcher="stac_manager"), "queue": arm(5, 10, settings=QUEUE, label="Queue!")}
    ),
    one_file=scenario("parquet", file="part-00001.parquet", title="One", group="parquet"),
    growth=scenario(
        "more_files",
        {"direct": arm()},
        baseline={"arm": "direct", "corpus": "files"},
        sampling={"budget_seconds": 3},
    ),
    small_api=scenario(
        "api",
        {"client": arm(fetcher="pystac_client", settings={"limit": 50}), "direct": arm(1, 4)},
        title="API",
        group="api",
        server={"think_ms": 5},
    ),
)

REMOVED = "removed"
"""In place of a value: the setting is left out."""


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the good configuration with one setting (a dotted path) changed or removed."""
    config = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    place = config
    for key in parents:
        place = place.setdefault(key, {})
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return config


def test_cells_are_every_arm_at_every_level() -> None:
    """Each scenario has a cell for each level of each arm, in the order of the configuration."""
    planned = [(cell.scenario, cell.arm, cell.concurrency) for cell in cells(load_settings(GOOD))]
    assert planned == [
        ("small", "upstream", 1),
        ("small", "upstream", 10),
        ("small", "queue", 5),
        ("small", "queue", 10),
        ("one_file", "sequential", 1),
        ("growth", "direct", 1),
        ("small_api", "client", 1),
        ("small_api", "direct", 1),
        ("small_api", "direct", 4),
    ]


def test_null_cells_are_the_baseline_against_itself() -> None:
    """Only a cell with the baseline's arm, level and corpus is a null cell: growth against another corpus has none."""
    null = {(cell.scenario, cell.arm, cell.concurrency) for cell in cells(load_settings(GOOD)) if cell.is_null_cell}
    assert null == {("small", "upstream", 1), ("one_file", "sequential", 1), ("small_api", "client", 1)}


def test_a_cell_names_its_corpora_and_its_file() -> None:
    """A growth cell needs both corpora, and the file of a cell tells scenario, arm and level."""
    settings = load_settings(GOOD)
    growth = find_cell(settings, "growth", "direct", 1)
    assert list(growth.corpora) == ["more_files", "files"]
    assert growth.file == "cells/growth/direct-1.json"
    assert find_cell(settings, "small", "queue", 5).corpora == {"files": settings.corpora["files"]}


def test_a_label_defaults_to_the_arms_name() -> None:
    """What the report calls an arm is its label, or its name in words."""
    settings = load_settings(changed("scenarios.small.arms.at_once", {"concurrency": [2]}))
    assert find_cell(settings, "small", "queue", 5).label == "Queue!"
    assert find_cell(settings, "small", "at_once", 2).label == "at once"


def test_a_scenario_may_have_sampling_of_its_own() -> None:
    """A scenario's own sampling stands in for the general one."""
    settings = load_settings(GOOD)
    assert find_cell(settings, "growth", "direct", 1).sampling.budget_seconds == 3
    assert find_cell(settings, "small", "queue", 5).sampling.budget_seconds == 10


def test_a_cell_that_is_not_there_is_named() -> None:
    """Asking for a level that the matrix doesn't have is an error of the settings."""
    with pytest.raises(SettingsError, match=r"scenarios\.small\.arms\.queue.*7"):
        find_cell(load_settings(GOOD), "small", "queue", 7)


def test_settings_are_read_from_a_file(tmp_path: Path) -> None:
    """A YAML file gives the same settings as the parsed configuration."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(GOOD))
    assert load_settings(path) == load_settings(GOOD)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("- a", "list"),
        ("", "NoneType"),
        (None, "can't be read"),
        (b"\xff\xfe\xfa", "can't be read"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, text: str | bytes | None, words: str) -> None:
    """A file that is missing, damaged or holds something else is told in one line."""
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_the_shipped_configuration_is_good() -> None:
    """`config.yaml` plans its cells, a null cell for each scenario but those about growth."""
    planned = cells(load_settings(ROOT / "config.yaml"))
    with_null = {cell.scenario for cell in planned if cell.is_null_cell}
    assert {cell.scenario for cell in planned} - with_null == {
        "large_collection_files",
        "large_collection_api",
        "crowded_api",
    }


SMALL, API, ONE = "scenarios.small", "scenarios.small_api", "scenarios.one_file"

BAD = [
    ("seeds", 1, "seeds: unknown key; did you mean seed?"),
    ("seed", "many", "seed: 'many' is not allowed"),
    ("sampling.pairs", {"min": 10, "max": 5}, "sampling.pairs: max must be at least min (10)"),
    ("sampling.pair", {}, "sampling.pair: unknown key; did you mean pairs?"),
    ("sampling.confidence", 95, "sampling.confidence: 95 is not allowed; use less than 1"),
    ("corpora.files.kind", "item_file", "corpora.files.kind: 'item_file' is not allowed"),
    ("corpora.files.kind", "item_file", "did you mean item_files?"),
    ("corpora.files.items", REMOVED, "corpora.files: a generated corpus needs items"),
    ("corpora.files.item_kb", 7, "corpora.files.item_kb: 7 is not allowed; use 5 or 20"),
    (
        "corpora.files.corrupt_share",
        0.5,
        "corpora.files.corrupt_share: belongs to kind: items_directory, not to item_files",
    ),
    ("corpora.files.files", 5, "corpora.files.files: belongs to kind: geoparquet, not to item_files"),
    ("corpora.parquet.files", 21, "corpora.parquet.files: 21 is too many for 20 items"),
    ("corpora.Files", {"kind": "api", "items": 1}, "corpora.Files: a name is made of a to z"),
    ("corpora", {"../etc": {"kind": "api", "items": 1}}, "corpora.../etc: a name is made of a to z"),
    ("corpora.files", {"kind": "item_files", "path": "/no/such"}, "corpora.files.path: /no/such does not exist"),
    ("corpora.files", {"kind": "item_files", "path": __file__}, "is a file; kind: item_files takes a folder"),
    (
        "corpora.api",
        {"kind": "api", "url": "https://a.test", "collection": "c"},
        "corpora.api.url: asks a server (a.test)",
    ),
    ("corpora.api", {"kind": "api", "url": "file:///etc", "collection": "c"}, "corpora.api.url: 'file:///etc' is not"),
    (f"{SMALL}.corpus", "fils", f"{SMALL}.corpus: fils is not one of the corpora; did you mean files?"),
    (f"{SMALL}.title", REMOVED, f"{SMALL}.title: missing"),
    (f"{SMALL}.cache", "hot", f"{SMALL}.cache: 'hot' is not allowed; use 'warm' or 'cold'"),
    (f"{SMALL}.file", "a.json", f"{SMALL}.file: picks one file of a GeoParquet corpus"),
    (f"{SMALL}.server", {}, f"{SMALL}.server: belongs to generated corpora of kind: api; files is not one"),
    (
        f"{SMALL}.baseline.arm",
        "upsteam",
        f"{SMALL}.baseline.arm: upsteam is not an arm of this scenario; did you mean upstr",
    ),
    (f"{SMALL}.baseline.concurrency", 3, f"{SMALL}.baseline.concurrency: 3 is not a level of arm upstream; use 1, 10"),
    (
        f"{SMALL}.baseline.corpus",
        "nowhere",
        f"{SMALL}.baseline.corpus: nowhere is not one of the corpora; use one of api",
    ),
    (
        f"{SMALL}.baseline.corpus",
        "api",
        f"{SMALL}.baseline.corpus: api (api) is not of the scenario's kind, item_files",
    ),
    (f"{SMALL}.arms.Queue-2", {"concurrency": [1]}, f"{SMALL}.arms.Queue-2: a name is made of a to z"),
    (f"{SMALL}.arms.queue.concurrency", 5, f"{SMALL}.arms.queue.concurrency: 5 is not allowed; use a valid list"),
    (f"{SMALL}.arms.queue.concurrency", [], f"{SMALL}.arms.queue.concurrency: [] is not allowed"),
    (f"{SMALL}.arms.queue.concurrency", [0], f"{SMALL}.arms.queue.concurrency: 0 is not allowed; use 1 to 50"),
    (f"{SMALL}.arms.queue.concurrency", [51], f"{SMALL}.arms.queue.concurrency: 51 is not allowed; use 1 to 50"),
    (f"{SMALL}.arms.queue.concurrency", [5, 5], f"{SMALL}.arms.queue.concurrency: a level is given twice"),
    (f"{SMALL}.arms.queue.concurency", [5], f"{SMALL}.arms.queue.concurency: unknown key; did you mean concurrency?"),
    (
        f"{SMALL}.arms.queue.fetcher",
        "rustac",
        "'rustac' is not allowed; use one of adaptive, aiofiles, checkpoint, checkpoint_reopened, command, ingest, ",
    ),
    (
        f"{SMALL}.arms.queue.fetcher",
        "pystac_client",
        f"{SMALL}.arms.queue.fetcher: pystac_client can't read kind: item_files",
    ),
    (
        f"{SMALL}.arms.shards",
        {"fetcher": "sharded", "concurrency": [1]},
        "sharded writes geoparquet; it needs pipeline: {output: geoparquet}",
    ),
    (f"{SMALL}.arms.upstream.settings", {"limit": 5}, f"{SMALL}.arms.upstream: fetcher stac_manager takes no settings"),
    (
        f"{SMALL}.arms.queue.settings",
        {"worker_stratgy": "queue"},
        "settings.worker_stratgy: unknown key; did you mean worker_s",
    ),
    (f"{SMALL}.arms.queue.settings", {"worker_strategy": "quue"}, "settings.worker_strategy: 'quue' is not allowed"),
    (
        f"{SMALL}.arms.queue.settings",
        {"worker_strategy": "time_chunks"},
        f"{SMALL}.arms.queue.settings: worker_strategy 'time",
    ),
    (f"{SMALL}.arms.queue.settings", {"source": "x"}, f"{SMALL}.arms.queue.settings.source: follows from the corpus"),
    (f"{SMALL}.arms.queue.settings", {"budget": {}}, f"{SMALL}.arms.queue.settings.budget: follows from the corpus"),
    (f"{SMALL}.arms.queue.settings", {"limit": 50}, f"{SMALL}.arms.queue.settings: limit: for an API alone"),
    (
        f"{ONE}.file",
        "part-00002.parquet",
        f"{ONE}.file: part-00002.parquet is not a file of the corpus; use part-00000",
    ),
    (f"{ONE}.file", "../part-00000.parquet", f"{ONE}.file: '../part-00000.parquet' is not a plain file name"),
    (f"{ONE}.arms.pool", {"fetcher": "process_pool", "concurrency": [1]}, "process_pool can't read kind: geoparquet"),
    (
        f"{ONE}.arms.up",
        {"fetcher": "stac_manager", "concurrency": [2]},
        f"{ONE}.arms.up.concurrency: [2] is not allowed",
    ),
    (f"{API}.server", REMOVED, f"{API}.server: missing; corpus api is served by the simulator"),
    (f"{API}.server.think", 5, f"{API}.server.think: unknown key; did you mean think_ms?"),
    (f"{API}.server.rate", {"burst": 5}, f"{API}.server.rate.per_second: missing"),
    (f"{SMALL}.arms.queue.skip", "output", f"{SMALL}.arms.queue.skip: needs a pipeline in the scenario"),
    (f"{API}.group", "the api", f"{API}.group: 'the api' is not allowed; use text of the form ^[a-z]"),
    (f"{API}.cache", "cold", f"{API}.cache: cold is a state of files"),
    (f"{API}.arms.client.concurrency", [1, 2], f"{API}.arms.client.concurrency: [1, 2] is not allowed"),
    (f"{API}.arms.client.settings", {"read_ahead": True}, f"{API}.arms.client.settings.read_ahead: unknown key"),
    (f"{API}.arms.direct.fetcher", "stac_manager", f"{API}.arms.direct.fetcher: stac_manager can't read kind: api"),
    (f"{API}.arms.direct.settings", {"limit": 0}, f"{API}.arms.direct.settings.limit: 0 is not allowed"),
]


@pytest.mark.parametrize(("path", "value", "complaint"), BAD, ids=[f"{path}={value!r:.30}" for path, value, _ in BAD])
def test_a_bad_setting_is_named_in_one_line(path: str, value: Any, complaint: str) -> None:
    """The error is one line that holds the key, what was found and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        load_settings(changed(path, value))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_further_faults_are_counted() -> None:
    """Of several faults the first is told, and how many there are besides."""
    config = changed("seeds", 1)
    config["samplin"] = {}
    with pytest.raises(SettingsError, match=r"\(and 1 more\)$"):
        load_settings(config)


def test_leave_to_ask_other_servers_is_explicit() -> None:
    """An API of the user's own is accepted once `remote.allow` is given, and then needs no simulator."""
    config = changed("corpora.api", {"kind": "api", "url": "https://stac.example/v1", "collection": "c"})
    config["remote"] = {"allow": True}
    with pytest.raises(SettingsError, match=r"small_api\.server: belongs to generated corpora"):
        load_settings(config)
    del config["scenarios"]["small_api"]["server"]
    assert load_settings(config).corpora["api"].url == "https://stac.example/v1"
