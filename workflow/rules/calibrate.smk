from ingest_bench.code_digest import calibration_digest


# Asked for by name; the report says what it found, once it is there.
rule calibrate:
    output:
        f"{RESULTS}/calibration.json",
    log:
        f"{RESULTS}/logs/calibrate.log",
    conda:
        "../../envs/ingest-bench.yaml"
    threads: ALL_CORES
    resources:
        bench_slot=1,
    params:
        seed=SETTINGS.seed,
        code=lambda wildcards: calibration_digest(),
    message:
        "Calibrating against known answers"
    script:
        "../scripts/calibrate.py"
