"""The page of a reference run, as Markdown, made from its record alone."""

from __future__ import annotations

from collections.abc import Sequence

from ingest_bench.reference.least import Cost, counts_per_month, id_pages, idle_requests_per_month, item_pages
from ingest_bench.reference.projection import Projection, project
from ingest_bench.reference.records import Epoch, Job, Reference
from ingest_bench.report.formatting import NOTHING, number, paragraph, point, safe, span, times, whole
from stac_ingest.core.text import counted

_GB, _MB = 1e9, 1e6
_CONTENT_HEAD = (
    *("epoch", "items", "changed", "moved", "new", "gone", "verdict", "equal to the truth", "journal", "parts", "GB"),
    "disk, GB",
)
_ITEM_COST = ("pages of items", "least", "ratio")
_ID_COST = ("pages of ids", "least", "ratio", "repeated")
_JOB_HEAD = (
    *("run", "time", "reading", "server's CPU time", "requests", "MB received", "memory, MiB", "largest process, MiB"),
    "ended by",
)


def page(reference: Reference) -> str:
    """Return the page."""
    description, machine = reference.description, reference.environment
    outcome = (
        "The output was equal to the truth after each epoch, and the audit found nothing."
        if reference.ok
        else "**The output was not equal to the truth, or a command failed: see below.**"
    )
    epochs = counted(len(reference.epochs) - 1, "epoch")
    begun = (
        f"A simulated API of {description.items:,} items (seed {description.seed}) over eight years is mirrored by "
        f"`stac-ingest sync` and kept in step through {epochs} of changes. Each run "
        "is ended by SIGKILL once, at a moment drawn at random, and run again. " + outcome
    )
    host = (
        f"Server and command ran on one machine: {safe(machine.cpu_model)}, {counted(machine.cores, 'core')}, "
        f"{machine.memory_gib} GiB; Python {machine.python}. Pages of items hold {reference.page_items:,}, and the "
        f"server's largest page {reference.largest_page:,}. What the columns mean, and the model: docs/reference.md."
    )
    blocks = [
        "# The reference job",
        paragraph(begun),
        paragraph(host),
        "## What was in the output",
        _table(
            _CONTENT_HEAD,
            [_content(epoch) for epoch in reference.epochs],
        ),
        *_wrong(reference),
        "## What it took",
        _table(
            _JOB_HEAD,
            [row for epoch in reference.epochs for row in _jobs(epoch)]
            + [_job("nothing changed", reference.idle), _job("audit", reference.audit)],
        ),
        "## Requests against the least possible",
        _table(
            ("epoch", *_ITEM_COST, *_ID_COST, "counts a month"),
            [_requests(reference, epoch) for epoch in reference.epochs],
        ),
        paragraph(
            f"A sync with nothing changed made {number(idle_requests_per_month(reference))} requests for each month of "
            "data."
        ),
        "## What an item costs",
        _table(
            ("epoch", "items that had to be read", "items a second", "ms an item", "requests an item", "KB an item"),
            [_item(epoch) for epoch in reference.epochs],
        ),
        "## On paper",
        *_projected(project(reference)),
    ]
    return "\n\n".join(blocks) + "\n"


def _content(epoch: Epoch) -> Sequence[str]:
    counts = (epoch.check.expected, epoch.changed, epoch.moved, epoch.added, epoch.removed)
    return (
        str(epoch.number),
        *map(whole, counts),
        safe(epoch.verdict),
        "yes" if epoch.check.ok else "**no**",
        "in several" if epoch.journal is None else "right" if epoch.journal.ok else "**wrong**",
        whole(epoch.parts),
        number(epoch.held_bytes / _GB),
        number(epoch.disk_bytes / _GB),
    )


def _wrong(reference: Reference) -> list[str]:
    lines = []
    for epoch in reference.epochs:
        if not epoch.check.ok:
            check = epoch.check
            lines.append(
                point(
                    f"Epoch {epoch.number}: {check.missing:,} missing, {check.extra:,} extra, {check.repeated:,} "
                    f"repeated, {check.different:,} different, {check.misplaced:,} misplaced, "
                    f"{counted(check.damaged_parts, 'damaged part')}. {safe('; '.join(check.examples))}"
                )
            )
        if epoch.journal is not None and not epoch.journal.ok:
            journal = epoch.journal
            told = f"of {counted(journal.lines, 'line')} of the journal {journal.wrong:,} say what isn't so"
            lines.append(point(f"Epoch {epoch.number}: {told}; {counted(journal.missing, 'change')} are in none"))
    return ["\n".join(lines)] if lines else []


def _jobs(epoch: Epoch) -> list[Sequence[str]]:
    return [_job(f"epoch {epoch.number}", epoch.killed), _job(f"epoch {epoch.number}, again", epoch.finished)]


def _job(name: str, job: Job) -> Sequence[str]:
    ended = "SIGKILL" if job.killed else f"exit code {job.exit_code}"
    return (
        name + (" (counted from its last start)" if job.starts > 1 else ""),
        span(job.wall_s),
        span(job.read_s),
        span(job.server_cpu_s),
        whole(job.traffic.requests),
        number(job.traffic.bytes / _MB),
        whole(job.peak_mib),
        whole(job.peak_process_mib),
        ended,
    )


def _requests(reference: Reference, epoch: Epoch) -> Sequence[str]:
    items, ids = item_pages(reference, epoch), id_pages(reference, epoch)
    return (str(epoch.number), *_cost(items), *_cost(ids), whole(ids.repeated), number(counts_per_month(epoch)))


def _cost(cost: Cost) -> Sequence[str]:
    ratio = cost.ratio
    return whole(cost.asked), whole(cost.least), NOTHING if ratio is None else times(ratio)


def _item(epoch: Epoch) -> Sequence[str]:
    seconds, items = epoch.killed.wall_s + epoch.finished.wall_s, max(1, epoch.touched)
    return (
        str(epoch.number),
        whole(epoch.touched),
        whole(items / seconds),
        number(1000 * seconds / items),
        number(epoch.traffic.requests / items),
        number(epoch.traffic.bytes / items / 1000),
    )


def _projected(projected: Projection) -> list[str]:
    load, sync = projected.first_load, projected.sync
    rate, volume = whole(projected.asked_items_per_s), whole(projected.asked_bytes_per_s / _MB)
    points = (
        f"first load: {span(load.least)} to {span(load.most)}",
        f"a sync with this share of changes: {span(sync.least)} to {span(sync.most)}",
        f"the API would send {rate} items a second ({volume} MB/s) while the nodes read; a slower one sets the time",
        f"requests of the first load: {whole(projected.requests)}",
        f"received: {whole(projected.bytes / _GB)} GB; on disk: {whole(projected.disk_bytes / _GB)} GB",
    )
    begun = (
        f"{counted(projected.items, 'item')}, {counted(projected.nodes, 'node')}, by the model of docs/reference.md:"
    )
    return [paragraph(begun), "\n".join(map(point, points))]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
