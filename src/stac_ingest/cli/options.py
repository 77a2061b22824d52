"""The options of the command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from stac_ingest.cli.transform_options import add_transform_options
from stac_ingest.outputs import OUTPUTS, output_name
from stac_ingest.strategies import worker_strategies


class Parser(argparse.ArgumentParser):
    """A parser whose errors are a line each."""

    def error(self, message: str) -> NoReturn:
        """Say it in one line; the usage is one `--help` away."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


class OwnHelpParser(Parser):
    """Shows the options of one command alone: those that say how a source is read are the same as of a run."""

    own_help = ""
    """The help as it was before the options of a source were added."""

    def format_help(self) -> str:
        """Return the help."""
        return self.own_help or super().format_help()


class _Version(argparse.Action):
    """Prints the version of the package."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415 - no run needs it

        sys.stdout.write(f"stac-ingest {version('stac-ingest-bench')}\n")
        parser.exit()


class _Short(argparse.HelpFormatter):
    """Keeps the help on one screen: long options don't push what they do to a line of its own."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=29)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """Leave out the choices: they are in the text."""
        if action.choices is not None and action.option_strings:
            name = action.metavar or action.dest.rpartition("_")[2].upper()
            return f"{action.option_strings[0]} {name}"
        return super()._format_action_invocation(action)


def build_parser() -> argparse.ArgumentParser:
    """Define the options."""
    parser = Parser(
        prog="stac-ingest",
        usage="stac-ingest SOURCE --to FORMAT --output DIR [options]\n"
        "       stac-ingest check TABLE                   checks a table against best practices\n"
        "       stac-ingest sync SOURCE --output DIR      mirrors a source: reads only what has changed\n"
        "       stac-ingest audit DIR --against SOURCE    compares an output with its source",
        epilog="Exit codes: 0 complete, or the server doesn't count; 1 finished with failures or truncated; "
        "2 wrong settings; 3 an error of the data, the server or the output; 130 interrupted; "
        "141 the reader of standard output closed it. All settings: docs/ingest.md.",
        allow_abbrev=False,
        formatter_class=_Short,
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        nargs="*",
        help="a file, a folder, their URL, a STAC API, a pgstac database, or - for standard input; also several, a "
        "pattern in quotes, or @FILE with a path a line",
    )
    parser.add_argument(
        "--to", metavar="FORMAT", type=output_name, choices=list(OUTPUTS), required=True, help=", ".join(OUTPUTS)
    )
    parser.add_argument(
        "--output", metavar="DIR", type=_folder, required=True, help="folder to write to; - is standard output"
    )
    parser.add_argument(
        "--partition",
        choices=("none", "year", "month"),
        help="folders (sorted-geoparquet) or tables (pgstac) by time: none, year, month",
    )
    parser.add_argument(
        "--database", metavar="DSN", help="for pgstac: postgresql://user@host/name, without a password; else PGHOST ..."
    )
    parser.add_argument("--resume", action="store_true", help="continue the interrupted run in DIR")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version, and exit")
    add_source_options(parser)
    return parser


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Define the options that say what is read, and how."""
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="YAML file of settings, or with a section for each kind of source"
    )
    parser.add_argument(
        "--headers-file",
        metavar="FILE",
        help="file of HTTP headers for the API, `Name: value` a line (or set STAC_INGEST_TOKEN)",
    )
    parser.add_argument(
        "--format",
        choices=("json", "ndjson", "parquet", "catalog"),
        help="file format, overrides suffixes: json, ndjson, parquet, catalog",
    )
    parser.add_argument(
        "--hrefs",
        choices=("keep", "absolute"),
        help="relative hrefs, such as ./B04.tif: keep them, or make them absolute",
    )
    parser.add_argument(
        "--exact-numbers",
        action=argparse.BooleanOptionalAction,
        help="look for integers beyond 64 bits in every text, not in a sample",
    )
    parser.add_argument("--allow-remote", action="store_true", help="allow requests to other machines")

    search = parser.add_argument_group("filters")
    search.add_argument(
        "--collection", metavar="ID", action="append", help="items of this collection; repeat it for several"
    )
    search.add_argument("--ids", metavar="ID,ID|@FILE", help="items with these ids; a file has one a line")
    search.add_argument("--bbox", metavar="W,S,E,N", type=_bbox, help="items that intersect this box")
    search.add_argument("--intersects", metavar="GEOJSON|FILE", help="items whose geometry intersects this one")
    search.add_argument("--datetime", metavar="INTERVAL", help="items of this time: 2024, or 2024-01-01/2024-02-01")
    search.add_argument("--filter", metavar="CQL2", help="items that match; the server evaluates it if it can")
    search.add_argument("--sortby", metavar="-NAME,NAME", help="sort order, for an API with one cursor")
    search.add_argument("--fields", metavar="NAME,-NAME", help="keep only these members, or all but these (-NAME)")
    search.add_argument("--limit", metavar="N", type=int, help="items per page of an API")
    search.add_argument("--max-items", metavar="N", type=int, help="stop after this many items")

    add_transform_options(parser)
    drive = parser.add_argument_group("reading")
    drive.add_argument("--concurrency", metavar="N|auto", type=_level, help="units of work under way at once, 1 to 50")
    drive.add_argument(
        "--strategy", dest="worker_strategy", choices=worker_strategies(), help=", ".join(worker_strategies())
    )
    drive.add_argument("--retry", choices=("wait", "none"), help="if the server is busy: wait, or none (a failure)")
    drive.add_argument("--max-requests", metavar="N", type=int, help="budget: total requests")
    drive.add_argument("--requests-per-second", metavar="N", type=float, help="budget: requests per second")
    drive.add_argument("--max-in-flight", metavar="N", type=int, help="budget: concurrent requests")


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line. Wrong options end the process with code 2."""
    parser = build_parser()
    if not arguments:
        parser.error("give SOURCE, --to FORMAT and --output DIR")
    options = parser.parse_args(join_negative(arguments))
    # Several are one text for the settings, a line each.
    options.source = "\n".join(options.source) or None
    return options


def join_negative(arguments: Sequence[str]) -> list[str]:
    """`--bbox -10,...` as `--bbox=-10,...`: argparse takes a value that starts with a dash for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in ("--bbox", "--sortby", "--fields") and not argument.startswith("--"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _folder(text: str) -> Path | None:
    """Return the folder, None for standard output. A folder that is called so is `./-`."""
    if text == "-":
        return None
    try:
        return _local(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{error}; give a folder, and copy it from there (stac-ingest sync --copy-to and snakemake ingest write to "
            "stores)"
        ) from None


def path_given(text: str) -> Path:
    """Return the path that an option names, be it as a `file:` URL.

    Raises:
        ArgumentTypeError: it is another URL.

    """
    try:
        return _local(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; copy it here, and give the path of the copy") from None


def _local(text: str) -> Path:
    """Return the path that is given, be it as a `file:` URL; ValueError where it is another URL."""
    refuse_empty(text)
    if ":" not in text:
        return Path(text)
    from stac_ingest.core.file_urls import local_path  # noqa: PLC0415 - most paths have no colon

    return local_path(text)


def refuse_empty(text: str) -> None:
    """Refuse no text at all, as of a variable of the shell that isn't set: it would pass for the folder one is in.

    Raises:
        ArgumentTypeError: there is no text.

    """
    if not text:
        raise argparse.ArgumentTypeError("it is empty; give a path, or . for the folder you are in")


def _bbox(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers separated by commas") from None
    if len(numbers) not in (4, 6):
        raise argparse.ArgumentTypeError(f"{text!r} has {len(numbers)} numbers, not 4 or 6")
    return numbers


def _level(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'auto'") from None
