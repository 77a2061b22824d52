"""The table of commands, and what they share: exit codes and options."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

OK, FAILED, BAD_SETTINGS = 0, 1, 2
REGRESSION, BAD_INPUT = FAILED, BAD_SETTINGS

Run: TypeAlias = Callable[[Namespace], int | None]
"""Does the work, given the options; returns the exit code, None for `OK`."""
Option: TypeAlias = tuple[Sequence[str], dict[str, Any]]
"""The arguments of `ArgumentParser.add_argument`."""


class Command(NamedTuple):
    """A command of `python -m ingest_bench`."""

    name: str
    help: str
    """One line, for the list of commands."""
    description: str | None
    """For the command's own `--help`, where there is more to say."""
    options: tuple[Option, ...]
    run: Run


COMMANDS: list[Command] = []
"""All of them: each module of commands adds its own when it is imported."""


def option(*names: str, **settings: Any) -> Option:
    """Describe an option, as `ArgumentParser.add_argument` takes it."""
    return names, settings


def path(*names: str, default: str | None = None, text: str = "", **settings: Any) -> Option:
    """Describe an option that is a path; its help gives the text, and the default where there is one."""
    shown = f"{text} (default: {default})".strip() if default else text
    return option(*names, type=Path, default=Path(default) if default else None, help=shown or None, **settings)


def command(name: str, text: str, *options: Option, description: str | None = None) -> Callable[[Run], Run]:
    """Add the decorated function to `COMMANDS`.

    Args:
        name: of the command.
        text: what it does, in one line.
        options: of the command.
        description: what its own help says instead.

    """

    def add(run: Run) -> Run:
        COMMANDS.append(Command(name, text, description, options, run))
        return run

    return add
