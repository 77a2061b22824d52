"""The settings of an ingest as they were written, on Snakemake's command line or in a file.

Snakemake makes numbers and truth values of a command line's texts, and YAML does it by other rules: `collection=007`
comes as 7 and 7, `010` as 10 and 8, `1e3` as 1000.0 and text, and numbers inside of `query` as text and numbers. So the
texts themselves are taken, by the same rules from both, and the model of the settings says what they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stac_ingest.core.similar_names import nearest
from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.sharding.settings import ShardedIngest
from stac_ingest.sources.kind import KINDS, kind_of

SYNC = "sync"
"""The setting that asks for a sync."""
_OF_VALUES = frozenset({"query", "intersects", "filter", "where"})
"""Settings that may be objects of JSON, with numbers as numbers; all else is text until the model has read it."""
_TEMPLATED = "__use_yte__"
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def as_written(settings: Mapping[str, Any], arguments: Iterable[str], files: Iterable[str | Path]) -> dict[str, Any]:
    """Return settings as they were written.

    Args:
        settings: as Snakemake has read them.
        arguments: of `--config`, as typed: `name=value`.
        files: the configuration files, the last of which wins.

    Raises:
        ConfigurationError: a value is one that JSON hasn't, such as a date that isn't in quotes.

    """
    texts = {**_of_files(files, settings), **_of_arguments(arguments)}
    return {name: _value(name, texts[name], found) if name in texts else found for name, found in settings.items()}


def of_section(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of an ingest with those of the section that fits its source, where a file has sections.

    What is given beside them wins.

    Raises:
        ConfigurationError: there is no section for the source.

    """
    sections = {name: value for name, value in settings.items() if name in KINDS and isinstance(value, Mapping)}
    rest = {name: value for name, value in settings.items() if name not in sections}
    source = rest.get("source")
    if not sections or not isinstance(source, str):
        return rest
    try:
        kind = kind_of(source).name
    except (IngestError, OSError) as error:
        raise ConfigurationError(f"source: {error}") from None
    if kind not in sections:
        raise ConfigurationError(f"no section {kind}, which {source} needs; the file has {', '.join(sections)}")
    # How a source is read follows from the source itself.
    return {**{name: value for name, value in sections[kind].items() if name != "mode"}, **rest}


def matrix_keys(given: Iterable[str]) -> set[str]:
    """Return which keys of a configuration that asks for an ingest are a matrix's all the same."""
    others = {*given} - ShardedIngest.model_fields.keys() - {SYNC}
    if not others:
        return set()
    # Loads all that a matrix can hold, which an ingest that is asked for plainly does without.
    from ingest_bench.config.models import Settings  # noqa: PLC0415

    return others & Settings.model_fields.keys()


def is_sync(settings: Mapping[str, Any]) -> bool:
    """Say whether settings ask for a sync, and not for an ingest in shards.

    Raises:
        ConfigurationError: they don't say it plainly.

    """
    for name in settings:
        if name != SYNC and nearest(name, [SYNC]):
            raise ConfigurationError(f"{name}: unknown key; did you mean {SYNC}?")
    return truth(SYNC, settings.get(SYNC) or "false")


def truth(name: str, value: Any) -> bool:
    """Return what a setting says that is on or off.

    Raises:
        ConfigurationError: it says something else.

    """
    found = _TRUTHS.get(str(value).lower())
    if found is None:
        raise ConfigurationError(f"{name}: {value!r:.60} is not allowed; use true or false")
    return found


def _of_arguments(arguments: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    given = (argument.partition("=") for argument in arguments)
    # Snakemake takes off quotes that the shell has left.
    return {name: _read(text.strip("'\"")) for name, _, text in given}


def _read(text: str) -> tuple[Any, Any]:
    """Return a text as YAML understands it, and with all that isn't a list or a mapping left as text."""
    try:
        return yaml.safe_load(text), yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError):
        return text, text


def _of_files(files: Iterable[str | Path], settings: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # Snakemake has told what is wrong with it
        understood, plain = _read(text)
        if isinstance(understood, dict) and isinstance(plain, dict) and _TEMPLATED not in understood:
            found |= {name: (understood[name], plain[name]) for name in understood.keys() & plain.keys()}
    # What a workflow has set by itself is none of the files'.
    return {name: both for name, both in found.items() if name in settings and both[0] == settings[name]}


def _value(name: str, both: tuple[Any, Any], found: Any) -> Any:
    understood, plain = both
    if name in _OF_VALUES and isinstance(understood, dict | list):
        return _json(name, understood)
    if understood is None or found is None:
        return None
    return understood if isinstance(understood, str) else plain


def _json(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name}: holds a value that JSON hasn't ({error}); put text into quotes") from None
