"""The settings of a sync as `--config` of Snakemake has them: the options of `stac-ingest sync` by their names.

`--look-back 3 --allow-remote` is `look_back=3 allow_remote=true`. What an option means, allows and refuses is the
command's own: its parser reads the values.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest_bench.workflow.given_settings import SYNC, truth
from stac_ingest.cli.sync import build_parser, settings_of
from stac_ingest.core.similar_names import did_you_mean, nearest
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sharding.settings import too_many_jobs
from stac_ingest.sync.settings import SyncSettings

AT_ONCE = 2
"""Jobs that ask one API at the same time, where nobody says otherwise."""
_OWN = ("jobs", "items_per_job")
_OTHER_NAMES = {"collections": "collection", "worker_strategy": "strategy"}
"""Names that an ingest in shards has for options of the command."""
_TOLD = {"dry_run": "give --dry-run to snakemake, or to `stac-ingest sync`, which says what would be read"}
"""What to do in place of an option of the command."""


@dataclass(frozen=True)
class SyncByJobs:
    """A sync that jobs do."""

    settings: SyncSettings
    jobs: int | None
    """That read at the same time; None for as many as there may be."""


def sync_by_jobs(given: Mapping[str, Any]) -> SyncByJobs:
    """Read the settings of a sync.

    Args:
        given: settings by name, as they were written.

    Raises:
        ConfigurationError: naming the setting, what was found and what to do.

    """
    given = {name: value for name, value in given.items() if value is not None}
    jobs, items = (_count(name, given[name]) if name in given else None for name in ("jobs", "items_per_job"))
    options = _options({name: value for name, value in given.items() if name not in _OWN})
    with in_words_of_config():
        settings = settings_of(options)
        config = settings.config
    if items is not None:
        settings = settings.model_copy(update={"task_items": items})
    limit = config.budget.max_in_flight
    if config.mode == "api":
        if problem := too_many_jobs(jobs, limit):
            raise ConfigurationError(problem)
        jobs = jobs or min(AT_ONCE, limit or AT_ONCE)
    return SyncByJobs(settings, jobs)


@contextmanager
def in_words_of_config() -> Iterator[None]:
    """Have errors of the block name settings as `--config` has them, and not options of the command."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(_in_words_of_config(str(error))) from error
    except DataProcessingError as error:
        raise DataProcessingError(_in_words_of_config(str(error))) from error


def _in_words_of_config(text: str) -> str:
    actions = {f"--{name.replace('_', '-')}": action for name, action in _actions().items()}

    def key(found: re.Match[str]) -> str:
        action = actions.get(found[0])
        if action is None:
            return found[0]
        return f"{found[0][2:].replace('-', '_')}={'true' if action.nargs == 0 else '...'}"

    if re.match(r"SOURCE\b", text):
        text = f"source{text.removeprefix('SOURCE')}"
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*[a-z]", key, text)


def _options(given: Mapping[str, Any]) -> argparse.Namespace:
    actions = _actions()
    options = argparse.Namespace(**{action.dest: action.default for action in actions.values()})
    options.source = options.output = None
    for given_name, value in given.items():
        name = _OTHER_NAMES.get(given_name, given_name)
        if name == "source":
            options.source = "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value) or None
        elif name in _TOLD:
            raise ConfigurationError(f"{name}: {_TOLD[name]}")
        elif name not in actions:
            names = {*actions, *_OTHER_NAMES, *_OWN, SYNC, "source"} - {*_TOLD}
            raise ConfigurationError(f"{given_name}: unknown key; {did_you_mean(given_name, names)}")
        else:
            _give(options, given_name, name, actions[name], value)
    if options.output is None:
        raise ConfigurationError("output: missing; it has to be given")
    return options


def _give(options: argparse.Namespace, given_name: str, name: str, action: argparse.Action, value: Any) -> None:
    """Do what an option of the command does."""
    parser = _parser()
    if action.nargs == 0:
        is_on, option = truth(given_name, value), f"--{name.replace('_', '-')}"
        negated = next((one for one in action.option_strings if one.startswith("--no-")), None)
        if is_on or negated:
            action(parser, options, None, option if is_on else negated)
        return
    if isinstance(action, argparse._AppendAction):  # noqa: SLF001 - nothing else tells those that may be given again
        for each in _each(given_name, value):
            action(parser, options, _read(given_name, action, each), None)
    elif isinstance(value, dict):
        setattr(options, action.dest, value)
    else:
        text = ",".join(map(_text, value)) if isinstance(value, list | tuple) else _text(value)
        action(parser, options, _read(given_name, action, text), None)


def _each(name: str, value: Any) -> list[str]:
    """Return the values of an option that may be given again."""
    if isinstance(value, dict):
        return [f"{key}={_text(one)}" for key, one in value.items()]
    if isinstance(value, list | tuple):
        return [_text(one) for one in value]
    return _text(value).split(",") if name == "collections" else [_text(value)]


def _read(name: str, action: argparse.Action, text: str) -> Any:
    """Return what an option makes of a text.

    Raises:
        ConfigurationError: it isn't allowed.

    """
    if action.choices is not None and text not in action.choices:
        allowed = [*map(str, action.choices)]
        near = nearest(text, allowed)
        hint = f"; did you mean {near}?" if near else ""
        raise ConfigurationError(f"{name}: {text!r:.60} is not allowed; use {', '.join(allowed)}{hint}")
    make: Callable[[str], Any] = action.type if callable(action.type) else str
    try:
        return make(text)
    except argparse.ArgumentTypeError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    except ValueError:
        raise ConfigurationError(f"{name}: {text!r:.60} is not allowed; use a number") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _count(name: str, value: Any) -> int:
    try:
        count = int(_text(value))
    except ValueError:
        count = 0
    if count < 1:
        raise ConfigurationError(f"{name}: {value!r:.60} is not allowed; use a whole number from 1 on")
    return count


@cache
def _parser() -> argparse.ArgumentParser:
    return build_parser()


@cache
def _actions() -> dict[str, argparse.Action]:
    """Return the options of the command by the names that they have here."""
    found = {}
    for action in _parser()._actions:  # noqa: SLF001 - a parser tells its options nowhere else
        names = [one[2:].replace("-", "_") for one in action.option_strings if one.startswith("--")]
        if names and names[0] != "help":
            found[names[0]] = action
    return found
