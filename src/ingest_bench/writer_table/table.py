"""The table: a row for each tool and option, a column for each set of items, and how it is to be read.

A way in which a tool of others crashes or never ends is in no row: the table gives the number of such ways, and not
which they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ingest_bench.writer_table.differences import Difference
from ingest_bench.writer_table.trial import Trial

Results: TypeAlias = Mapping[tuple[str, str, str], Trial]
"""By tool with its version, option, and set of items."""

CASES = 1
"""Ways known to crash, which aren't run: of rustac 0.9.18."""
_SHOWN = 5
_INTRODUCTION = """# Tables of items that other programs write and read

This page shows what other programs make of STAC items in a table, and what they read of ours. `make writers` makes it.
Three sets of items, of two or three each, go through every tool that users have for such tables, with each option that
changes types or layout, in a process of its own:

{sets}

Where a tool makes tables and knows nothing of STAC, the items are laid out for it as users do: a column for each member
and each property, the geometry as Well-Known Binary, instants as timestamps, the box as an object of its sides.
"Equal" is by value: an instant may be written otherwise, and 10 is 10.0. What differs is named by its place:
*lost* and *added* members, and values that *became* others. A table has no place for null members of objects, so
nearly every writer loses them; and it has one kind of columns, so a member of an item beside those of STAC (`renders`)
becomes a property. "Refuses" is an error that the tool raised.

{cases} with one of the tools crashed or didn't end, and {are} not listed.
"""
_WRITTEN = """
## Written by others, read by stac_ingest

What differs was so in the file already, as another reader finds it there, unless a cell says **ours**; then the summary
of the run says it too.

"""
_READ = """
## Written by stac_ingest, read by others

The table is the one of `--to geoparquet`. Where a tool gives rows, they are turned into items as the layout has them.
What differs, the tool or the layout did; geopandas takes the box for its own where it covers the geometry.

"""


def document(written: Results, read: Results, sets: Sequence[str]) -> str:
    """Return the document.

    Args:
        written: by others, and read by us.
        read: by others, of ours.
        sets: names of the sets of items.

    """
    unsafe = CASES + sum(
        any(trial.unsafe for trial in row.values()) for found in (written, read) for row in _rows(found)
    )
    text = [
        _INTRODUCTION.format(
            sets="\n".join(f"- {name}: {_SETS.get(name, '')}".rstrip(": ") for name in sets),
            cases=f"{unsafe} way{'s' if unsafe != 1 else ''} to write or read a table",
            are="are" if unsafe != 1 else "is",
        )
    ]
    for heading, found in ((_WRITTEN, written), (_READ, read)):
        text.append(heading)
        text.append(f"| tool | option | {' | '.join(sets)} |\n|---|---|{'---|' * len(sets)}\n")
        ways = dict.fromkeys((tool, option) for tool, option, _ in found)
        for tool, option in ways:
            trials = {name: found[tool, option, name] for name in sets if (tool, option, name) in found}
            if not any(trial.unsafe for trial in trials.values()):
                cells = (describe(trials[name]) if name in trials else "" for name in sets)
                text.append(f"| {tool} | {_code(option)} | {' | '.join(cells)} |\n")
    return "".join(text)


def describe(trial: Trial) -> str:
    """Return in a few words what came of a trial."""
    if trial.refused:
        kind, _, message = trial.refused.partition(": ")
        return f"refuses: `{kind}`" + (f" ({_cell(message[:80])})" if message else "")
    parts = []
    if in_file := [one for one in trial.found if one not in trial.ours]:
        parts.append(_words(in_file))
    if trial.ours:
        parts.append(f"**ours**: {_words(trial.ours)}")
    if trial.reported:
        parts.append(f"said: {'; '.join(_cell(text) for text in trial.reported[:_SHOWN])}")
    if not trial.found:
        parts.insert(0, "equal")
    return "; ".join(parts)


_SETS = {
    "usual items": "of one collection, alike in their members, without nulls;",
    "unusual items": "heights in one only, nested lists, unlike assets, nulls, microseconds, a member beside STAC's;",
    "an item without geometry": "beside one that has a geometry.",
}


def _rows(results: Results) -> list[dict[str, Trial]]:
    rows: dict[tuple[str, str], dict[str, Trial]] = {}
    for (tool, option, name), trial in results.items():
        rows.setdefault((tool, option), {})[name] = trial
    return list(rows.values())


def _words(found: Sequence[Difference]) -> str:
    """Give differences in words: nulls together, and a member that became a property as one."""
    lost = {one.path for one in found if one.what.endswith(" lost")}
    moved = {name for name in lost if any(one.path == f"properties.{name}" and "added" in one.what for one in found)}
    nulls = [one.path for one in found if one.what == "null lost"]
    others = [
        one
        for one in found
        if one.what != "null lost" and one.path not in moved and one.path.removeprefix("properties.") not in moved
    ]
    parts = [f"`{name}` became a property" for name in sorted(moved)]
    parts += [f"`{one.path}`: {_cell(one.what)}" for one in others[:_SHOWN]]
    parts += [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
    parts += [f"nulls of {' and '.join(f'`{path}`' for path in nulls)} lost"] if nulls else []
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("*", "\\*")


def _code(option: str) -> str:
    return f"`{option}`" if any(sign in option for sign in "=([") or "--" in option else _cell(option)
