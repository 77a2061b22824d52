checkpoint ingest_plan:
    input:
        ingest_plan_inputs,
    output:
        INGEST_PLAN,
    log:
        f"{INGEST_STATE}/logs/plan.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        settings=SHARDED.model_dump_json() if SHARDED else "",
    message:
        "Planning the ingest"
    script:
        "../scripts/plan_ingest.py"


rule ingest_shard:
    input:
        plan=lambda wildcards: ingest_due(
            f"{INGEST_STATE}/{wildcards.shard}.json",
            [INGEST_PLAN],
            "shard",
            int(wildcards.shard),
        ),
    output:
        f"{INGEST_STATE}/{{shard}}.json",
    log:
        f"{INGEST_STATE}/logs/{{shard}}.log",
    wildcard_constraints:
        shard=r"\d+",
    conda:
        "../../envs/ingest-bench.yaml"
    resources:
        ingest_slot=1,
    message:
        "Ingesting shard {wildcards.shard}"
    shell:
        f"{INGEST_JOB} shard {{log:q}} {{input.plan:q}} {{wildcards.shard}}"


rule ingest_end:
    input:
        lambda wildcards: ingest_due(
            f"{INGEST_END}/manifest.json", shard_certificates(wildcards), "end"
        ),
    output:
        manifest=f"{INGEST_END}/manifest.json",
        certificate=f"{INGEST_END}/certificate.json",
    log:
        f"{INGEST_STATE}/logs/end.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        plan=INGEST_PLAN,
    message:
        "Checking the shards and signing for the whole"
    shell:
        f"{INGEST_JOB} end {{log:q}} {{params.plan:q}}"


# A rule of its own without output: a failing job loses its files, and they say what is missing. Not worth a cluster's job.
rule ingest:
    input:
        f"{INGEST_END}/certificate.json",
    log:
        f"{INGEST_STATE}/logs/ingest.log",
    localrule: True
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking whether all items came"
    shell:
        f"{INGEST_JOB} verdict {{log:q}} {{input:q}}"
