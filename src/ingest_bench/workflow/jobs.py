"""What a job of the workflow leaves behind: when and where it ran, and the code that it used."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from ingest_bench.results.models import Dependencies
from ingest_bench.system.dependencies import recording
from ingest_bench.system.environment import host_name
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
