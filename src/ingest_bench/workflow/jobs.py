"""What every job of the workflow leaves behind: a log, and when it ran."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from pydantic import BaseModel

from ingest_bench.errors import BenchError
from ingest_bench.results.models import Dependencies
from ingest_bench.system.dependencies import recording
from ingest_bench.system.environment import host_name
from ingest_bench.system.process_lifetime import exit_with_parent
from stac_ingest import IngestError
from stac_ingest.core.atomic import write_atomically


class JobRecord(BaseModel):
    """When and where a job ran, so that it can be shown that none ran beside a measurement."""

    rule: str
    name: str
    started_at: float
    ended_at: float
    host: str
    pid: int
    identity: str | None = None
    """Hash of the settings that its product depends on."""
    depends_on: Dependencies | None = None
    """The code that its product depends on: all that the job and its workers loaded."""


@contextmanager
def recorded(
    output: str | Path, rule: str, name: str, identity: str | None = None, uses: str | None = None
) -> Iterator[None]:
    """Write the job's record when the block has ended well; `uses` as in `Recording.dependencies`."""
    started = time.time()
    with recording() as code:
        yield
    record = JobRecord(
        rule=rule,
        name=name,
        started_at=started,
        ended_at=time.time(),
        host=host_name(),
        pid=os.getpid(),
        identity=identity,
        depends_on=code.dependencies(uses=uses),
    )
    write_atomically(Path(output), record.model_dump_json(indent=1).encode() + b"\n")


@contextmanager
def logged(path: str | Path) -> Iterator[None]:
    """Send what the block says to its log; end the process with one line on the terminal where it fails.

    The process ends with the workflow that started it, even where that one is killed.

    An error of ours is told in its own words; any other comes with its traceback, in the log.
    """
    terminal = sys.stderr
    exit_with_parent()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", buffering=1) as log, redirect_stderr(log):
        handler = logging.StreamHandler(log)
        logging.basicConfig(handlers=[handler], level=logging.INFO, force=True, format="%(asctime)s %(message)s")
        try:
            yield
        except (BenchError, IngestError) as error:
            print(error, file=log)
            print(error, file=terminal)
            sys.exit(1)
        except Exception as error:  # noqa: BLE001 - the job ends here, with its log
            traceback.print_exc(file=log)
            print(f"{type(error).__name__}: {error} (more in {path})", file=terminal)
            sys.exit(1)
        finally:
            logging.getLogger().removeHandler(handler)
