"""A process of this package's own, made ready: it loads and sets up nothing that its work doesn't need."""

from __future__ import annotations

import gc
import os
import sys

_UNUSED = {
    # No model of ours is changed by a plugin, and to look for some reads the metadata of all that is installed.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    # No linear algebra is done: NumPy need not start a thread for each processor to be ready for some.
    "OPENBLAS_NUM_THREADS": "1",
}
"""Variables of the environment that keep libraries from getting ready for what this process never does."""


def begin_process() -> None:
    """Set up a process that is the command's own, or a job's, before it imports what it needs.

    Nothing that is imported is garbage while the process lives: the collector doesn't look at it while it is made
    (`gc.disable`), nor later (`collect_from_here`), nor once more when the interpreter ends, which takes longest
    (`end_process`).
    """
    for name, value in _UNUSED.items():
        os.environ.setdefault(name, value)
    sys.meta_path.insert(0, _WithoutPandas)
    gc.disable()


def collect_from_here() -> None:
    """Have the collector look at what is made from now on: what the work needs is imported."""
    gc.freeze()
    gc.enable()


def end_process() -> None:
    """Leave what there is to the end of the process."""
    gc.freeze()


class _WithoutPandas:
    """Keeps Arrow from importing pandas to see whether a list is one of its series: 0.15 s and 45 MB for nothing."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:  # noqa: ARG004 - as importers are called
        """Find nothing; for pandas, say so to all that would look elsewhere.

        Raises:
            ModuleNotFoundError: pandas is looked for.

        """
        if name == "pandas":
            raise ModuleNotFoundError("this process does without pandas", name=name)
