import json
import shlex

from ingest_bench.workflow.sync_run import SyncOfWorkflow
from stac_ingest.errors import IngestError
from stac_ingest.sync.job_files import read_batches, read_run_plan, read_wanted
from stac_ingest.sync.jobs import may_want


def sync_asked_for():
    """Return the sync that `--config` asks for."""
    try:
        found = SyncOfWorkflow(INGEST)
        if {"{", "}"} & {*str(found.state)}:
            raise ConfigurationError(
                f"output: {found.state.parent}: braces would be taken for wildcards; give another name"
            )
        if RUN.plans:
            found.look()
        return found
    except IngestError as error:
        stop(f"ingest: {error}")


KEPT_IN_STEP = sync_asked_for()
# Files of a run are in a folder of its number, so that the next run finds none of them, and has its own to make.
SYNC_WORK = f"{KEPT_IN_STEP.state}/work/{{run}}"
SYNC_LOGS = f"{KEPT_IN_STEP.state}/jobs/{{run}}"
SYNC_RUN = KEPT_IN_STEP.run
SYNC_JOB = RUN.job_command("ingest_bench.workflow.sync_job")
SYNC_GIVEN = shlex.quote(json.dumps(INGEST)).replace("{", "{{").replace("}", "}}")

# Jobs that read at the same time split what a host allows among them, so no option may let more of them run.
if KEPT_IN_STEP.jobs:
    RUN.limit("ingest_slot", KEPT_IN_STEP.jobs)


def sync_file(name, run):
    """Return the path of a file of a run, for which no job is done again, whatever its time."""
    return ancient(f"{SYNC_WORK}/{name}".format(run=run))


def sync_begun(_wildcards):
    """Have the plan made where it is to be, and keep other syncs out."""
    inputs = due(
        f"{SYNC_WORK}/plan.json".format(run=SYNC_RUN),
        [],
        KEPT_IN_STEP.why,
        folder=str(KEPT_IN_STEP.state),
    )
    if RUN.executes:
        RUN.keep_no_records()
        try:
            if (note := KEPT_IN_STEP.claim()) is not None:
                logger.info(f"{KEPT_IN_STEP.settings.output}: {note}")
        except IngestError as error:
            stop(f"ingest: {error}")
    return inputs


def sync_planned(run):
    """Return the plan, once there is one."""
    return read_run_plan(Path(checkpoints.sync_plan.get(run=run).output[0])).plan


def sync_tasks(wildcards):
    """Return the outcomes of the tasks of the plan."""
    tasks = sync_planned(wildcards.run).tasks
    return [sync_file(f"task-{task.number}.json", wildcards.run) for task in tasks]


def sync_all_tasks(wildcards):
    """Return these, and those of the tasks that are made of what was found by its ids alone."""
    found = sync_tasks(wildcards)
    if may_want(sync_planned(wildcards.run)):
        wanted = read_wanted(
            Path(checkpoints.sync_wanted.get(run=wildcards.run).output[0])
        )
        found += [
            sync_file(f"task-{task.number}.json", wildcards.run) for task in wanted
        ]
    return found


def sync_batches(run):
    """Return the numbers of the batches of partitions, once they are known."""
    return range(
        len(read_batches(Path(checkpoints.sync_resolve.get(run=run).output[0])))
    )


def sync_encoded(wildcards):
    """Return what tells that all batches are encoded: an item that can't be keeps its place in another one."""
    return [
        sync_file(f"batch-{batch}.encoded", wildcards.run)
        for batch in sync_batches(wildcards.run)
    ]


def sync_ready(wildcards):
    """Return what the end of the run needs. What takes one job at most, it does by itself."""
    run = wildcards.run
    if not sync_planned(run).tasks:
        return [sync_file("plan.json", run)]
    batches = sync_batches(run)
    if len(batches) < 2:
        return [sync_file("batches.json", run)]
    return [sync_file(f"batch-{batch}.merged", run) for batch in batches]
