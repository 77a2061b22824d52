rule comparison:
    input:
        earlier=earlier_run,
        current=f"{RESULTS}/benchmark_results.json",
    output:
        markdown=report(
            f"{RESULTS}/compare.md",
            caption="../report/compare.rst",
            category="Report",
        ),
        json=f"{RESULTS}/compare.json",
    log:
        f"{RESULTS}/logs/comparison.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Comparing with {input.earlier}"
    script:
        "../scripts/compare.py"


# A rule of its own without output: a failing job loses its files, and they say what is worse.
rule compare:
    input:
        f"{RESULTS}/compare.json",
    log:
        f"{RESULTS}/logs/compare.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking for regressions"
    script:
        "../scripts/gate.py"
