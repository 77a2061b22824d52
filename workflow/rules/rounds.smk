def plan_of(number):
    """Return the plan of a round, once it is made."""
    return read_round(checkpoints.plan_round.get(round=number).output[0])


def before_round(number):
    """Return what the plan of a round is made from: the first pass, and all rounds of before."""
    before = [
        path
        for earlier in range(1, number)
        for path in [
            f"{RESULTS}/{plan_file(earlier)}",
            *files_of(SETTINGS, plan_of(earlier)),
        ]
    ]
    return [*CELL_FILES, *before]


def all_plans(_wildcards):
    """Return the plans of all rounds, the last of which adds nothing; none where cells are measured at one go."""
    found = []
    while SETTINGS.two_passes:
        found.append(f"{RESULTS}/{plan_file(len(found) + 1)}")
        if not plan_of(len(found)).cells:
            break
    return found


def all_pairs(wildcards):
    """Return the files of the pairs that rounds have added."""
    return [
        path
        for path in all_plans(wildcards)
        for path in files_of(SETTINGS, read_round(path))
    ]


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
