wildcard_constraints:
    run=r"\d+",
    task=r"\d+",
    batch=r"\d+",


checkpoint sync_plan:
    input:
        sync_begun,
    output:
        f"{SYNC_WORK}/plan.json",
    log:
        f"{SYNC_LOGS}/plan.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking for what has changed"
    shell:
        f"{SYNC_JOB} plan {{log:q}} {SYNC_GIVEN}"


rule sync_read:
    input:
        lambda wildcards: sync_file("plan.json", wildcards.run),
    output:
        f"{SYNC_WORK}/task-{{task}}.json",
    log:
        f"{SYNC_LOGS}/task-{{task}}.log",
    conda:
        "../../envs/ingest-bench.yaml"
    resources:
        ingest_slot=1,
    message:
        "Reading task {wildcards.task}"
    shell:
        f"{SYNC_JOB} read {{log:q}} {SYNC_GIVEN} {{wildcards.task}}"


checkpoint sync_wanted:
    input:
        sync_tasks,
    output:
        f"{SYNC_WORK}/wanted.json",
    log:
        f"{SYNC_LOGS}/wanted.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking for items that are known by their ids alone"
    shell:
        f"{SYNC_JOB} wanted {{log:q}} {SYNC_GIVEN}"


checkpoint sync_resolve:
    input:
        sync_all_tasks,
    output:
        f"{SYNC_WORK}/batches.json",
    log:
        f"{SYNC_LOGS}/resolve.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Comparing what came with what is held"
    shell:
        f"{SYNC_JOB} resolve {{log:q}} {SYNC_GIVEN}"


rule sync_encode:
    input:
        lambda wildcards: sync_file("batches.json", wildcards.run),
    output:
        f"{SYNC_WORK}/batch-{{batch}}.encoded",
    log:
        f"{SYNC_LOGS}/encode-{{batch}}.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Encoding batch {wildcards.batch}"
    shell:
        f"{SYNC_JOB} encode {{log:q}} {SYNC_GIVEN} {{wildcards.batch}}"


rule sync_merge:
    input:
        sync_encoded,
    output:
        f"{SYNC_WORK}/batch-{{batch}}.merged",
    log:
        f"{SYNC_LOGS}/merge-{{batch}}.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Writing batch {wildcards.batch}"
    shell:
        f"{SYNC_JOB} merge {{log:q}} {SYNC_GIVEN} {{wildcards.batch}}"


rule sync_publish:
    input:
        sync_ready,
    output:
        f"{SYNC_LOGS}/published.txt",
    log:
        f"{SYNC_LOGS}/publish.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Publishing the run"
    shell:
        f"{SYNC_JOB} publish {{log:q}} {SYNC_GIVEN} {{wildcards.run}} {{output:q}}"


# A rule of its own without output: a failing job loses its files, and a run that isn't complete is published as well.
rule ingest:
    input:
        f"{KEPT_IN_STEP.state}/jobs/{SYNC_RUN}/published.txt",
    log:
        f"{KEPT_IN_STEP.state}/jobs/{SYNC_RUN}/ingest.log",
    retries: 0
    localrule: True
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking whether all is there"
    shell:
        f"{SYNC_JOB} verdict {{log:q}} {{input:q}}"
