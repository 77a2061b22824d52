rule measure_cell:
    input:
        lambda wildcards: due(
            f"{RESULTS}/{cell_of(wildcards).file}",
            [
                path
                for name in cell_of(wildcards).corpora
                for path in corpus_files(name)
            ],
            FRESHNESS.cell,
            cell_of(wildcards),
        ),
    output:
        f"{RESULTS}/cells/{{scenario}}/{{arm}}-{{concurrency}}.json",
    log:
        f"{RESULTS}/logs/cells/{{scenario}}/{{arm}}-{{concurrency}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{scenario}}/{{arm}}-{{concurrency}}.tsv"
    wildcard_constraints:
        concurrency=r"\d+",
    priority: lambda wildcards: FIRST_PASS.priority(cell_of(wildcards))
    conda:
        "../../envs/ingest-bench.yaml"
    threads: RUN.cores
    resources:
        bench_slot=1,
        attempt=lambda wildcards, attempt: attempt,
    message:
        "Measuring {wildcards.scenario}: {wildcards.arm} at {wildcards.concurrency}"
    script:
        "../scripts/measure_cell.py"
