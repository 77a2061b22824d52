"""The command, as a program whose syncs go on in a fresh process when they have read anything."""

from __future__ import annotations

import sys

from stac_ingest.__main__ import main
from stac_ingest.sync import run

if __name__ == "__main__":
    run._MUCH = 1
    sys.exit(main())
