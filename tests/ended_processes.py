"""Processes that were killed, or that end with others, and aren't ours to wait for."""

from __future__ import annotations

import time

import psutil


def ends(pid: int) -> bool:
    """Return whether a process ends within ten seconds. A zombie has ended."""
    for _ in range(500):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
