"""How long a thread that computes in Python keeps the others waiting.

A thread that works in Arrow comes back to the interpreter some hundred times a batch. Each time it waits until the
thread that makes the items, which never pauses by itself, is told to let go: by default after 5 ms, a hundred times
what the call itself takes. So the two would hardly overlap.
"""

from __future__ import annotations

import sys
import threading

SECONDS = 5e-4

_lock = threading.Lock()
_users = 0
_interval = 0.0


class ShortTurns:
    """Shortens the interpreter's switch interval from `begin` to `end`; the last user to end restores it."""

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        """Shorten the turns."""
        global _users, _interval  # noqa: PLW0603 - the interval is the process's own, so its users are counted for it
        with _lock:
            if self._begun:
                return
            self._begun = True
            _users += 1
            if _users == 1:
                _interval = sys.getswitchinterval()
                sys.setswitchinterval(min(SECONDS, _interval))

    def end(self) -> None:
        """Let turns be as long as they were; does nothing when they were never shortened."""
        global _users  # noqa: PLW0603 - same
        with _lock:
            if not self._begun:
                return
            self._begun = False
            _users -= 1
            if _users == 0:
                sys.setswitchinterval(_interval)
