from ingest_bench.calibration.record import calibration_stamp


rule aggregate:
    input:
        cells=CELL_FILES,
        manifests=[
            f"{RESULTS}/corpora/{name}.manifest.json"
            for name in USED
            if corpus_files(name)
        ],
        jobs=[
            f"{RESULTS}/corpora/{name}.job.json" for name in USED if corpus_files(name)
        ],
    output:
        json=f"{RESULTS}/benchmark_results.json",
        parquet=f"{RESULTS}/benchmark_results.parquet",
    log:
        f"{RESULTS}/logs/aggregate.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Bringing the cells together"
    script:
        "../scripts/aggregate.py"


rule report:
    input:
        f"{RESULTS}/benchmark_results.json",
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
        captions=captions(SETTINGS),
        calibration=calibration_stamp(RESULTS),
    message:
        "Writing the report"
    script:
        "../scripts/write_report.py"
