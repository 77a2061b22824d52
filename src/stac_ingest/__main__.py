"""`python -m stac_ingest`, and the command `stac-ingest`."""

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


def main() -> int:
    """Run the command as a process of its own, and return its exit code.

    Nothing that is imported is garbage while the process lives: the collector doesn't look at it while it is made
    (`gc.disable`), nor later (`gc.freeze`), nor once more when the interpreter ends, which takes longest.
    """
    for name, value in _UNUSED.items():
        os.environ.setdefault(name, value)
    sys.meta_path.insert(0, _WithoutPandas)
    gc.disable()
    from stac_ingest.cli.main import main as command  # noqa: PLC0415 - what is said above comes first

    try:
        return command(when_imported=_collect_from_here)
    finally:
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
            raise ModuleNotFoundError("the command does without pandas", name=name)


def _collect_from_here() -> None:
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    sys.exit(main())
