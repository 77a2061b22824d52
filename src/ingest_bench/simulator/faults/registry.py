"""All named behaviours, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from ingest_bench.errors import SettingsError
from ingest_bench.simulator.faults import (
    bad_responses,
    next_links,
    offers,
    page_content,
    pagination,
    redirects,
    throttling,
    time_search,
)

if TYPE_CHECKING:
    from ingest_bench.simulator.faults.base import Fault


def _named(module: ModuleType) -> tuple[type[Fault], ...]:
    """List the behaviours that a module defines, in its order; classes without a name are what others are made of."""
    kinds = (kind for kind in vars(module).values() if getattr(kind, "__module__", None) == module.__name__)
    return tuple(kind for kind in kinds if "name" in vars(kind))


GROUPS: dict[str, tuple[type[Fault], ...]] = {
    "How `next` is written": _named(next_links),
    "Faulty paging": _named(pagination),
    "What is offered and refused": _named(offers),
    "Searches by time": _named(time_search),
    "Content of pages": _named(page_content),
    "Limits and refusals": _named(throttling),
    "Bad responses": _named(bad_responses),
    "Links and redirects elsewhere": _named(redirects),
}
BEHAVIOURS: dict[str, type[Fault]] = {kind.name: kind for group in GROUPS.values() for kind in group}


def make(texts: Iterable[str], seed: int = 0) -> list[Fault]:
    """Return the behaviours that are named, outermost first.

    Args:
        texts: each as `NAME[=VALUE][@SHARE]`.
        seed: decides which requests belong to a share.

    Raises:
        SettingsError: a behaviour is unknown, or doesn't take its value.

    """
    return sorted((_one(text, seed) for text in texts), key=lambda fault: -fault.layer)


def _one(text: str, seed: int) -> Fault:
    whole, at, share = text.partition("@")
    name, equals, value = whole.partition("=")
    kind = BEHAVIOURS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, BEHAVIOURS, 1)
        hint = f"did you mean {near[0]}?" if near else "--list-behaviours names them all"
        raise SettingsError(f"--behaviour {text}: there is no behaviour {name!r}; {hint}")
    return kind(value if equals else None, share=_share(text, share) if at else 1.0, seed=seed)


def _share(text: str, share: str) -> float:
    try:
        fraction = float(share)
    except ValueError:
        fraction = -1.0
    if not 0 <= fraction <= 1:
        raise SettingsError(f"--behaviour {text}: {share!r} is not a share from 0 to 1")
    return fraction


def sentence(kind: type[Fault]) -> str:
    """Return the sentence that describes a behaviour."""
    return (kind.__doc__ or "").partition("\n")[0]


def with_default(kind: type[Fault]) -> str:
    """Return a behaviour as users write it: its name, with its default value where it has one."""
    return kind.name if kind.default is None else f"{kind.name}={kind.default}"


def describe() -> str:
    """Return the list of all behaviours, as text: defaults and a sentence each."""
    lines: list[str] = []
    for title, group in GROUPS.items():
        lines.append(f"\n{title}\n" if lines else f"{title}\n")
        lines += [f"  {with_default(kind)}\n      {sentence(kind)}\n" for kind in group]
    return "".join(lines)
