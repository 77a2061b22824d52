"""The command line as settings, over those of a file."""

from __future__ import annotations

import argparse
from typing import Any

from stac_ingest.cli.config_file import by_name, settings_from
from stac_ingest.cli.transform_options import read_transforms
from stac_ingest.config import MODEST_BUDGET, IngestConfig
from stac_ingest.errors import ConfigurationError
from stac_ingest.http.credentials import TOKEN_VARIABLE
from stac_ingest.http.urls import display, holds_credentials, hostname, is_loopback, not_allowed
from stac_ingest.outputs import check_settings
from stac_ingest.sources.kind import KINDS, database_kind, is_stored, is_url, is_web_catalog, mode_of, not_read

_CATALOG = KINDS["catalog"].format
_NAMES = (
    "ids",
    "bbox",
    "intersects",
    "datetime",
    "filter",
    "sortby",
    "fields",
    "limit",
    "max_items",
    "concurrency",
    "worker_strategy",
    "retry",
    "headers_file",
    "format",
    "hrefs",
    "exact_numbers",
)
"""Settings that options give; what isn't given is left to the file, or the defaults."""
OUTPUT = "output"
"""Where a file of settings has those of the output."""
_OF_OUTPUT = ("partition", "database")


def read_settings(options: argparse.Namespace) -> IngestConfig:
    """Take the settings of the file, overlaid with those of the command line.

    Those of the transforms and of the output are no settings of the ingest: they become `options.transforms` and
    `options.output_settings`.

    Raises:
        ConfigurationError: a setting is wrong, or the source is remote and `--allow-remote` is missing.

    """
    settings = settings_from(options.config, options.source) if options.config else {}
    options.transforms = read_transforms(settings, options)
    options.output_settings = _output_settings(settings, options)
    only = options.format or settings.get("format")
    if options.source is not None:
        _refuse_unread(options.source, only)
        if _is_web(options.source) and holds_credentials(options.source):
            raise ConfigurationError(
                f"SOURCE: {display(options.source, source=True)} is given with credentials, which other users "
                f"can see; put them into {TOKEN_VARIABLE} or a file for --headers-file, or SOURCE into one for --config"
            )
        if database_kind(options.source):
            _refuse_password(options.source, "SOURCE", "SOURCE")
        settings["source"] = options.source
        settings.pop("mode", None)
    if "source" not in settings:
        raise ConfigurationError("SOURCE is missing: give a path or the URL of an API")
    settings.setdefault("mode", mode_of(str(settings["source"]), only))
    # What is called complete isn't rounded without a word.
    settings.setdefault("exact_numbers", True)
    settings |= {name: value for name in _NAMES if (value := getattr(options, name)) is not None}
    if options.collection is not None:
        several = len(options.collection) > 1
        settings |= {"collection_id": None if several else options.collection[0]}
        settings |= {"collections": options.collection if several else None}
    if options.allow_remote and settings["mode"] != "api":
        settings["allow_remote"] = True
    source = str(settings["source"])
    _refuse_unread(source, only)
    asked = _asked(source)
    remote = asked is not None and not is_loopback(asked)
    if asked is not None and remote and not options.allow_remote:
        raise ConfigurationError(not_allowed(hostname(asked)))
    is_file = settings["mode"] == "file" and only != _CATALOG and not is_web_catalog(source)
    budget = _budget(settings.get("budget"), options, remote=remote and not is_file)
    if budget:
        settings["budget"] = budget
    if settings["mode"] == "api":
        from stac_ingest.api.pasted import with_pasted  # noqa: PLC0415 - files don't need it

        settings = with_pasted(settings, IngestConfig.names(), "collection_id")
    return IngestConfig.parse(settings)


def _asked(source: str) -> str | None:
    """Return the URL of the server that a source is asked of; None where it is a path."""
    if not is_stored(source):
        return source if _is_web(source) else None
    from stac_ingest.stores.urls import server_of  # noqa: PLC0415 - others don't need it

    return server_of(source)


def _output_settings(settings: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Take the settings of the output out of those of a file, overlaid by those of the command line."""
    found = settings.pop(OUTPUT, None) or {}
    if "to" not in options:
        return {}  # an audit reads alone
    by_name(found, OUTPUT)
    given = {name: value for name in _OF_OUTPUT if (value := getattr(options, name)) is not None}
    check_settings(options.to, found | given)
    if options.database is not None:
        _refuse_password(options.database, "--database", f"{OUTPUT}: database")
    return found | given


def _refuse_password(dsn: str, option: str, setting: str) -> None:
    from stac_ingest.outputs.pgstac.database import has_password  # noqa: PLC0415 - few runs have a database

    if has_password(dsn):
        raise ConfigurationError(
            f"{option} is given with a password, which other users of this machine can see; put it into PGPASSWORD, "
            f"~/.pgpass or a file for --config ({setting})"
        )


def _is_web(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _refuse_unread(source: str, only: str | None) -> None:
    if is_url(source) and only != _CATALOG and (why := not_read(source)) is not None:
        raise ConfigurationError(why)


def describe_budget(config: IngestConfig) -> str:
    """Say in words what may be asked of the server."""
    budget = config.budget
    return (
        f"budget for {hostname(config.source)}: at most {budget.max_requests or 'any number of'} requests, "
        f"{budget.requests_per_second or 'any number'} a second, {budget.max_in_flight or config.workers} at once"
    )


def _budget(given: Any, options: argparse.Namespace, *, remote: bool) -> Any:
    if given is not None and not isinstance(given, dict):
        return given
    requested = {name: value for name in MODEST_BUDGET if (value := getattr(options, name)) is not None}
    return {**(MODEST_BUDGET if remote else {}), **(given or {}), **requested}
