"""What the models of the settings can't see alone: whether the parts of a configuration fit together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError

from ingest_bench.arms.base import ADAPTIVE, CHECKPOINTS, PARSE_ONLY, READ_ONLY, SHARDED
from ingest_bench.errors import SettingsError
from ingest_bench.settings import NAME, Arm, Corpus, Scenario, Settings
from stac_ingest.config import IngestConfig
from stac_ingest.core.messages import did_you_mean, one_line

JSON_FILES = ("item_files", "items_directory")
KINDS = {
    "ingest": (*JSON_FILES, "geoparquet", "api"),
    ADAPTIVE: ("api",),
    READ_ONLY: (*JSON_FILES, "geoparquet", "api"),
    PARSE_ONLY: (*JSON_FILES, "api"),
    "upstream": (*JSON_FILES, "geoparquet"),
    "aiofiles": JSON_FILES,
    "process_pool": JSON_FILES,
    "pystac_client": ("api",),
    **dict.fromkeys(CHECKPOINTS, ("item_files",)),
    SHARDED: (*JSON_FILES, "geoparquet"),
}
"""The kinds of corpus that each fetcher can read."""

ONE_THREAD = (PARSE_ONLY, *CHECKPOINTS)

PINNED = ("mode", "source", "source_type", "format", "collection_id", "max_items", "concurrency", "budget")
"""Settings of an ingest that follow from the cell, so an arm can't give them."""


def check(settings: Settings) -> None:
    """Check that names are known, and that corpora, arms and scenarios fit each other.

    Raises:
        SettingsError: one line that begins with the key.

    """
    _names_are_plain("corpora", settings.corpora)
    _names_are_plain("scenarios", settings.scenarios)
    for name, corpus in settings.corpora.items():
        _check_corpus(f"corpora.{name}", corpus, settings)
    for name, scenario in settings.scenarios.items():
        _check_scenario(f"scenarios.{name}", scenario, settings)


def _names_are_plain(key: str, names: Iterable[str]) -> None:
    for name in names:
        if not re.fullmatch(NAME, name):
            _refuse(f"{key}.{name}", "a name is made of a to z, 0 to 9 and _, and begins with a letter")


def _check_corpus(key: str, corpus: Corpus, settings: Settings) -> None:
    if corpus.broken and corpus.kind != "items_directory":
        _refuse(f"{key}.broken", f"belongs to kind: items_directory, not to {corpus.kind}")
    if corpus.crowded and corpus.kind != "api":
        _refuse(f"{key}.crowded", f"belongs to kind: api, not to {corpus.kind}")
    if corpus.files is not None and corpus.kind != "geoparquet":
        _refuse(f"{key}.files", f"belongs to kind: geoparquet, not to {corpus.kind}")
    if corpus.files is not None and corpus.files > (corpus.items or corpus.files):
        _refuse(f"{key}.files", f"{corpus.files} files for {corpus.items} items; use at most one file an item")
    for option in ("broken", "crowded", "files"):
        if not corpus.generated and getattr(corpus, option):
            _refuse(f"{key}.{option}", "belongs to a generated corpus")
    if corpus.path is not None:
        _check_path(f"{key}.path", Path(corpus.path), corpus)
    if corpus.url is not None:
        _check_url(f"{key}.url", corpus.url, settings)


def _check_path(key: str, path: Path, corpus: Corpus) -> None:
    if not path.exists():
        _refuse(key, f"{path} does not exist")
    if corpus.kind in JSON_FILES and not path.is_dir():
        _refuse(key, f"{path} is a file; kind: {corpus.kind} takes a folder")


def _check_url(key: str, url: str, settings: Settings) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        _refuse(key, f"{url!r} is not the http or https address of an API")
    if not settings.remote.allow:
        _refuse(key, f"asks a server ({parts.hostname}) that is not this workflow's own; set remote.allow to permit it")


def _check_scenario(key: str, scenario: Scenario, settings: Settings) -> None:
    _names_are_plain(f"{key}.arms", scenario.arms)
    corpus = _known_corpus(f"{key}.corpus", scenario.corpus, settings)
    _check_baseline(f"{key}.baseline", scenario, corpus, settings)
    _check_server(f"{key}.server", scenario, corpus)
    if scenario.cache == "cold" and corpus.kind == "api":
        _refuse(f"{key}.cache", "cold is a state of files; an API corpus has none")
    if scenario.file is not None:
        _check_file(f"{key}.file", scenario.file, corpus)
    for name, arm in scenario.arms.items():
        _check_arm(f"{key}.arms.{name}", arm, corpus)
        if arm.leaves_out and scenario.pipeline is None:
            _refuse(f"{key}.arms.{name}.leaves_out", "needs a pipeline in the scenario, to leave a stage of it out")
        if arm.leaves_out and arm.fetcher == SHARDED:
            _refuse(f"{key}.arms.{name}.leaves_out", "sharded writes what it reads; leave it out")
        if arm.fetcher == SHARDED and (scenario.pipeline is None or scenario.pipeline.output != "geoparquet"):
            _refuse(f"{key}.arms.{name}.fetcher", "sharded writes GeoParquet; it needs pipeline: {output: geoparquet}")


def _known_corpus(key: str, name: str, settings: Settings) -> Corpus:
    if name not in settings.corpora:
        _refuse(key, f"{name} is not one of the corpora; {did_you_mean(name, settings.corpora)}")
    return settings.corpora[name]


def _check_baseline(key: str, scenario: Scenario, corpus: Corpus, settings: Settings) -> None:
    baseline = scenario.baseline
    if baseline.arm not in scenario.arms:
        _refuse(
            f"{key}.arm", f"{baseline.arm} is not an arm of this scenario; {did_you_mean(baseline.arm, scenario.arms)}"
        )
    levels = scenario.arms[baseline.arm].concurrency
    if baseline.concurrency not in levels:
        allowed = ", ".join(map(str, levels))
        _refuse(f"{key}.concurrency", f"{baseline.concurrency} is not a level of arm {baseline.arm}; use {allowed}")
    if baseline.corpus is not None:
        other = _known_corpus(f"{key}.corpus", baseline.corpus, settings)
        if (other.kind, other.url is None) != (corpus.kind, corpus.url is None):
            _refuse(f"{key}.corpus", f"{baseline.corpus} ({other.kind}) is not of the scenario's kind, {corpus.kind}")


def _check_server(key: str, scenario: Scenario, corpus: Corpus) -> None:
    simulated = corpus.kind == "api" and corpus.url is None
    if simulated and scenario.server is None:
        _refuse(key, f"missing; corpus {scenario.corpus} is served by the simulator, which needs to know how to behave")
    if not simulated and scenario.server is not None:
        _refuse(key, f"belongs to generated corpora of kind: api; {scenario.corpus} is not one")


def _check_file(key: str, name: str, corpus: Corpus) -> None:
    if corpus.kind != "geoparquet":
        _refuse(key, f"picks one file of a GeoParquet corpus; {corpus.kind} has none to pick")
    if Path(name).name != name or name in (".", ".."):
        _refuse(key, f"{name!r} is not a plain file name")
    if corpus.generated:
        known = [f"part-{number:05}.parquet" for number in range(corpus.files or 0)]
        if name not in known:
            _refuse(key, f"{name} is not a file of the corpus; use {known[0]} to {known[-1]}")
    elif not (Path(corpus.path or "") / name).is_file():
        _refuse(key, f"{name} is not in {corpus.path}")


def _check_arm(key: str, arm: Arm, corpus: Corpus) -> None:
    kinds = KINDS[arm.fetcher]
    if corpus.kind not in kinds:
        _refuse(f"{key}.fetcher", f"{arm.fetcher} can't read kind: {corpus.kind}; it reads {', '.join(kinds)}")
    alone = arm.fetcher == "pystac_client" or (arm.fetcher == "upstream" and corpus.kind == "geoparquet")
    if alone and arm.concurrency != [1]:
        _refuse(
            f"{key}.concurrency",
            f"{arm.concurrency} is not allowed; {arm.fetcher} reads one page or file at a time, use [1]",
        )
    if arm.fetcher in ONE_THREAD and arm.concurrency != [1]:
        _refuse(f"{key}.concurrency", f"{arm.concurrency} is not allowed; {arm.fetcher} is one thread's work, use [1]")
    if arm.server is not None and (corpus.kind != "api" or corpus.url is not None):
        _refuse(f"{key}.server", "belongs to generated corpora of kind: api")
    for name in arm.settings:
        if name in PINNED:
            _refuse(f"{key}.settings.{name}", "follows from the corpus and the level; leave it out")
        if arm.fetcher == "pystac_client" and name != "limit":
            _refuse(f"{key}.settings.{name}", "unknown key; pystac_client takes limit")
    _check_ingest_settings(f"{key}.settings", arm, corpus)


def _check_ingest_settings(key: str, arm: Arm, corpus: Corpus) -> None:
    mode = "api" if corpus.kind == "api" else "file"
    for level in arm.concurrency:
        try:
            IngestConfig.model_validate({**arm.settings, "mode": mode, "source": "-", "concurrency": level})
        except ValidationError as error:
            raise SettingsError(one_line(error, IngestConfig, key)) from None


def _refuse(key: str, complaint: str) -> NoReturn:
    raise SettingsError(f"{key}: {complaint}")
