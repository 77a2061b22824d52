"""Whether a run delivered all there is, and what that verdict rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from stac_ingest.core.atomic import replacing
from stac_ingest.core.text import counted
from stac_ingest.errors import DataProcessingError
from stac_ingest.http.urls import display

if TYPE_CHECKING:
    from stac_ingest.config import IngestConfig
    from stac_ingest.failures import Failure
    from stac_ingest.pipeline import PipelineResult
    from stac_ingest.summary import IngestSummary

NAME = "certificate.json"
NOTES = "notes.ndjson"
"""Names the values that were altered or left out."""
FAILURES = "failures.ndjson"
"""Names what could not be used."""
_SHOWN, _SHOWN_WITHOUT_FILE = 5, 1000
"""Failures that are printed: some, or more where no file names them all."""

_OF_SUMMARY = (
    *("matched", "pages", "requests", "retries", "overlaps", "filtered", "passed_over", "notes"),
    *("fast_batches", "safe_batches"),
)
Verdict = Literal["complete", "complete with duplicates", "complete with changes", "truncated", "unknown"]


@dataclass(frozen=True, kw_only=True)
class CompletenessReport:
    """The counts of a run and the verdict."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    verdict: Verdict
    reason: str
    """The verdict in words."""
    interrupted: bool
    """Whether the run was stopped before its end."""
    source: str
    collection: str | None
    items: int
    """Distinct items that the source delivered, in this run and those it resumes."""
    expected: int | None
    """How many there should be, where the source says so or all were seen."""
    matched: int | None
    """The server's `numberMatched`."""
    max_items: int | None
    pages: int
    requests: int
    retries: int
    duplicates: int
    """Items that came again and were left out."""
    filtered: int = 0
    """Items that the filters of the settings left out here, in this run: of files, and of what a server sent."""
    overlaps: int = 0
    """Items that came in two parts of a search that was split, and were left out once."""
    passed_over: int = 0
    """Documents among the files that hold no items, such as catalogs."""
    changed_items: int = 0
    """Items with a value that was altered or left out; see notes.ndjson."""
    changes: int = 0
    """Values that were altered or left out."""
    null_members: int = 0
    """Null members that the output can't hold and left out, in this run."""
    ingest_failures: int
    """Files, pages or items that could not be read."""
    stage_failures: int
    """Items that could not be transformed or written."""
    skipped: int
    """Completed already, in an earlier run."""
    fast_batches: int = 0
    """Batches of the source that went to the output whole, without an object for each item."""
    safe_batches: int = 0
    """Batches of the source that were decoded item by item."""
    read_again: int
    """Of those skipped, how many this run had to read to find that out."""
    dropped: int
    """Taken out by a modifier."""
    written: int
    """In this run."""
    output: dict[str, Any]
    """What the output says it holds."""
    seconds: float
    notes: list[str]

    def write(self, folder: Path) -> Path:
        """Write `certificate.json`, whole or not at all.

        Returns:
            Its path.

        """
        target = folder / NAME
        # One name of the temporary file for all processes: an output folder must not gather what killed runs left.
        with replacing(target, temporary=folder / f".{NAME}.part") as stream:
            stream.write(json.dumps(asdict(self), indent=2).encode() + b"\n")
        return target


def completeness_report(
    config: IngestConfig,
    collection: str | None,
    summary: IngestSummary,
    result: PipelineResult,
    *,
    failures: int,
    interrupted: bool = False,
) -> CompletenessReport:
    """Return the report of a run.

    Args:
        config: the settings of the run.
        collection: the collection requested.
        summary: the ingest's counts.
        result: the pipeline's counts.
        failures: entries of the failure collector, from all stages.
        interrupted: the run ended early, by the user or by an error.

    """
    ingest_failures = max(0, failures - result.failed)
    expected = _expected(config, summary, ingest_failures)
    # What this run left out, since an earlier one had read it, counts.
    delivered = result.fetched - result.duplicates + summary.resumed
    duplicates = summary.duplicates + result.duplicates
    changes = summary.changes
    verdict, reason = verdict_of(delivered, expected, duplicates, changes.items)
    if summary.filtered:
        reason += f"; {counted(summary.filtered, 'other was', 'others were')} filtered out"
    if result.dropped:
        reason += f"; transforms left out {result.dropped:,} of them"
    if interrupted:
        verdict, reason = "truncated", f"stopped after {counted(delivered, 'item')}"
    elif result.failed or ingest_failures:
        verdict = "truncated"
        reason = f"{counted(ingest_failures, 'failure')} in the ingest, {result.failed:,} in the stages after it"
    # What went to the output as lines is looked at by the way.
    if not config.exact_numbers and (summary.safe_batches or not summary.fast_batches):
        summary.note("whole numbers beyond 64 bits were looked for in a sample of the texts; others were rounded")
    return CompletenessReport(
        verdict=verdict,
        reason=reason,
        interrupted=interrupted,
        source=display(config.source, source=True) if config.is_remote else config.source,
        collection=collection,
        items=delivered,
        expected=expected,
        max_items=config.max_items,
        duplicates=duplicates,
        changed_items=changes.items,
        changes=changes.changes,
        null_members=changes.null_members,
        ingest_failures=ingest_failures,
        stage_failures=result.failed,
        skipped=result.skipped + summary.resumed,
        read_again=result.skipped,
        dropped=result.dropped,
        written=result.written,
        output=result.manifest,
        seconds=round(result.seconds, 3),
        **{name: getattr(summary, name) for name in _OF_SUMMARY},
    )


def _expected(config: IngestConfig, summary: IngestSummary, failures: int) -> int | None:
    """Return how many items there should be; None where a server keeps its count secret.

    Files are all listed before they are read.

    """
    limit = config.max_items
    known = summary.matched if config.mode == "api" else summary.items + failures + summary.resumed + summary.unread
    if known is not None and config.mode == "api":
        known -= summary.filtered  # the server counts what was left out here
    if known is None:
        return limit if limit is not None and summary.items >= limit else None
    return known if limit is None else min(known, limit)


def verdict_of(delivered: int, expected: int | None, duplicates: int, changed: int = 0) -> tuple[Verdict, str]:
    """Return the verdict on what was delivered without failures, and the reason in words.

    Args:
        delivered: distinct items.
        expected: how many there should be; None where the source doesn't say.
        duplicates: items that came again and were left out.
        changed: items with a value that was altered or left out.

    """
    altered = f"; values of {counted(changed, 'item')} were changed; {NOTES} names them" if changed else ""
    if expected is None:
        return "unknown", f"{counted(delivered, 'item')} came; the server doesn't say how many there are{altered}"
    if delivered < expected:
        return "truncated", f"{delivered:,} of {counted(expected, 'item')} came"
    more = delivered > expected
    text = "the one item came" if expected == 1 else f"all {expected:,} items came"
    if more:
        text = f"{counted(delivered, 'item')} came, more than the {expected:,} counted"
    if duplicates:
        text += f", {duplicates:,} of them again"
    if changed:
        return "complete with changes", text + altered
    if duplicates:
        return "complete with duplicates", text
    return "complete", text


def require_complete(path: Path) -> str:
    """Check that the report of a run, or of a whole ingest in shards, says that all came.

    Args:
        path: of `certificate.json`.

    Returns:
        The verdict and its reason, for a log. Any verdict but `truncated` passes.

    Raises:
        DataProcessingError: the verdict is `truncated`; the text says how many items came.
        OSError: there is no report.
        ValueError: it is no JSON.

    """
    report = json.loads(path.read_bytes())
    text = f"{report['verdict']}: {report['reason']} ({path})"
    if report["verdict"] == "truncated":
        raise DataProcessingError(text)
    return text


def describe(
    certificate: CompletenessReport, failures: Sequence[Failure], *, label: str, folder: Path | None
) -> Iterator[str]:
    """Yield what is to be said of a run, line by line, the verdict last.

    Args:
        certificate: of the run.
        failures: of all stages.
        label: of the output's format.
        folder: with the files that say more; None where there is none.

    """
    shown = _SHOWN_WITHOUT_FILE if folder is None else _SHOWN
    for failure in failures[:shown]:
        yield f"failed: {failure.item_id}: {failure.error}"
    if len(failures) > shown:
        more = f"{folder / FAILURES} has all {len(failures):,} failures" if folder else f"{len(failures):,} in all"
        yield more
    rate = certificate.items / certificate.seconds if certificate.seconds else 0.0
    pages = f" from {counted(certificate.pages, 'page')}" if certificate.pages else ""
    yield (
        f"{counted(certificate.items, 'item')}{pages} in {certificate.seconds:,.1f} s "
        f"({rate:,.0f}/s): {certificate.written:,} written, {certificate.skipped:,} done before, "
        f"{counted(certificate.duplicates, 'duplicate')}, "
        f"{counted(certificate.ingest_failures + certificate.stage_failures, 'failure')}"
    )
    if certificate.overlaps:
        twice = counted(certificate.overlaps, "item was", "items were")
        yield f"{twice} read twice, in two parts of the search, and written once"
    if certificate.duplicates and folder:
        yield f"{folder / NOTES} names the duplicates; the first copy of each was kept"
    if certificate.changes:
        named = f"; {folder / NOTES} names them" if folder else ""
        yield f"{counted(certificate.changes, 'value')} of {counted(certificate.changed_items, 'item')} changed{named}"
    if certificate.null_members:
        nulls = counted(certificate.null_members, "null member was", "null members were")
        yield f"{nulls} left out: {label} can't hold them"
    yield from certificate.notes
    yield f"{certificate.verdict}: {certificate.reason}" + (f" ({folder / NAME})" if folder else "")
