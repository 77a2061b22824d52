from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.sharding import ShardedIngest
from stac_ingest.sharding.status import IngestStatus, documents
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
        fresh = IngestStatus(found)
        if RUN.plans and not found.is_api:
            # Of a million files this takes some seconds.
            logger.info(f"ingest: looking at what {found.source} holds")
        # Not left to the input functions: what these raise is passed over where the files that they are for are there.
        if RUN.plans and not fresh.plan():
            fresh.end()
        return found, fresh
    except IngestError as error:
        stop(f"ingest: {error}")


SHARDED, INGEST_STATUS = ingest_asked_for()
INGEST_STATE = SHARDED.state_folder if SHARDED else "ingest"
INGEST_END = documents(SHARDED) if SHARDED else "ingest"
INGEST_PLAN = f"{INGEST_STATE}/{PLAN_NAME}"
# Not a `script:`, which imports Snakemake first: that would take longer than the smaller of these jobs.
INGEST_JOB = RUN.job_command("ingest_bench.workflow.ingest_job")

# Shards that run at the same time split what a host allows among them, so no option may let more of them run.
if SHARDED and SHARDED.at_once:
    RUN.limit("ingest_slot", SHARDED.at_once)


def ingest_due(path, inputs, check, *subject):
    """Return the inputs of an ingest's job, as `due` does."""
    if not SHARDED:
        stop(
            "ingest: say what to ingest, and where to: --config source=path/or/url output=folder"
        )
    asked = getattr(INGEST_STATUS, check)
    return due(path, inputs, asked, *subject, folder=str(INGEST_END))


def ingest_plan_inputs(_wildcards):
    """Return the inputs of the job that plans, which is for sources that take more than a listing.

    Whether a plan of item files is still good is told by listing them, which is most of what a new one takes. So it is
    made at once, by the process that begins the jobs, where no other run has the output.
    """
    if SHARDED and RUN.begin(str(INGEST_END)) and INGEST_STATUS.is_listed:
        reason = INGEST_STATUS.plan()
        try:
            plan = INGEST_STATUS.planned()
        except IngestError as error:
            stop(f"ingest: {error}")
        logger.info(f"{INGEST_PLAN}: {reason}; now planned, {len(plan.shards)} shards")
    return ingest_due(INGEST_PLAN, [], "plan")


def shard_certificates(_wildcards):
    """Return the certificates of all shards, once there is a plan."""
    plan = read_plan(Path(checkpoints.ingest_plan.get().output[0]))
    return [f"{INGEST_STATE}/{shard.name}.json" for shard in plan.shards]
