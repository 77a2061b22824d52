# Asked for by name; the report says what it found, once it is there.
rule calibrate:
    input:
        lambda wildcards: due(f"{RESULTS}/calibration.json", [], FRESHNESS.calibration),
    output:
        f"{RESULTS}/calibration.json",
    log:
        f"{RESULTS}/logs/calibrate.log",
    conda:
        "../../envs/ingest-bench.yaml"
    threads: RUN.cores
    resources:
        bench_slot=1,
    params:
        seed=SETTINGS.seed,
    message:
        "Calibrating against known answers"
    script:
        "../scripts/calibrate.py"
