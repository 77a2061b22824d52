"""Fuzzing by the code that inputs reach, where atheris is installed (no other part needs it).

`python tests/long/fuzz_atheris.py page FOLDER_OF_SEEDS -max_total_time=600`; in place of `page`, `text`,
`parquet`, `link` or `geometry`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["stac_ingest"]):
    from fuzz_targets import TARGETS

if __name__ == "__main__":
    atheris.Setup(sys.argv, TARGETS[sys.argv.pop(1)])
    atheris.Fuzz()
