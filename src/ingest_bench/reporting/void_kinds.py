"""What void samples come from and call for, by kind."""

from __future__ import annotations

ROOM = "measure on more cores, or give the server more think time"
VOIDS = {
    "the server was saturated": (
        "saturated server",
        "the simulated server shares the processors with the client",
        ROOM,
    ),
    "Little's law": ("server out of step", "the server was too busy to keep its own record", ROOM),
    "no items": (
        "nothing delivered",
        "the source was empty, or refused every request",
        "read the cell's log, mend the source, and run again",
    ),
    "the server answered 429": (
        "refusals unnoticed",
        "a client that asks again by itself, and doesn't say so",
        "raise the server's rate, or leave this way out of the scenario",
    ),
}
"""By how the reason of a sample begins (`ingest_bench.validity`): what to call it, its likely cause, what to do."""
OTHER_VOID = ("unusable", "given with each of them", "read the cell's log, and measure again on a quieter machine")
