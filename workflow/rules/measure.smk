def cell_of(wildcards):
    """Return the cell that a measuring job is about."""
    return CELLS[wildcards.scenario, wildcards.arm, int(wildcards.concurrency)]


rule measure:
    input:
        lambda wildcards: [path for name in cell_of(wildcards).corpora for path in corpus_files(name)],
    output:
        f"{RESULTS}/cells/{{scenario}}/{{arm}}-{{concurrency}}.json",
    log:
        f"{RESULTS}/logs/cells/{{scenario}}/{{arm}}-{{concurrency}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/{{scenario}}/{{arm}}-{{concurrency}}.tsv"
    conda:
        "../../envs/ingest-bench.yaml"
    wildcard_constraints:
        concurrency=r"\d+",
    params:
        identity=lambda wildcards: cell_identity(SETTINGS, cell_of(wildcards)),
    threads: ALL_CORES
    resources:
        bench_slot=1,
        attempt=lambda wildcards, attempt: attempt,
    message:
        "Measuring {wildcards.scenario}: {wildcards.arm} at {wildcards.concurrency}"
    script:
        "../scripts/measure_cell.py"
