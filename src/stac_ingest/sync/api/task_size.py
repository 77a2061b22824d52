"""How many items of an API a task reads: few enough that a kill, which has it begin anew, loses little."""

from __future__ import annotations

_TASKS = 20
"""Of what is read, if its tasks are not too small or too large then."""
_PAGES = 5
"""Of a task, at least: to open the API takes two requests."""


def items_of_a_task(total: int, limit: int, most: int) -> int:
    """Return about how many items a task is to read.

    Args:
        total: items that all tasks read together.
        limit: items of a page.
        most: items of a task by the settings.

    """
    return min(most, max(_PAGES * limit, -(-total // _TASKS)))
