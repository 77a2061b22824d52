"""Processes that say, when they end, which modules they have loaded, as compilers write dependency files.

Every process of a sample does: the sample's own, the workers that it starts, and the simulator. Nothing is imported for
it but what every process has, and nothing is written before the process ends.
"""

import atexit
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import dropwhile
from pathlib import Path

REPORTS = "INGEST_BENCH_LOADED"
"""The environment variable that names the folder for reports; where there is none, nothing is reported."""
OURS = ("ingest_bench", "stac_ingest")


def loaded() -> set[str]:
    """Return the modules of both packages that this process has loaded, and the top-level names of all others.

    What was there before the first of ours is left out: the interpreter, and Snakemake where it runs the process.
    """
    names = tuple(dropwhile(lambda name: not is_ours(name), sys.modules))
    # What runs as `python -m` is loaded under another name than its own.
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    own = {spec.name} if spec and is_ours(spec.name) else set()
    return own | {name if is_ours(name) else name.partition(".")[0] for name in names}


def is_ours(name: str) -> bool:
    """Return whether a module belongs to one of both packages."""
    return name.partition(".")[0] in OURS


def report_at_exit(process: str) -> None:
    """Have this process, and those that it forks by `multiprocessing`, write down what was loaded when it ends.

    Call it once all has been imported that starts processes. A process that is killed writes nothing.

    Args:
        process: what kind of process this is; the names of its reports begin with it.

    """
    folder = os.environ.get(REPORTS)
    if not folder:
        return
    atexit.register(_report, Path(folder), process)
    # A forked worker ends without `atexit`; a spawned one begins by importing the main module, which calls this anew.
    util = sys.modules.get("multiprocessing.util")
    if util:
        # Nothing holds what is registered but its owner. `atexit` isn't one: from 3.13 on, a worker begins without its
        # functions. A function of this module stays.
        util.register_after_fork(_report, partial(_report_at_end_of_worker, folder=Path(folder), before=loaded()))


def _report_at_end_of_worker(report: Callable[..., None], folder: Path, before: set[str]) -> None:
    from multiprocessing.util import Finalize  # noqa: PLC0415 - a worker has it

    Finalize(None, report, args=(folder, "worker", before), exitpriority=0)


def _report(folder: Path, process: str, before: set[str] | None = None) -> None:
    """Write a report, unless nothing was loaded beyond what the process that forked this one reports itself."""
    names = loaded() - (before or set())
    if names:
        path = folder / f"{process}-{os.getpid()}-{time.monotonic_ns()}"
        path.write_text("\n".join(sorted(names)), encoding="utf-8")
