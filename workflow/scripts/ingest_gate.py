"""Print the verdict of an ingest, and fail where not all items were delivered."""

from pathlib import Path

from ingest_bench.workflow.jobs import logged
from stac_ingest.sharding import require_complete

with logged(snakemake.log[0]):
    print(require_complete(Path(snakemake.input[0])))  # noqa: T201 - the verdict is what the user waits for
