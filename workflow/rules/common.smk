from pathlib import Path

from snakemake.logging import logger

from ingest_bench.errors import SettingsError
from ingest_bench.workflow.given_settings import (
    SYNC,
    as_written,
    is_sync,
    of_section,
)
from ingest_bench.workflow.own_source import matrix_of_source, meant_instead
from ingest_bench.workflow.staleness import Freshness
from ingest_bench.workflow.identity import (
    aggregate_identity,
    report_identity,
    round_identity,
)
from ingest_bench.workflow.round_files import files_of, plan_file, read_round
from ingest_bench.workflow.snakemake_internals import SnakemakeRun
from ingest_bench.config.matrix import cells, load_settings
from stac_ingest.errors import ConfigurationError
from ingest_bench.config.models import Settings


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
        config.keys() - (() if MEASURED else Settings.model_fields.keys())
        if ASKED
        else ()
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

try:
    # An ingest needs no matrix, though a user's own matrix would have to have something in it.
    SETTINGS = (
        Settings.model_construct(corpora={}, scenarios={})
        if ASKED and not MEASURED and "scenarios" not in config
        else load_settings(config)
    )
except SettingsError as error:
    stop(f"{RUN.config_files or 'config.yaml'}: {error}")

RESULTS = SETTINGS.results
CELLS = {(cell.scenario, cell.arm, cell.concurrency): cell for cell in cells(SETTINGS)}
CELL_FILES = [f"{RESULTS}/{cell.file}" for cell in CELLS.values()]
GENERATED = sorted(
    name for name, corpus in SETTINGS.corpora.items() if corpus.generated
)
OWN_FILES = sorted(name for name, corpus in SETTINGS.corpora.items() if corpus.path)
MADE = [*GENERATED, *OWN_FILES]
USED = sorted({name for cell in CELLS.values() for name in cell.corpora})
DELIVERABLES = [
    f"{RESULTS}/benchmark_results.json",
    f"{RESULTS}/benchmark_results.parquet",
    f"{RESULTS}/benchmark_report.md",
    f"{RESULTS}/benchmark_report.html",
    f"{RESULTS}/comparison.html",
]
FRESHNESS = Freshness(SETTINGS)
if RUN.prefixed:
    stop(
        "prefix: what is out of date is told from the files themselves, so set the folder by config: results: ..."
    )

# A measuring job takes every core, which keeps corpus jobs away from it, and this slot, which keeps two measuring jobs
# apart where `--max-threads` is given and says, on a cluster, how many identical nodes may measure at once.
RUN.limit("bench_slot", 1)


def whole_matrix(_wildcards):
    """Return nothing for what all is made of, and end the command where a source was named: it isn't of the matrix."""
    if NO_TARGET:
        stop(NO_TARGET)
    return []


def due(path, inputs, check, *subject, folder=RESULTS):
    """Return the inputs of the job that makes `path`, and have it run, as `--forcerun` does, when the check says why."""
    if not RUN.plans:
        return inputs
    RUN.begin(folder)
    reason = check(*subject)
    if reason is None:
        return [ancient(each) for each in inputs]
    RUN.force(path, reason)
    return inputs


def any_of(names):
    """Return a wildcard constraint: one of these names, or none at all."""
    return "|".join(names) or "(?!)"


def corpus_files(name):
    """Return what a cell needs of a corpus: folder and manifest, so that losing either is noticed."""
    manifest = f"{RESULTS}/corpora/{name}.manifest.json"
    folder = [f"{RESULTS}/corpora/{name}"] if name in GENERATED else []
    return [*folder, manifest] if name in MADE else []


def figure_labels(wildcards):
    """Return the words by which Snakemake's own report lists a figure; braces would be taken for wildcards."""
    found = SETTINGS.scenarios.get(wildcards.scenario)
    overall = wildcards.scenario.replace("-", " ").capitalize()
    names = (found.title, found.group) if found else (overall, "all")
    scenario, group = (name.replace("{", "(").replace("}", ")") for name in names)
    return {"scenario": scenario, "group": group.replace("_", " ")}


def cell_of(wildcards):
    """Return the cell that a measuring job is about."""
    return CELLS[wildcards.scenario, wildcards.arm, int(wildcards.concurrency)]


def earlier_run(_wildcards):
    """Return the results to compare with, as `--config` names them."""
    if not EARLIER:
        stop(
            "compare: say what to compare with: --config baseline=path/to/benchmark_results.json"
        )
    return str(EARLIER)
