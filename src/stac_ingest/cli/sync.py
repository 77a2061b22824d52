"""`stac-ingest sync`: its options, and what they come to."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.cli.options import OwnHelpParser, add_source_options, join_negative, refuse_empty
from stac_ingest.cli.streams import say
from stac_ingest.core.file_urls import path_of_file_url
from stac_ingest.core.fresh_process import go_on_as_fresh, taken_over
from stac_ingest.core.own_process import is_own_process
from stac_ingest.core.text import counted
from stac_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from stac_ingest.sync.handed_over import HandedOver
    from stac_ingest.sync.plan import SyncPlan
    from stac_ingest.sync.settings import SyncSettings

_OWN = ("partition", "gone", "look_back", "grace", "copy_to", "ids_only", "allow_empty", "verify")


def build_parser() -> argparse.ArgumentParser:
    """Define the options."""
    parser = OwnHelpParser(
        prog="stac-ingest sync",
        description="Mirror a source as a folder of GeoParquet. Each further run reads only what is new or changed, "
        "and removes what is gone.",
        epilog="The options of stac-ingest for reading SOURCE apply (--collection, --bbox, --datetime, --where, "
        "--config, --headers-file, --concurrency, --allow-remote ...); those that select items must not change between "
        "runs. Exit codes: 0 complete; 1 something could not be read or written; 2 wrong settings; 3 the source can't "
        "be read, or the output can't be written; 130 interrupted: run it again to resume.",
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="SOURCE", nargs="*", help="as for stac-ingest, except standard input")
    parser.add_argument("--output", metavar="DIR", type=_folder, required=True, help="the folder of the mirror")
    parser.add_argument(
        "--partition",
        choices=("month", "year", "cell"),
        help="folders by time or place (default: month); set by the first run",
    )
    parser.add_argument(
        "--gone",
        choices=("remove", "keep", "mark"),
        help="items that are gone from the source: remove them (default), keep them as they are, or mark "
        "them with the property deprecated",
    )
    parser.add_argument(
        "--look-back",
        metavar="DAYS",
        type=float,
        help="for an API: look for changes from this long before the last run",
    )
    parser.add_argument(
        "--grace", metavar="HOURS", type=float, help="how long replaced files stay for their readers (default: 24)"
    )
    parser.add_argument(
        "--copy-to", metavar="URL", help="keep a copy for readers in step, too: a prefix such as s3://bucket/mirror/"
    )
    parser.add_argument(
        "--ids-only", action="store_true", help="for an API that doesn't tell what has changed: compare only ids"
    )
    parser.add_argument(
        "--allow-empty",
        action="store_true",
        help="remove all items if the source is empty; otherwise that is an error",
    )
    parser.add_argument("--verify", action="store_true", help="read everything, even if it seems unchanged")
    parser.add_argument("--dry-run", action="store_true", help="show what would be read, and write nothing")
    parser.own_help = parser.format_help()
    add_source_options(parser)
    return parser


def run_sync_command(arguments: Sequence[str]) -> int:
    """Sync, print what has changed, and return the exit code.

    Raises:
        ConfigurationError: a setting is wrong. Nothing was written.
        DataProcessingError: the source can't be read, or the output can't be written.

    """
    before = taken_over(_handed_over)
    if before is not None:
        settings, is_dry = before.as_settings, False
    else:
        options = build_parser().parse_args(join_negative(arguments))
        options.source = "\n".join(options.source) or None
        settings, is_dry = settings_of(options), options.dry_run
    from stac_ingest.cli.progress import ProgressLine  # noqa: PLC0415 - who asks for help needs none of it
    from stac_ingest.core.text import printable  # noqa: PLC0415 - same
    from stac_ingest.sync.run import plan_only, run_sync  # noqa: PLC0415 - same
    from stac_ingest.sync.words import result_in_words  # noqa: PLC0415 - same

    line = ProgressLine(sys.stderr, lambda: 0)

    def progress(what: str, count: int) -> None:
        line.step(f"{what}: {count:,}" if count else what)

    try:
        if is_dry:
            lines, code = list(_plan_in_words(plan_only(settings, progress))), 0
        else:
            # Once at most: where a fresh process has to read all again, others would, too.
            renew = go_on_as_fresh if before is None and is_own_process() else None
            result = run_sync(settings, progress, renew=renew, before=before)
            lines, code = list(result_in_words(result, settings.output)), 0 if result.is_complete else 1
    finally:
        line.clear()
    say(map(printable, lines))
    return code


def _handed_over(text: bytes) -> HandedOver | None:
    """Read what the process was handed over before it went on as a fresh one."""
    from stac_ingest.sync.handed_over import taken  # noqa: PLC0415 - who asks for help needs none of it

    return taken(text)


def _folder(text: str) -> Path:
    """Return the folder that is given, be it as a `file:` URL. Another URL is refused by the settings."""
    refuse_empty(text)
    try:
        return Path(path_of_file_url(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def settings_of(options: argparse.Namespace) -> SyncSettings:
    """Read the settings.

    Args:
        options: as `build_parser` defines them; the source is one text, with several in a line each.

    Raises:
        ConfigurationError: one of them is wrong.

    """
    from pydantic import ValidationError  # noqa: PLC0415 - who asks for help needs none of it

    from stac_ingest.cli.settings import read_settings  # noqa: PLC0415 - same
    from stac_ingest.core.messages import all_in_one_line  # noqa: PLC0415 - same
    from stac_ingest.sources.kind import STDIN  # noqa: PLC0415 - same
    from stac_ingest.sources.usable_settings import check_output  # noqa: PLC0415 - same
    from stac_ingest.sync.settings import SyncSettings  # noqa: PLC0415 - same

    if options.max_items is not None:
        raise ConfigurationError("--max-items: a sync looks at all items; leave it out")
    config = read_settings(options)
    if config.source == STDIN:
        raise ConfigurationError(
            "SOURCE: a sync reads its source on every run, which standard input doesn't allow; save it to a file"
        )
    if config.max_items is not None:
        raise ConfigurationError("max_items: a sync looks at all items; leave it out")
    if not config.is_remote:
        check_output(config.source, options.output)
    if options.copy_to is not None and not options.allow_remote:
        _refuse_remote_copy(options.copy_to)
    given = {name: value for name in _OWN if (value := getattr(options, name)) not in (None, False)}
    try:
        return SyncSettings(
            source=config.given(),
            transforms=None if options.transforms is None else options.transforms.given(),
            output=options.output,
            **given,
        )
    except ValidationError as error:
        raise ConfigurationError(all_in_one_line(error, SyncSettings)) from None


def _refuse_remote_copy(url: str) -> None:
    from stac_ingest.http.urls import hostname, is_loopback, not_allowed  # noqa: PLC0415 - few have a copy
    from stac_ingest.stores.urls import server_of, store_kind  # noqa: PLC0415 - same

    if store_kind(url) is not None and not is_loopback(server := server_of(url)):
        raise ConfigurationError(f"--copy-to: {not_allowed(hostname(server))}")


def _plan_in_words(plan: SyncPlan) -> Iterator[str]:
    items = sum(task.expected or 0 for task in plan.tasks)
    expected = f", about {counted(items, 'item')}" if items else ""
    yield f"would read: {counted(len(plan.tasks), 'task')}{expected}; planning took {counted(plan.requests, 'request')}"
    yield from (f"note: {note}" for note in plan.notes)
    for what in plan.unverified:
        yield f"not verified: {what}"
