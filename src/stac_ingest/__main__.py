"""`python -m stac_ingest`."""

from __future__ import annotations

import sys

from stac_ingest.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
