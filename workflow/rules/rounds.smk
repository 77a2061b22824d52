checkpoint plan_round:
    input:
        lambda wildcards: due(
            f"{RESULTS}/{plan_file(int(wildcards.round))}",
            before_round(int(wildcards.round)),
            FRESHNESS.plan,
            int(wildcards.round),
        ),
    output:
        f"{RESULTS}/rounds/{{round}}.json",
    log:
        f"{RESULTS}/logs/rounds/{{round}}.log",
    wildcard_constraints:
        round=r"\d+",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        identity=round_identity(SETTINGS),
    message:
        "Planning round {wildcards.round}"
    script:
        "../scripts/plan_round.py"


rule add_pairs:
    input:
        lambda wildcards: due(
            f"{RESULTS}/{cell_of(wildcards).round_file(int(wildcards.round))}",
            [
                f"{RESULTS}/{cell_of(wildcards).file}",
                *(
                    path
                    for name in cell_of(wildcards).corpora
                    for path in corpus_files(name)
                ),
            ],
            FRESHNESS.added,
            cell_of(wildcards),
            int(wildcards.round),
        ),
        plan=ancient(f"{RESULTS}/rounds/{{round}}.json"),
    output:
        f"{RESULTS}/pairs/{{scenario}}/{{arm}}-{{concurrency}}/round-{{round}}.json",
    log:
        f"{RESULTS}/logs/pairs/{{scenario}}/{{arm}}-{{concurrency}}/round-{{round}}.log",
    wildcard_constraints:
        concurrency=r"\d+",
        round=r"\d+",
    conda:
        "../../envs/ingest-bench.yaml"
    threads: RUN.cores
    resources:
        bench_slot=1,
        attempt=lambda wildcards, attempt: attempt,
    message:
        "Adding pairs to {wildcards.scenario}: {wildcards.arm} at {wildcards.concurrency} (round {wildcards.round})"
    script:
        "../scripts/add_pairs.py"
