"""`stac-ingest audit`: its options, and what they come to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stac_ingest.cli.options import OwnHelpParser, add_source_options, join_negative, path_given
from stac_ingest.cli.streams import say
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.audit.inventories import Inventory
    from stac_ingest.audit.run import RepairTask
    from stac_ingest.audit.task import AuditTask
    from stac_ingest.config import IngestConfig

_CHECKPOINTS = ".checkpoints"
_COLLECTIONS = ("collection_id", "collections")
_OF_ITEMS = ("ids", "bbox", "intersects", "datetime", "query", "filter", "fields")
"""Settings that say what is compared, of both sides the same."""
_ID_FIELDS = {"include": ["id", "collection"], "exclude": list[str]()}
_WITHOUT_INVENTORY = ("ids", "bbox", "intersects", "datetime", "filter", "fields", "transforms")
"""What is given of items, which an inventory has none of."""


def build_parser() -> argparse.ArgumentParser:
    """Define the options."""
    parser = OwnHelpParser(
        prog="stac-ingest audit",
        description="Compare a folder of items with its source, and name what is missing, extra or different.",
        epilog="The options of stac-ingest for reading SOURCE apply (--collection, --bbox, --datetime, --where, "
        "--config, --headers-file, --concurrency, --allow-remote ...); those that select items apply to both sides. "
        "Exit codes: 0 nothing differs; 1 something differs, or could not be compared; 2 wrong settings; 3 a side "
        "can't be read, or the output can't be written; 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder", metavar="DIR", type=path_given, help="an output of stac-ingest, or other files of items"
    )
    parser.add_argument(
        "--against",
        metavar="SOURCE|INVENTORY",
        required=True,
        help="the reference: a source of items (a file, a folder, an API); or a list of ids: a text file with one a "
        "line, CSV with the columns collection,id, a table of these in Parquet, the manifest.json of an S3 Inventory",
    )
    parser.add_argument("--ids-only", action="store_true", help="compare only ids, not contents")
    parser.add_argument(
        "--key-pattern",
        metavar="REGEX",
        help="pattern of ids in keys of an S3 Inventory, such as '(?P<collection>[^/]+)/(?P<id>[^/]+)/(?P=id).json$'; "
        "else an id is the last part of a key without its ending",
    )
    parser.add_argument(
        "--report", metavar="FILE", type=path_given, help="file for the differences (default: audit.ndjson in DIR)"
    )
    parser.add_argument("--repair", action="store_true", help="add what is missing, and replace what is different")
    parser.add_argument("--remove-extra", action="store_true", help="with --repair: also remove what is extra")
    parser.add_argument("--source", metavar="SOURCE", help="with --repair and an inventory: where the items are")
    parser.own_help = parser.format_help()
    add_source_options(parser)
    return parser


def run_audit_command(arguments: Sequence[str]) -> int:
    """Audit, print the report, and return the exit code.

    Raises:
        ConfigurationError: a setting is wrong. Nothing was written.
        DataProcessingError: the report, or the output, can't be written.

    """
    options = build_parser().parse_args(join_negative(arguments))
    _check(options)
    import asyncio  # noqa: PLC0415 - who asks for help needs none of it

    from stac_ingest.audit.run import run_audit  # noqa: PLC0415 - same
    from stac_ingest.cli.progress import ProgressLine  # noqa: PLC0415 - same
    from stac_ingest.core.text import printable  # noqa: PLC0415 - same

    task, repair = _tasks(options)
    progress = ProgressLine(sys.stderr, lambda: 0)
    try:
        result = asyncio.run(
            run_audit(
                task, repair, lambda what, count: progress.step(f"{what}: {counted(count, 'item')}" if count else what)
            )
        )
    finally:
        progress.clear()
    say(map(printable, result.lines()))
    return result.exit_code


def _check(options: argparse.Namespace) -> None:
    if options.max_items is not None:
        raise ConfigurationError("--max-items: an audit looks at all items")
    for name in ("remove_extra", "source"):
        if getattr(options, name) and not options.repair:
            raise ConfigurationError(f"--{name.replace('_', '-')}: goes with --repair")


def _tasks(options: argparse.Namespace) -> tuple[AuditTask, RepairTask | None]:
    from stac_ingest.audit.findings import NAME  # noqa: PLC0415 - same
    from stac_ingest.audit.inventories import inventory_of  # noqa: PLC0415 - same
    from stac_ingest.audit.run import RepairTask  # noqa: PLC0415 - same
    from stac_ingest.audit.task import AuditTask  # noqa: PLC0415 - who asks for help needs none of it
    from stac_ingest.cli.transform_options import modifiers_of  # noqa: PLC0415 - same
    from stac_ingest.config import IngestConfig  # noqa: PLC0415 - same

    inventory = inventory_of(options.against, options.key_pattern)
    if inventory is None and options.source:
        raise ConfigurationError("--source: goes with an inventory; items come from what --against names")
    options.source = options.source if inventory is not None else options.against
    config = _config(options, inventory)
    if options.repair and config is not None and config.fields is not None:
        raise ConfigurationError(
            "--fields: a repair would put items of these fields in the place of whole ones; leave it out, or ingest "
            "the source anew"
        )
    against = inventory or config
    assert against is not None, "without an inventory there is a source"
    _, modifiers = modifiers_of(options.transforms)
    _check_transforms(options)
    # An API is asked for ids alone where it knows how to; what is missing is fetched by these then.
    by_ids = inventory is None and config is not None and config.mode == "api" and options.ids_only
    if by_ids and isinstance(against, IngestConfig) and against.fields is None and not modifiers:
        against = against.replace(fields=_ID_FIELDS)
    task = AuditTask(
        output=_output(options, config),
        against=against,
        report=options.report or (options.folder if options.folder.is_dir() else options.folder.parent) / NAME,
        ids_only=options.ids_only,
        modifiers=modifiers,
        keep=options.repair and inventory is None and not by_ids,
    )
    if not options.repair:
        return task, None
    source = config if inventory is not None or by_ids else None
    return task, RepairTask(folder=options.folder, remove_extra=options.remove_extra, source=source)


def _config(options: argparse.Namespace, inventory: Inventory | None) -> IngestConfig | None:
    """Read the settings of the source; None where there is none, but an inventory alone."""
    from stac_ingest.cli.settings import read_settings  # noqa: PLC0415 - who asks for help needs none of it

    if inventory is None or options.source is not None:
        config = read_settings(options)
    else:
        config, options.transforms = None, None
    given = [name for name in _WITHOUT_INVENTORY if getattr(options, name, None) is not None]
    if inventory is not None and given:
        raise ConfigurationError(f"{', '.join(given)}: {inventory.label} has ids alone, by which no items are selected")
    return config


def _output(options: argparse.Namespace, config: IngestConfig | None) -> IngestConfig:
    """Return the settings by which the output is read."""
    from stac_ingest.config import IngestConfig  # noqa: PLC0415 - who asks for help needs none of it
    from stac_ingest.sources import check_path  # noqa: PLC0415 - same

    given: dict[str, Any] = {}
    if config is not None:
        given = {name: getattr(config, name) for name in (*_COLLECTIONS, *_OF_ITEMS)}
    elif options.collection is not None:
        given = (
            {"collections": options.collection} if options.collection[1:] else {"collection_id": options.collection[0]}
        )
    output = IngestConfig.parse(
        {"mode": "file", "source": str(options.folder), "exact_numbers": True}
        | {name: value for name, value in given.items() if value is not None}
    )
    check_path(output)
    return output


def _check_transforms(options: argparse.Namespace) -> None:
    """Refuse to compare items with those that went through other transforms.

    Raises:
        ConfigurationError: the output's runs had others.

    """
    mark = "" if options.transforms is None else options.transforms.mark
    for path in options.folder.glob(f"{_CHECKPOINTS}/*/*.transforms"):
        if path.read_text(encoding="utf-8", errors="replace") != mark and not options.ids_only:
            raise ConfigurationError(
                f"the items in {options.folder} went through transforms (--where, --rename-property, --drop-property, "
                "--set-property); give the same ones for the comparison"
            )
