"""The jobs of an ingest in shards, each a process that starts fast.

A `script:` of Snakemake imports Snakemake first, and a job may take less than that.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from stac_ingest.core.own_process import begin_process, begin_work, end_process


def shard(plan: str, number: str) -> None:
    """Ingest one shard of a plan."""
    from stac_ingest.sharding import read_plan, run_shard  # noqa: PLC0415 - after the process is set up, and none too many

    begin_work()
    run_shard(read_plan(Path(plan)), int(number))


def end(plan: str) -> None:
    """Check all shards, and write the manifest and the completeness report."""
    from stac_ingest.sharding import finalize_ingest, read_plan  # noqa: PLC0415 - same

    begin_work()
    finalize_ingest(read_plan(Path(plan)))


def verdict(certificate: str) -> None:
    """Print the verdict of an ingest, and fail where not all items were delivered."""
    from stac_ingest.completeness import require_complete  # noqa: PLC0415 - same

    print(require_complete(Path(certificate)))  # noqa: T201 - the verdict is what the user waits for


JOBS: Mapping[str, Callable[..., None]] = {"shard": shard, "end": end, "verdict": verdict}


def main(arguments: list[str]) -> None:
    """Do a job: its name, its log, and what it is about."""
    begin_process()
    from ingest_bench.workflow.job_log import logged  # noqa: PLC0415 - after the process is set up

    name, log, *about = arguments
    with logged(log):
        JOBS[name](*about)
    end_process()


if __name__ == "__main__":
    main(sys.argv[1:])
