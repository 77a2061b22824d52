"""Say what the certificate of an ingest says, and fail where not all came."""

from pathlib import Path

from ingest_bench.workflow.jobs import logged
from stac_ingest.sharding import stop_at_truncated

with logged(snakemake.log[0]):
    print(stop_at_truncated(Path(snakemake.input[0])))  # noqa: T201 - the verdict is what the user waits for
