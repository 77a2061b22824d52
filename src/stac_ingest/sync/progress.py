"""How a sync tells what it is doing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int], None]
"""Told what is done, and how many are done of it."""
