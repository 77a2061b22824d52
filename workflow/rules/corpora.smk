rule corpus:
    input:
        lambda wildcards: due(
            f"{RESULTS}/corpora/{wildcards.corpus}.manifest.json",
            [],
            FRESHNESS.corpus,
            wildcards.corpus,
        ),
    output:
        folder=directory(f"{RESULTS}/corpora/{{corpus}}"),
        manifest=f"{RESULTS}/corpora/{{corpus}}.manifest.json",
        job=f"{RESULTS}/corpora/{{corpus}}.job.json",
    log:
        f"{RESULTS}/logs/corpora/{{corpus}}.log",
    wildcard_constraints:
        corpus=any_of(GENERATED),
    priority: FIRST_PASS.corpora
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Building corpus {wildcards.corpus}"
    script:
        "../scripts/build_corpus.py"


rule describe:
    input:
        lambda wildcards: due(
            f"{RESULTS}/corpora/{wildcards.corpus}.manifest.json",
            [],
            FRESHNESS.corpus,
            wildcards.corpus,
        ),
    output:
        manifest=f"{RESULTS}/corpora/{{corpus}}.manifest.json",
        job=f"{RESULTS}/corpora/{{corpus}}.job.json",
    log:
        f"{RESULTS}/logs/corpora/{{corpus}}.log",
    wildcard_constraints:
        corpus=any_of(OWN_FILES),
    priority: FIRST_PASS.corpora
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Reading your corpus {wildcards.corpus} once"
    script:
        "../scripts/describe_corpus.py"
