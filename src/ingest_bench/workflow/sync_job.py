"""The jobs of a sync, each a process that starts fast, as those of an ingest in shards are (`ingest_job`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stac_ingest.core.own_process import begin_process, begin_work, end_process

if TYPE_CHECKING:
    from ingest_bench.workflow.sync_settings import SyncByJobs

_TRUNCATED = "truncated: "


def plan(given: str) -> None:
    """Find out what has to be read."""
    from stac_ingest.sync.jobs import make_plan  # noqa: PLC0415 - after the process is set up, and none too many

    with _asked(given) as sync:
        make_plan(sync.settings)


def read(given: str, task: str) -> None:
    """Read a task."""
    from stac_ingest.sync.jobs import read_task  # noqa: PLC0415 - same

    with _asked(given) as sync:
        read_task(sync.settings, int(task), sync.jobs)


def wanted(given: str) -> None:
    """Plan to read what was found by its ids alone."""
    from stac_ingest.sync.jobs import name_wanted  # noqa: PLC0415 - same

    with _asked(given) as sync:
        name_wanted(sync.settings)


def resolve(given: str) -> None:
    """Find out what is to be done."""
    from stac_ingest.sync.jobs import resolve_run  # noqa: PLC0415 - same

    with _asked(given) as sync:
        resolve_run(sync.settings)


def encode(given: str, batch: str) -> None:
    """Encode what is added to some partitions."""
    from stac_ingest.sync.jobs import encode_batch  # noqa: PLC0415 - same

    with _asked(given) as sync:
        encode_batch(sync.settings, int(batch))


def merge(given: str, batch: str) -> None:
    """Write what some partitions hold then."""
    from stac_ingest.sync.jobs import merge_batch  # noqa: PLC0415 - same

    with _asked(given) as sync:
        merge_batch(sync.settings, int(batch))


def publish(given: str, run: str, words: str) -> None:
    """Publish the run, and write what it has come to, with the verdict last."""
    from stac_ingest.core.atomic import write_text  # noqa: PLC0415 - same
    from stac_ingest.core.text import printable  # noqa: PLC0415 - same
    from stac_ingest.sync.jobs import end_run  # noqa: PLC0415 - same
    from stac_ingest.sync.words import result_in_words  # noqa: PLC0415 - same

    with _asked(given) as sync:
        result = end_run(sync.settings, int(run))
        lines = [printable(line) for line in result_in_words(result, sync.settings.output)]
        write_text(Path(words), "\n".join(lines) + "\n")


def verdict(words: str) -> None:
    """Print what a run has come to, and fail where something is missing."""
    text = Path(words).read_text(encoding="utf-8")
    print(text, end="")  # noqa: T201 - what the user waits for
    if text.splitlines()[-1].startswith(_TRUNCATED):
        sys.exit(1)


JOBS: Mapping[str, Callable[..., None]] = {
    "plan": plan,
    "read": read,
    "wanted": wanted,
    "resolve": resolve,
    "encode": encode,
    "merge": merge,
    "publish": publish,
    "verdict": verdict,
}


def main(arguments: list[str]) -> None:
    """Do a job: its name, its log, and what it is about; for all but the verdict, the settings as JSON come first."""
    begin_process()
    from ingest_bench.workflow.job_log import logged  # noqa: PLC0415 - after the process is set up

    name, log, *about = arguments
    with logged(log):
        JOBS[name](*about)
    end_process()


@contextmanager
def _asked(given: str) -> Iterator[SyncByJobs]:
    """Give the sync that is asked for, and have errors speak of it as it was asked for."""
    from ingest_bench.workflow.sync_settings import in_words_of_config, sync_by_jobs  # noqa: PLC0415 - the verdict does without

    begin_work()
    with in_words_of_config():
        yield sync_by_jobs(json.loads(given))


if __name__ == "__main__":
    main(sys.argv[1:])
