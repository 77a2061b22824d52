"""A program that takes a core half of the time, as another user's of the same machine might."""

from __future__ import annotations

import sys
import time

_HALF_S = 0.05


def main() -> None:
    """Compute and sleep in turns until the process that started this one has ended."""
    from ingest_bench.system.process_lifetime import die_with_parent  # noqa: PLC0415 - Linux has it

    die_with_parent(int(sys.argv[1]))
    while True:
        until = time.monotonic() + _HALF_S
        while time.monotonic() < until:
            pass
        time.sleep(_HALF_S)


if __name__ == "__main__":
    main()
