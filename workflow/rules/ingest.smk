from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.sharding import ShardedIngest
from stac_ingest.sharding.freshness import IngestFreshness, documents
from stac_ingest.sharding.plan import NAME as PLAN_NAME, read_plan


def ingest_asked_for():
    """Return the settings of an ingest, and what of it is due; None and None where `--config` asks for none."""
    if not INGEST:
        return None, None
    try:
        found = ShardedIngest.parse(INGEST)
        if {"{", "}"} & {*str(found.state_folder)}:
            raise ConfigurationError(
                f"{found.state_folder}: braces would be taken for wildcards; give another name"
            )
        fresh = IngestFreshness(found)
        # Not left to the input functions: what these raise is passed over where the files that they are for are there.
        if workflow.is_main_process and not fresh.plan():
            fresh.end()
        return found, fresh
    except IngestError as error:
        raise WorkflowError(f"ingest: {error}") from None


SHARDED, INGEST_FRESHNESS = ingest_asked_for()
INGEST_STATE = SHARDED.state_folder if SHARDED else "ingest"
INGEST_END = documents(SHARDED) if SHARDED else "ingest"
INGEST_PLAN = f"{INGEST_STATE}/{PLAN_NAME}"

# Shards that run at the same time split what a host allows among them, so no option may let more of them run.
if SHARDED and SHARDED.at_once:
    workflow.register_resource("ingest_slot", SHARDED.at_once)


def ingest_due(path, inputs, check, *subject):
    """Return the inputs of an ingest's job, as `due` does."""
    if not SHARDED:
        raise WorkflowError(
            "ingest: say what to ingest, and where to: --config source=path/or/url output=folder"
        )
    asked = getattr(INGEST_FRESHNESS, check)
    return due(path, inputs, asked, *subject, folder=str(INGEST_END))


def shard_certificates(_wildcards):
    """Return the certificates of all shards, once there is a plan."""
    plan = read_plan(Path(checkpoints.ingest_plan.get().output[0]))
    return [f"{INGEST_STATE}/{shard.name}.json" for shard in plan.shards]


checkpoint ingest_plan:
    input:
        lambda wildcards: ingest_due(INGEST_PLAN, [], "plan"),
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
        lambda wildcards: ingest_due(
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
    script:
        "../scripts/ingest_shard.py"


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
    script:
        "../scripts/close_ingest.py"


# A rule of its own without output: a failing job loses its files, and they say what is missing.
rule ingest:
    input:
        f"{INGEST_END}/certificate.json",
    log:
        f"{INGEST_STATE}/logs/ingest.log",
    conda:
        "../../envs/ingest-bench.yaml"
    message:
        "Looking whether all items came"
    script:
        "../scripts/ingest_gate.py"
