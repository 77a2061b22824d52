# What to use for a source of the user's. Without an output: its advice is printed each time, and its files are `all`'s.
rule measure:
    input:
        DELIVERABLES,
        CELL_FILES,
        all_plans,
        all_pairs,
        results=RESULTS_FILE,
    log:
        f"{RESULTS}/logs/measure.log",
    localrule: True
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        job=RUN.job_command("ingest_bench.workflow.own_source"),
    message:
        "Saying what to use"
    shell:
        "{params.job} {log:q} {input.results:q}"
