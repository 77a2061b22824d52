RECEIPT = f"{RESULTS}/receipt.zip"
DELIVERABLES.append(RECEIPT)


# What the report is made of and into goes into one archive, so all of that has to be there.
rule receipt:
    input:
        lambda wildcards: due(
            RECEIPT,
            [*[each for each in DELIVERABLES if each != RECEIPT], *CELL_FILES],
            FRESHNESS.receipt,
        ),
    output:
        RECEIPT,
    log:
        f"{RESULTS}/logs/receipt.log",
    conda:
        "../../envs/ingest-bench.yaml"
    params:
        identity=report_identity(SETTINGS),
    message:
        "Writing the receipt"
    script:
        "../scripts/write_receipt.py"
