"""The table: a row for each behaviour, a column for each client, and how the behaviours are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ingest_bench.hostile_matrix.clients import CLIENTS, TIMEOUT_S, versions
from ingest_bench.hostile_matrix.trial import MAX_REQUESTS, MAX_S
from ingest_bench.simulator.hostile.registry import BEHAVIOURS, GROUPS, sentence

if TYPE_CHECKING:
    from ingest_bench.hostile_matrix.trial import Trial

Results = Mapping[tuple[str, str], "Trial"]
"""By behaviour, as it was asked for, and client."""

_INTRODUCTION = """# What clients deliver from hostile servers

Written by `make hostile`. A collection of {total} items, {pages} pages, is searched for through the simulator, which
has one habit or fault at a time (`python -m ingest_bench simulate --list-behaviours`). Each client runs with its own
defaults in a process of its own, one page after another, with a time-out of {timeout} s where it has such a setting;
it is stopped after {requests} requests (*never ends*) or {seconds:.0f} s (*not done in time*). An item counts
as lost when the client ends without it and without an error.

**Bold**: items are lost and the client says nothing, or it comes to no end, or it gives the source's token away.
"""
_SHOWN = 60


def table(results: Results, ids: Sequence[str], pages: int) -> str:
    """Write the document."""
    text = [_INTRODUCTION.format(total=len(ids), pages=pages, timeout=TIMEOUT_S, requests=MAX_REQUESTS, seconds=MAX_S)]
    ran = list(dict.fromkeys(behaviour for behaviour, _ in results))
    names = versions()
    for title, group in GROUPS.items():
        known = {kind.name for kind in group}
        rows = [behaviour for behaviour in ran if _name(behaviour) in known]
        if not rows:
            continue
        text.append(f"\n## {title}\n\n| behaviour | {' | '.join(names.values())} |\n|---|{'---|' * len(names)}\n")
        for behaviour in rows:
            cells = (describe(results[behaviour, client], ids) for client in CLIENTS)
            text.append(f"| `{behaviour}`: {sentence(BEHAVIOURS[_name(behaviour)])} | {' | '.join(cells)} |\n")
    text.append(_totals(results, ids, names))
    return "".join(text)


def describe(trial: Trial, ids: Sequence[str]) -> str:
    """Say in a few words what a client made of a behaviour."""
    came = len(trial.delivered.keys() & set(ids))
    words = ["all" if came == len(ids) else f"{came} of {len(ids)}"]
    if repeats := sum(count - 1 for count in trial.delivered.values()):
        words.append(f"{repeats:,} repeats")
    if trial.end:
        words.append(_said(trial.end))
    if trouble := _trouble(trial, ids):
        words.append(f"**{trouble}**")
    if trial.leaked:
        words.append("**token given away**")
    return ", ".join(words)


def is_bad(trial: Trial, ids: Sequence[str]) -> bool:
    """Whether items were lost in silence, the client didn't end, or a token was given away."""
    return trial.leaked or _trouble(trial, ids) is not None


def _said(end: Mapping[str, str]) -> str:
    """Say what the client said at its end."""
    if "error" in end:
        return f"then `{end['error'][:_SHOWN]}`"
    return f"{end['failures']} failures named" if "failures" in end else f"certificate: {end['verdict']}"


def _trouble(trial: Trial, ids: Sequence[str]) -> str | None:
    if trial.endless:
        return "never ends"
    if trial.late:
        return "not done in time"
    if trial.end is None:
        return "dies"
    return "says nothing" if not trial.end and not set(ids) <= trial.delivered.keys() else None


def _totals(results: Results, ids: Sequence[str], names: Mapping[str, str]) -> str:
    count = len({behaviour for behaviour, _ in results})
    lines = [
        f"- {shown}: {sum(is_bad(trial, ids) for (_, of), trial in results.items() if of == client)} bold, "
        f"all items from {sum(_whole(trial, ids) for (_, of), trial in results.items() if of == client)}\n"
        for client, shown in names.items()
    ]
    return f"\n## Of {count} behaviours\n\n{''.join(lines)}"


def _whole(trial: Trial, ids: Sequence[str]) -> bool:
    ended = trial.end is not None and "error" not in trial.end
    return ended and set(ids) <= trial.delivered.keys()


def _name(behaviour: str) -> str:
    return behaviour.partition("@")[0].partition("=")[0]
