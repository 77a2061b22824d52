RESULTS_FILE = f"{RESULTS}/benchmark_results.json"
MANIFESTS = [f"{RESULTS}/corpora/{name}.manifest.json" for name in USED if name in MADE]
JOB_FILES = [f"{RESULTS}/corpora/{name}.job.json" for name in USED if name in MADE]


rule aggregate:
    input:
        cells=lambda wildcards: due(RESULTS_FILE, CELL_FILES, FRESHNESS.aggregate),
        rounds=lambda wildcards: due(
            RESULTS_FILE, all_plans(wildcards), FRESHNESS.aggregate
        ),
        pairs=lambda wildcards: due(
            RESULTS_FILE, all_pairs(wildcards), FRESHNESS.aggregate
        ),
        manifests=lambda wildcards: due(RESULTS_FILE, MANIFESTS, FRESHNESS.aggregate),
        jobs=lambda wildcards: due(RESULTS_FILE, JOB_FILES, FRESHNESS.aggregate),
    output:
        json=RESULTS_FILE,
        parquet=f"{RESULTS}/benchmark_results.parquet",
    log:
        f"{RESULTS}/logs/aggregate.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        identity=aggregate_identity(SETTINGS),
    message:
        "Bringing the cells together"
    script:
        "../scripts/aggregate.py"


rule report:
    input:
        lambda wildcards: due(
            f"{RESULTS}/benchmark_report.md", [RESULTS_FILE], FRESHNESS.report
        ),
    output:
        markdown=report(
            f"{RESULTS}/benchmark_report.md",
            caption="../report/report.rst",
            category="Report",
            labels={"form": "plain text"},
        ),
        html=report(
            f"{RESULTS}/benchmark_report.html",
            caption="../report/page.rst",
            category="Report",
            labels={"form": "page, with plots"},
        ),
        comparison=report(
            f"{RESULTS}/comparison.html",
            caption="../report/comparison.rst",
            category="Report",
            labels={"form": "tools compared, to sort and filter"},
        ),
        figures=report(
            directory(f"{RESULTS}/figures"),
            patterns=["{scenario}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory=lambda wildcards: figure_labels(wildcards)["group"],
            labels=lambda wildcards: figure_labels(wildcards),
        ),
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        identity=report_identity(SETTINGS),
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"
