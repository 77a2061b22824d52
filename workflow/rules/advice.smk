DELIVERABLES += [
    f"{RESULTS}/phase2_design.md",
    f"{RESULTS}/recommended_ingest.yaml",
]


rule advice:
    input:
        lambda wildcards: due(
            f"{RESULTS}/phase2_design.md", [RESULTS_FILE], FRESHNESS.advice
        ),
    output:
        design=report(
            f"{RESULTS}/phase2_design.md",
            caption="../report/design.rst",
            category="Advice",
        ),
        settings=report(
            f"{RESULTS}/recommended_ingest.yaml",
            caption="../report/settings.rst",
            category="Advice",
        ),
        curves=report(
            directory(f"{RESULTS}/scaling"),
            patterns=["{scenario}.svg"],
            caption="../report/scaling.rst",
            category="Scaling",
        ),
    log:
        f"{RESULTS}/logs/advice.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        identity=report_identity(SETTINGS),
    message:
        "Writing what follows from the results"
    script:
        "../scripts/write_advice.py"
