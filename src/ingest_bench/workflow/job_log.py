"""The log of a job of the workflow, and how a job ends that fails. A job of a second loads little more than this."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from ingest_bench.errors import BenchError
from ingest_bench.system.process_lifetime import exit_with_parent
from stac_ingest.errors import IngestError


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
