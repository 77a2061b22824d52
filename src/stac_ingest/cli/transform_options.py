"""The options that say what becomes of items between reading and writing them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.pipeline import Modifier
    from stac_ingest.transforms import FilterItems, TransformSettings

SETTING = "transforms"
"""Where a file of settings has them."""
_OPTIONS = {
    "where": "--where",
    "rename_properties": "--rename-property",
    "drop_properties": "--drop-property",
    "set_properties": "--set-property",
}


def add_transform_options(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    group = parser.add_argument_group("transforms (applied in this order; can be repeated)")
    group.add_argument(
        "--where",
        metavar="EXPRESSION",
        help="keep items that match this CQL2, such as '\"eo:cloud_cover\" < 10'",
    )
    group.add_argument(
        "--rename-property", metavar="OLD=NEW", dest="rename_properties", action="append", help="rename a property"
    )
    group.add_argument(
        "--drop-property", metavar="NAME", dest="drop_properties", action="append", help="remove a property"
    )
    group.add_argument(
        "--set-property",
        metavar="NAME=JSON",
        dest="set_properties",
        action="append",
        help="set a property on every item; quote text as in JSON",
    )


def read_transforms(settings: dict[str, Any], options: argparse.Namespace) -> TransformSettings | None:
    """Take the transforms out of the settings of a file, overlaid by those of the command line; None without any.

    Raises:
        ConfigurationError: one of them is wrong.

    """
    found = settings.pop(SETTING, None)
    given = {name: value for name in _OPTIONS if (value := getattr(options, name)) is not None}
    if not found and not given:
        return None
    from stac_ingest.transforms import TransformSettings  # noqa: PLC0415 - most runs have none

    if found is not None:
        from stac_ingest.cli.config_file import by_name  # noqa: PLC0415 - `--help` reads no file

        by_name(found, SETTING)
    for name in ("rename_properties", "set_properties"):
        if name in given:
            given[name] = _pairs(name, given[name])
    return TransformSettings.parse({**(found or {}), **given})


def modifiers_of(settings: TransformSettings | None) -> tuple[FilterItems | None, list[Modifier]]:
    """Make the modifiers of a run; the first of the two is the one of `where`, which is among the others.

    Raises:
        ConfigurationError: a setting can't be used.

    """
    if settings is None:
        return None, []
    from stac_ingest.transforms.modifiers import modifiers_of as of_settings  # noqa: PLC0415 - same

    return of_settings(settings)


def _pairs(name: str, texts: list[str]) -> dict[str, Any]:
    option, pairs = _OPTIONS[name], dict[str, Any]()
    for text in texts:
        key, sign, value = text.partition("=")
        if not key or not sign or not value:
            form = "NAME=JSON" if name == "set_properties" else "OLD=NEW"
            raise ConfigurationError(f"{option}: {text!r:.60} is not of the form {form}")
        if key in pairs:
            raise ConfigurationError(f"{option}: {key!r:.60} is given twice")
        pairs[key] = _json(option, key, value) if name == "set_properties" else value
    return pairs


def _json(option: str, key: str, text: str) -> Any:
    import orjson  # noqa: PLC0415 - few ask for it

    from stac_ingest.core.long_numbers import has_long_number  # noqa: PLC0415 - same

    try:
        value = orjson.loads(text)
    except ValueError:
        raise ConfigurationError(
            f"{option}: the value of {key!r:.60} is not JSON: {text!r:.60}; put text into double quotes"
        ) from None
    if has_long_number(f" {text}".encode()):
        raise ConfigurationError(f"{option}: the value of {key!r:.60} has a whole number of 19 digits or more")
    return value
