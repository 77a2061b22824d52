"""Options and commands with a new name: the old one is understood for one more release, and names the new one."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any


class RenamedFlag(argparse.Action):
    """The old name of a flag that takes no value. `--help` doesn't show it."""

    def __init__(self, option_strings: Sequence[str], dest: str, *, current: str, value: bool) -> None:
        """Create the old name.

        Args:
            option_strings: the old name.
            dest: the attribute that the flag sets.
            current: the new name.
            value: what the flag sets.

        """
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        self._current, self._value = current, value

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse hands it over
        namespace: argparse.Namespace,
        values: Any,  # noqa: ARG002 - same
        option_string: str | None = None,
    ) -> None:
        """Set the attribute, with a note on standard error."""
        note_new_name(str(option_string), self._current)
        setattr(namespace, self.dest, self._value)


def note_new_name(old: str, current: str) -> None:
    """Print one line on standard error that names the new spelling."""
    sys.stderr.write(f"{old} is now called {current}; the old name goes with the next release\n")


CURRENT = {"advise": "recommend", "check-config": "validate", "hostile-matrix": "client-matrix"}
"""By old name. The parser knows the new names only, so that neither `--help` nor its errors show an old one."""


def with_current_name(arguments: Sequence[str]) -> list[str]:
    """Return the arguments, with the new name of a command in place of its old one, and a note on standard error."""
    first, rest = list(arguments[:1]), list(arguments[1:])
    if first and first[0] in CURRENT:
        current = CURRENT[first[0]]
        note_new_name(first[0], current)
        return [current, *rest]
    return [*first, *rest]
