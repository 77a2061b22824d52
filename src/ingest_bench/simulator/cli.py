"""The command line of the server. What serves is imported when it serves, so that `--help` costs nothing."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from ingest_bench.simulator.options import Options, PagingName, RetryAfter
from ingest_bench.system.renamed_options import RenamedFlag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the server's options to a command."""
    parser.add_argument(
        "corpus",
        type=Path,
        metavar="CORPUS_DIR",
        help="folder with collection.json and items.ndjson, or with generated.json, whose items are made on request",
    )
    parser.add_argument("--port", type=_whole(0), default=0, help="on 127.0.0.1; 0, the default, takes a free one")
    parser.add_argument(
        "--paging", choices=get_args(PagingName), default="token", help="how pages are named (default: %(default)s)"
    )
    parser.add_argument(
        "--think-ms",
        type=_amount,
        default=0,
        help="think time of each request on top of its service, mean (default: 0)",
    )
    parser.add_argument(
        "--jitter-ms", type=_amount, default=0, help="standard deviation of the think time (default: 0)"
    )
    parser.add_argument("--slots", type=_whole(1), help="requests worked on at once, after thinking; others wait")
    parser.add_argument(
        "--service-ms", type=_amount, default=0, help="how long a request keeps its slot (default: 0; needs --slots)"
    )
    parser.add_argument(
        "--max-page", type=_whole(1), default=1000, help="a larger limit is clamped to this (default: %(default)s)"
    )
    parser.add_argument("--rate", type=_rate, help="requests a second that are allowed on average; more get a 429")
    parser.add_argument(
        "--burst", type=_whole(1), default=1, help="requests allowed at once after a pause (default: 1)"
    )
    parser.add_argument(
        "--retry-after",
        choices=get_args(RetryAfter),
        default="seconds",
        help="form of the header (default: %(default)s)",
    )
    parser.add_argument(
        "--no-counts", dest="counts", action="store_false", help="leave numberMatched out, as many servers do"
    )
    parser.add_argument(
        "--rewrite-links",
        action="store_true",
        help="have the links of items lead to this server; validators want it, but items then differ from the corpus",
    )
    parser.add_argument("--own-links", action=RenamedFlag, current="--rewrite-links", dest="rewrite_links", value=True)
    parser.add_argument(
        "--behaviour",
        action="append",
        default=[],
        dest="behaviours",
        metavar="NAME[=VALUE][@SHARE]",
        help="a fault or a habit of real servers, of all requests or a seeded share of them; may be given more than "
        "once; see --list-behaviours",
    )
    parser.add_argument(
        "--list-behaviours", action=_ListBehaviours, help="say what each behaviour is, and what its value means"
    )
    parser.add_argument("--seed", type=_whole(0), default=0, help="of think times and tokens (default: 0)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write a line of JSON for each request")
    parser.add_argument("--exit-on-stdin-close", action="store_true", help="end when standard input does")
    parser.add_argument(
        "--with-parent",
        action=RenamedFlag,
        current="--exit-on-stdin-close",
        dest="exit_on_stdin_close",
        value=True,
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM, SIGINT or, if requested, the end of standard input; print a line of JSON when ready.

    Returns:
        0, once the server has ended.

    Raises:
        MeasurementError: the corpus can't be served, or the port is taken.
        SettingsError: an option can't be used here.

    """
    from ingest_bench.simulator.service import serve  # noqa: PLC0415 - see above

    given = {name: getattr(arguments, name) for name in Options.__slots__ if hasattr(arguments, name)}
    serve(Options(**{**given, "behaviours": tuple(arguments.behaviours)}))
    return 0


class _ListBehaviours(argparse.Action):
    """Prints the list and ends, as `--help` does."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse names it
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ingest_bench.simulator.faults.registry import describe  # noqa: PLC0415 - see above

        sys.stdout.write(describe())
        parser.exit()


def _whole(minimum: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if (value := int(text)) < minimum:
            raise argparse.ArgumentTypeError(f"{text} is less than {minimum}")
        return value

    read.__name__ = "whole number"  # for argparse to say what a text is not
    return read


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def _rate(text: str) -> float:
    if (value := _amount(text)) == 0:
        raise argparse.ArgumentTypeError("leave it out to allow everything")
    return value
