"""The name that was meant, where another was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def did_you_mean(found: object, allowed: Iterable[str]) -> str:
    """Suggest the nearest of the allowed words, or list them all."""
    words = sorted(allowed)
    near = nearest(str(found), words)
    return f"did you mean {near}?" if near else f"use one of {', '.join(words)}"


def nearest(found: str, allowed: Sequence[str]) -> str | None:
    """Return the word that is most like the one that was found; None where none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - most names are right

    return next(iter(get_close_matches(found, allowed, n=1)), None)
