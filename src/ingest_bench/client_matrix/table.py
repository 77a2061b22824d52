"""The table: a row for each behaviour, a column for each client, and how it is to be read.

What makes a client of others never end, crash, or send the token elsewhere is in no row: the table gives the number of
such cases, and not which behaviours they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ingest_bench.client_matrix.clients import OWN, TIMEOUT_S, versions
from ingest_bench.client_matrix.trial import MAX_REQUESTS, MAX_S
from ingest_bench.simulator.faults.registry import BEHAVIOURS, GROUPS, sentence
from stac_ingest.core.text import counted

if TYPE_CHECKING:
    from ingest_bench.client_matrix.trial import Trial

Results = Mapping[tuple[str, str], "Trial"]
"""By behaviour, as `NAME[=VALUE][@SHARE]`, and client."""

CASES = 14
"""Known cases, a behaviour with a client of others, that are in no row: of pystac-client 0.9.1 and rustac 0.9.18, which
were last run against all behaviours in these versions."""
_INTRODUCTION = """# What clients deliver from hostile servers

This page shows which items clients of STAC APIs lose if a server misbehaves. `make client-matrix` makes it.

Each client searches for a collection of {total} items, {pages} pages, through the simulator, which has one habit or
fault at a time (`python -m ingest_bench simulate --list-behaviours`). A client runs with its own defaults in a process
of its own, one page after another, with a time-out of {timeout} s if it has such a setting. It is stopped after
{requests} requests or {seconds:.0f} s. An item is lost if the client ends without it and without an error.

**Bold**: items are lost without an error.

Not every behaviour has a row. Some are run against `stac_ingest` alone, since a client that takes them the wrong way
may not end, or may send its credentials elsewhere. There are {cases} cases, a behaviour with one of the other clients,
in which the client didn't end in time, crashed, or sent its token to another origin; the table doesn't list them.
"""
_SHOWN = 60


def table(results: Results, ids: Sequence[str], pages: int) -> str:
    """Return the document.

    Args:
        results: of all trials.
        ids: of the items that the server holds.
        pages: how many pages they make.

    """
    behaviours = list(dict.fromkeys(behaviour for behaviour, _ in results))
    unlisted = {behaviour for (behaviour, client), trial in results.items() if client != OWN and _is_unsafe(trial)}
    cases = CASES + sum(_is_unsafe(trial) for (_, client), trial in results.items() if client != OWN)
    names = versions()
    rows = [
        behaviour
        for behaviour in behaviours
        if behaviour not in unlisted and all((behaviour, client) in results for client in names)
    ]
    text = [
        _INTRODUCTION.format(
            total=len(ids), pages=pages, timeout=TIMEOUT_S, requests=MAX_REQUESTS, seconds=MAX_S, cases=cases
        )
    ]
    for title, group in GROUPS.items():
        known = {kind.name for kind in group}
        mine = [behaviour for behaviour in rows if _name(behaviour) in known]
        if not mine:
            continue
        text.append(f"\n## {title}\n\n| behaviour | {' | '.join(names.values())} |\n|---|{'---|' * len(names)}\n")
        for behaviour in mine:
            cells = (describe(results[behaviour, client], ids) for client in names)
            text.append(f"| `{behaviour}`: {sentence(BEHAVIOURS[_name(behaviour)])} | {' | '.join(cells)} |\n")
    others = [trial for (behaviour, client), trial in results.items() if client == OWN and behaviour not in rows]
    text.append(_totals({key: trial for key, trial in results.items() if key[0] in rows}, others, ids, names))
    return "".join(text)


def describe(trial: Trial, ids: Sequence[str]) -> str:
    """Return in a few words what a client delivered, and how it ended."""
    delivered = len(trial.delivered.keys() & set(ids))
    words = ["all" if delivered == len(ids) else f"{delivered} of {len(ids)}"]
    if repeats := sum(count - 1 for count in trial.delivered.values()):
        words.append(counted(repeats, "repeat"))
    if trial.end:
        words.append(_end(trial.end))
    if problem := _problem(trial, ids):
        words.append(f"**{problem}**")
    if trial.leaked:
        words.append("**token sent elsewhere**")
    return ", ".join(words)


def is_bad(trial: Trial, ids: Sequence[str]) -> bool:
    """Whether items were lost without an error, the client didn't end by itself, or the token was sent elsewhere."""
    return trial.leaked or _problem(trial, ids) is not None


def _is_unsafe(trial: Trial) -> bool:
    return trial.leaked or trial.endless or trial.late or trial.end is None


def _end(end: Mapping[str, str]) -> str:
    """Return how the client ended, by its own report."""
    if "error" in end:
        return f"then `{end['error'][:_SHOWN]}`"
    return (
        f"{counted(int(end['failures']), 'named failure')}" if "failures" in end else f"certificate: {end['verdict']}"
    )


def _problem(trial: Trial, ids: Sequence[str]) -> str | None:
    if trial.endless:
        return "never ends"
    if trial.late:
        return "not done in time"
    if trial.end is None:
        return "crashes"
    return "no error" if not trial.end and not set(ids) <= trial.delivered.keys() else None


def _totals(results: Results, others: Sequence[Trial], ids: Sequence[str], names: Mapping[str, str]) -> str:
    count = len({behaviour for behaviour, _ in results})
    lines = [
        f"- {shown}: {sum(is_bad(trial, ids) for (_, of), trial in results.items() if of == client)} bold, "
        f"all items from {sum(_is_whole(trial, ids) for (_, of), trial in results.items() if of == client)}\n"
        for client, shown in names.items()
    ]
    if others:
        bad, whole = (sum(judge(trial, ids) for trial in others) for judge in (is_bad, _is_whole))
        lines.append(f"\n{names[OWN]} on the {len(others)} without a row: {bad} bold, all items from {whole}.\n")
    return f"\n## Of {count} behaviours\n\n{''.join(lines)}"


def _is_whole(trial: Trial, ids: Sequence[str]) -> bool:
    ended = trial.end is not None and "error" not in trial.end
    return ended and set(ids) <= trial.delivered.keys()


def _name(behaviour: str) -> str:
    return behaviour.partition("@")[0].partition("=")[0]
