import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from ingest_bench.errors import SettingsError
from ingest_bench.identity import captions, cell_identity, corpus_identity
from ingest_bench.matrix import cell_file, cells, load_settings

# What `--config` says about a comparison is no part of the matrix.
EARLIER = config.pop("baseline", None)
ORIGIN = ", ".join(map(str, workflow.config_settings.configfiles)) or "config.yaml"

try:
    SETTINGS = load_settings(config)
except SettingsError as error:
    raise WorkflowError(f"{ORIGIN}: {error}") from None

RESULTS = SETTINGS.results
CELLS = {(cell.scenario, cell.arm, cell.concurrency): cell for cell in cells(SETTINGS)}
CELL_FILES = [f"{RESULTS}/{cell_file(cell)}" for cell in CELLS.values()]
GENERATED = sorted(
    name for name, corpus in SETTINGS.corpora.items() if corpus.generated
)
OWN_FILES = sorted(name for name, corpus in SETTINGS.corpora.items() if corpus.path)
USED = sorted({name for cell in CELLS.values() for name in cell.corpora})
DELIVERABLES = [
    f"{RESULTS}/benchmark_results.json",
    f"{RESULTS}/benchmark_results.parquet",
    f"{RESULTS}/benchmark_report.md",
    f"{RESULTS}/benchmark_report.html",
]
ALL_CORES = workflow.resource_settings.cores or 1

# A measuring job takes every core, which keeps corpus jobs away from it, and this slot, which keeps two measuring jobs
# apart where `--max-threads` is given and says, on a cluster, how many identical nodes may measure at once.
if "bench_slot" not in workflow.global_resources:
    workflow.register_resource("bench_slot", 1)


def any_of(names):
    """Return a wildcard constraint: one of these names, or none at all."""
    return "|".join(names) or "(?!)"


def corpus_files(name):
    """Return what a cell needs of a corpus: folder and manifest, so that losing either is noticed."""
    manifest = f"{RESULTS}/corpora/{name}.manifest.json"
    if name in GENERATED:
        return [f"{RESULTS}/corpora/{name}", manifest]
    return [manifest] if name in OWN_FILES else []


def figure_labels(wildcards):
    """Return the words by which Snakemake's own report lists a figure; braces would be taken for wildcards."""
    found = SETTINGS.scenarios.get(wildcards.scenario)
    names = (found.title, found.group) if found else ("All scenarios", "all")
    scenario, group = (name.replace("{", "(").replace("}", ")") for name in names)
    return {"scenario": scenario, "group": group.replace("_", " ")}


def cell_of(wildcards):
    """Return the cell that a measuring job is about."""
    return CELLS[wildcards.scenario, wildcards.arm, int(wildcards.concurrency)]


def earlier_run(_wildcards):
    """Return the results to compare with, as `--config` names them."""
    if not EARLIER:
        raise WorkflowError(
            "compare: say what to compare with: --config baseline=path/to/benchmark_results.json"
        )
    return str(EARLIER)
