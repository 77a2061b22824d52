# What to use for a source of the user's. Without an output: its advice is printed each time, and its files are `all`'s.
rule measure:
    input:
        DELIVERABLES,
        CELL_FILES,
        all_plans,
        all_pairs,
    log:
        f"{RESULTS}/logs/measure.log",
    localrule: True
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        job=RUN.job_command("ingest_bench.workflow.own_source"),
        results=RESULTS_FILE,
    message:
        "Saying what to use"
    shell:
        "{params.job} {log:q} {params.results:q}"
