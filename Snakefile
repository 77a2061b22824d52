"""Measures how STAC items are best ingested on this machine, from these sources."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")


# Another configuration given on the command line stands in its place: a matrix is not laid over another one.
# An ingest needs none, so that it works in any folder; and for a source alone one is made that suits it.
if (
    "scenarios" not in config
    and ("source" not in config or "output" in config)
    and ("source" not in config or Path("config.yaml").exists())
):

    configfile: "config.yaml"


include: "workflow/rules/common.smk"


if not ONLY_INGEST:

    include: "workflow/rules/matrix.smk"
    include: "workflow/rules/corpora.smk"
    include: "workflow/rules/measure.smk"
    include: "workflow/rules/rounds_common.smk"
    include: "workflow/rules/rounds.smk"
    include: "workflow/rules/report.smk"
    include: "workflow/rules/compare.smk"
    include: "workflow/rules/advice.smk"
    include: "workflow/rules/receipt.smk"
    include: "workflow/rules/calibrate.smk"
    include: "workflow/rules/own_source.smk"

    WHOLE = [DELIVERABLES, CELL_FILES, all_plans, all_pairs]

else:

    WHOLE = []


# A source is ingested once, or kept in step with: other jobs, by the same name.
if IS_SYNC:

    include: "workflow/rules/sync_common.smk"
    include: "workflow/rules/sync.smk"

else:

    include: "workflow/rules/ingest_common.smk"
    include: "workflow/rules/ingest.smk"


rule all:
    default_target: RUN.standalone
    input:
        whole_matrix,
        *WHOLE,
    message:
        "All is there"
