from pathlib import Path

from snakemake.logging import logger

from ingest_bench.errors import SettingsError
from ingest_bench.workflow.given_settings import (
    SYNC,
    as_written,
    is_sync,
    matrix_keys,
    of_section,
)
from ingest_bench.workflow.own_source import matrix_of_source, meant_instead
from ingest_bench.workflow.snakemake_internals import SnakemakeRun
from stac_ingest.errors import ConfigurationError


def stop(message):
    """End the command with a message of what to do: whatever is raised is shown with a traceback."""
    logger.error(message)
    raise SystemExit(1)


# What `--config` says about a comparison or an ingest is no part of the matrix.
EARLIER = config.pop("baseline", None)
ASKED = {"source", "output"} & config.keys()
MEASURED = ASKED == {"source"} and "scenarios" not in config
INGEST = {
    key: config.pop(key)
    for key in (
        config.keys() - (() if MEASURED else matrix_keys(config)) if ASKED else ()
    )
}
RUN = SnakemakeRun(workflow, logger)

try:
    INGEST = as_written(INGEST, *RUN.written_config)
    NO_TARGET = meant_instead(INGEST) if ASKED and RUN.standalone else None
    if MEASURED:
        config.update(matrix_of_source(INGEST, RUN, logger))
        INGEST = {}
    else:
        INGEST = of_section(INGEST)
    IS_SYNC = is_sync(INGEST)
    INGEST.pop(SYNC, None)
except SettingsError as error:
    stop(f"measure: {error}")
except ConfigurationError as error:
    stop(f"ingest: {error}")

# An ingest needs none of the matrix, and to load that takes longer than to plan an ingest of 50,000 files. Only another
# workflow may have asked for both.
ONLY_INGEST = (
    bool(ASKED) and not MEASURED and (RUN.standalone or "scenarios" not in config)
)

if RUN.prefixed:
    stop(
        "prefix: what is out of date is told from the files themselves, so set the folder by config: results: ..."
    )


def whole_matrix(_wildcards):
    """Return nothing for what all is made of, and end the command where a source was named: it isn't of the matrix."""
    if NO_TARGET:
        stop(NO_TARGET)
    return []


def due(path, inputs, check, *subject, folder=None):
    """Return the inputs of the job that makes `path`, and have it run, as `--forcerun` does, when the check says why."""
    if not RUN.plans:
        return inputs
    RUN.begin(RESULTS if folder is None else folder)
    reason = check(*subject)
    if reason is None:
        return [ancient(each) for each in inputs]
    RUN.force(path, reason)
    return inputs
