from ingest_bench.config.matrix import cells, load_settings
from ingest_bench.workflow.first_pass import FirstPass
from ingest_bench.workflow.identity import (
    aggregate_identity,
    report_identity,
    round_identity,
)
from ingest_bench.workflow.round_files import files_of, plan_file, read_round
from ingest_bench.workflow.staleness import Freshness

try:
    SETTINGS = load_settings(config)
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
FIRST_PASS = FirstPass(SETTINGS)
# A measuring job takes every core, which keeps corpus jobs away from it, and this slot, which keeps two measuring jobs
# apart where `--max-threads` is given and says, on a cluster, how many identical nodes may measure at once.
RUN.limit("bench_slot", 1)


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
