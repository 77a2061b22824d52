"""A way to write or to read a table: data of which `WRITERS` and `READERS` are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Way:
    """A tool with options."""

    tool: str
    """The name of its package."""
    option: str
    """In words, or as the tool has it."""
    run: Callable[..., Any]
    """Called with the items and the path to write, or with the path to read, and the settings."""
    settings: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """Further packages."""

    @property
    def key(self) -> str:
        """Its name on a command line."""
        return f"{self.tool}: {self.option}"
