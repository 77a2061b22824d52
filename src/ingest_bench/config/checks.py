"""What the models of the settings can't see alone: whether the parts of a configuration fit together."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError

from ingest_bench.config.arm import Arm
from ingest_bench.config.corpus_kinds import OPTIONS, kinds_with
from ingest_bench.config.models import Corpus, Scenario, Settings
from ingest_bench.errors import SettingsError
from ingest_bench.results.units import NAME
from stac_ingest.config import IngestConfig
from stac_ingest.core.conversion import adapter
from stac_ingest.core.messages import keys_of, one_line
from stac_ingest.core.similar_names import did_you_mean
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError
from stac_ingest.sources.usable_settings import check_settings

PINNED = (
    *("mode", "source", "source_type", "format", "collection_id", "max_items", "concurrency", "budget", "layout"),
    "searches",
)
"""Settings that follow from the cell, so an arm can't give them."""


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


def check_places(settings: Settings) -> None:
    """Check that the user's files that corpora and scenarios name are here.

    Raises:
        SettingsError: one line that begins with the key.

    """
    for name, corpus in settings.corpora.items():
        if corpus.path is not None:
            path = Path(corpus.path)
            if not path.exists():
                _refuse(f"corpora.{name}.path", f"{path} does not exist")
            if corpus.layout.items and not path.is_dir():
                _refuse(f"corpora.{name}.path", f"{path} is a file; kind: {corpus.kind} takes a folder")
        if corpus.like is not None and not Path(corpus.like).is_file():
            wanted = "name one with STAC items (JSON, NDJSON or GeoParquet)"
            _refuse(f"corpora.{name}.like", f"{corpus.like} is not a file; {wanted}")
    for name, scenario in settings.scenarios.items():
        folder = settings.corpora[scenario.corpus].path
        if folder is not None and scenario.file is not None and not (Path(folder) / scenario.file).is_file():
            _refuse(f"scenarios.{name}.file", f"{scenario.file} is not in {folder}")


def _names_are_plain(key: str, names: Iterable[str]) -> None:
    for name in names:
        if not re.fullmatch(NAME, name):
            _refuse(f"{key}.{name}", "a name is made of a to z, 0 to 9 and _, and begins with a letter")


def _check_corpus(key: str, corpus: Corpus, settings: Settings) -> None:
    _check_generated(key, corpus)
    if corpus.url is not None:
        _check_url(f"{key}.url", corpus.url, settings)


def _check_generated(key: str, corpus: Corpus) -> None:
    for option in OPTIONS:
        if getattr(corpus, option) and option not in corpus.record.options:
            _refuse(f"{key}.{option}", f"belongs to kind: {', '.join(kinds_with(option))}, not to {corpus.kind}")
    if corpus.files is not None and corpus.files > (corpus.items or corpus.files):
        _refuse(
            f"{key}.files",
            f"{corpus.files} is too many for {counted(corpus.items or 0, 'item')}; use at most one file an item",
        )
    for option in OPTIONS:
        if not corpus.generated and getattr(corpus, option):
            _refuse(f"{key}.{option}", "belongs to a generated corpus")


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
    if corpus.simulated and scenario.server is None:
        needed = "is served by the simulator, which needs to know how to behave"
        _refuse(f"{key}.server", f"missing; corpus {scenario.corpus} {needed}")
    if not corpus.simulated and scenario.server is not None:
        _refuse(f"{key}.server", f"belongs to generated corpora of kind: api; {scenario.corpus} is not one")
    if scenario.cache == "cold" and corpus.layout.network:
        _refuse(f"{key}.cache", "cold is a state of files; an API corpus has none")
    if scenario.file is not None:
        _check_file(f"{key}.file", scenario.file, corpus)
    if scenario.of_commands:
        _check_commands(key, scenario, corpus, settings)
    elif scenario.before or scenario.killed:
        _refuse(f"{key}.{'before' if scenario.before else 'killed'}", "belongs to scenarios of whole commands")
    elif scenario.search is not None:
        _refuse(
            f"{key}.search", "belongs to scenarios of whole commands; other ways take bbox and datetime as settings"
        )
    _check_arms(key, scenario, corpus)


def _check_arms(key: str, scenario: Scenario, corpus: Corpus) -> None:
    for name, arm in scenario.arms.items():
        _check_arm(f"{key}.arms.{name}", arm, corpus, searches=scenario.search is not None)
        if arm.skip and scenario.pipeline is None:
            _refuse(f"{key}.arms.{name}.skip", "needs a pipeline in the scenario, to leave a stage of it out")
        if writes := arm.record.writes:
            if arm.skip:
                _refuse(f"{key}.arms.{name}.skip", f"{arm.fetcher} writes what it reads; leave it out")
            if scenario.pipeline is None or scenario.pipeline.output != writes:
                needed = f"pipeline: {{output: {writes}}}"
                _refuse(f"{key}.arms.{name}.fetcher", f"{arm.fetcher} writes {writes}; it needs {needed}")


def _check_commands(key: str, scenario: Scenario, corpus: Corpus, settings: Settings) -> None:
    """Check a scenario of whole commands: nothing can be asked of them but what their arguments say."""
    for name, arm in scenario.arms.items():
        if not arm.record.whole_process:
            whole = "samples of the other arms are whole commands, start-up included; give it a scenario of its own"
            _refuse(f"{key}.arms.{name}.fetcher", f"{arm.fetcher} is timed without its start-up, but {whole}")
    if scenario.pipeline is not None:
        _refuse(f"{key}.pipeline", "belongs to arms that deliver items; a command writes by itself")
    if scenario.before is not None:
        _check_before(f"{key}.before", scenario.before, scenario, settings)
    if corpus.url is not None or corpus.max_items is not None:
        limit = "a command can't be held to max_items, nor to the budget of a server that isn't this machine's own"
        _refuse(f"{key}.corpus", f"{limit}; use another corpus than {scenario.corpus}")


def _check_before(key: str, name: str, scenario: Scenario, settings: Settings) -> None:
    before, now = _known_corpus(key, name, settings), settings.corpora[scenario.corpus]
    if scenario.killed:
        _refuse(key, "the scenario is killed as well; ask one thing at a time")
    if {before.layout.name, now.layout.name} != {"item_files"}:
        _refuse(key, f"both corpora need kind: item_files; {name} is of kind: {before.kind}")


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
        if (other.layout, other.url is None) != (corpus.layout, corpus.url is None):
            _refuse(f"{key}.corpus", f"{baseline.corpus} ({other.kind}) is not of the scenario's kind, {corpus.kind}")


def _check_file(key: str, name: str, corpus: Corpus) -> None:
    part = corpus.record.part
    if part is None:
        _refuse(key, f"picks one file of a GeoParquet corpus; {corpus.kind} has none to pick")
    if Path(name).name != name or name in (".", ".."):
        _refuse(key, f"{name!r} is not a plain file name")
    if corpus.generated:
        known = [part.format(number) for number in range(corpus.files or 0)]
        if name not in known:
            _refuse(key, f"{name} is not a file of the corpus; use {known[0]} to {known[-1]}")


def _check_arm(key: str, arm: Arm, corpus: Corpus, *, searches: bool) -> None:
    layout, readable = corpus.layout, arm.record.reads
    if layout.name not in readable:
        _refuse(f"{key}.fetcher", f"{arm.fetcher} can't read kind: {corpus.kind}; it reads {', '.join(readable)}")
    highest = arm.record.highest(layout.name)
    if max(arm.concurrency) > highest:
        allowed = "does one thing at a time, use [1]" if highest == 1 else f"goes up to {highest}"
        _refuse(
            f"{key}.concurrency",
            f"{arm.concurrency} is not allowed; with kind: {corpus.kind} {arm.fetcher} {allowed}",
        )
    if arm.server is not None and not corpus.simulated:
        _refuse(f"{key}.server", "belongs to generated corpora of kind: api")
    for name in arm.settings:
        if name in PINNED:
            _refuse(f"{key}.settings.{name}", "follows from the corpus and the level; leave it out")
    if arm.record.settings:
        given = {"mode": layout.section.mode, "source": "-", "layout": layout.name, "searches": searches}
        _check_settings(f"{key}.settings", arm.record.settings, arm, given)


def _check_settings(key: str, model: type, arm: Arm, given: dict[str, Any]) -> None:
    for level in arm.concurrency:
        follows = {**given, "concurrency": level}
        known = {name: value for name, value in follows.items() if name in keys_of(model)}
        try:
            made = adapter(model).validate_python({**arm.settings, **known})
            if isinstance(made, IngestConfig):
                check_settings(made)
        except ValidationError as error:
            raise SettingsError(one_line(error, model, key)) from None
        except ConfigurationError as error:
            _refuse(key, str(error))


def _refuse(key: str, message: str) -> NoReturn:
    raise SettingsError(f"{key}: {message}")
