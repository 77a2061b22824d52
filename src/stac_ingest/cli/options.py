"""The options of the command."""

from __future__ import annotations

import argparse
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


def build_parser() -> argparse.ArgumentParser:
    """Define the options."""
    parser = Parser(
        prog="stac-ingest",
        description=f"Read STAC items from files or an API and write them as {_written()}. "
        "`stac-ingest check TABLE` says how a table stands, and why; `stac-ingest audit DIR --against SOURCE` whether "
        "items are missing, extra or different.",
        epilog="Exit codes: 0 complete, or the server doesn't count; 1 finished with failures or truncated; "
        "2 wrong settings; 3 the data, the server or the output is at fault; 130 interrupted; "
        "141 whoever read standard output has closed it.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
        help="a file, a folder, a URL of a STAC API or a pgstac, or - for standard input",
    )
    parser.add_argument("--to", type=output_name, choices=list(OUTPUTS), required=True, help="what to write")
    parser.add_argument(
        "--output", metavar="DIR", type=_folder, required=True, help="folder to write to; - is standard output"
    )
    parser.add_argument(
        "--partition",
        choices=("none", "year", "month"),
        help="of sorted-geoparquet: folders by the items' time; of pgstac: how new collections are partitioned",
    )
    parser.add_argument(
        "--database",
        metavar="DSN",
        help="of pgstac: postgresql://user@host/name, without a password; else PGHOST and such",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted run in DIR")
    add_source_options(parser)
    return parser


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Define the options that say what is read, and how."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="settings as YAML, of one run or with a section for each kind of source; options given here win",
    )
    parser.add_argument(
        "--headers-file",
        metavar="FILE",
        help="send these headers to the API, `Name: value` a line (a bearer token may be in STAC_INGEST_TOKEN instead)",
    )
    parser.add_argument(
        "--format",
        choices=("json", "ndjson", "parquet", "catalog"),
        help="what to read files as; else their names tell (catalog: by the links of its documents)",
    )
    parser.add_argument(
        "--hrefs",
        choices=("keep", "absolute"),
        help="relative hrefs, such as ./B04.tif: keep them (the default), though they lead nowhere from DIR; or make "
        "them absolute, from the file or the page that the item came from",
    )
    parser.add_argument(
        "--exact-numbers",
        action=argparse.BooleanOptionalAction,
        help="look for whole numbers beyond 64 bits in every text (the default), or in a sample of them, which is "
        "faster, and rounds one that isn't seen",
    )
    parser.add_argument("--allow-remote", action="store_true", help="ask servers other than this machine's own")

    search = parser.add_argument_group("what to read")
    search.add_argument(
        "--collection", metavar="ID", action="append", help="items of this collection, or of several; else of all"
    )
    search.add_argument("--ids", metavar="ID,ID|@FILE", help="items of these ids; a file has one a line")
    search.add_argument("--bbox", metavar="W,S,E,N", type=_bbox, help="items that reach into this box")
    search.add_argument("--intersects", metavar="GEOJSON|FILE", help="items whose geometry meets this one")
    search.add_argument(
        "--datetime", metavar="INTERVAL", help="items of this time, such as 2024 or 2024-01-01T00:00:00Z/2024-02-01"
    )
    search.add_argument("--filter", metavar="CQL2", help="items of which this holds; a server's job, where it does it")
    search.add_argument("--sortby", metavar="-NAME,NAME", help="of an API: the order, by one cursor")
    search.add_argument("--fields", metavar="NAME,-NAME", help="members of items: these alone, or all without these")
    search.add_argument("--limit", metavar="N", type=int, help="of an API: items a page")
    search.add_argument("--max-items", metavar="N", type=int, help="stop after so many items")

    add_transform_options(parser)
    drive = parser.add_argument_group("how to read it")
    drive.add_argument("--concurrency", metavar="N|auto", type=_level, help="units of work under way at once, 1 to 50")
    drive.add_argument(
        "--strategy", dest="worker_strategy", choices=worker_strategies(), help="how units of work are driven"
    )
    drive.add_argument("--retry", choices=("wait", "none"), help="when a server is busy: wait, or count a failure")
    drive.add_argument("--max-requests", metavar="N", type=int, help="the budget: requests in all")
    drive.add_argument("--requests-per-second", metavar="N", type=float, help="the budget: requests started a second")
    drive.add_argument("--max-in-flight", metavar="N", type=int, help="the budget: requests at once")


def _written() -> str:
    *others, last = [output.label for output in OUTPUTS.values()]
    return f"{', '.join(others)}, or {last}"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line. Wrong options end the process with code 2."""
    return build_parser().parse_args(join_negative(arguments))


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
    return None if text == "-" else Path(text)


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
