"""What a sync has come to, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stac_ingest.core.text import counted
from stac_ingest.sync.run import SyncResult


def result_in_words(result: SyncResult, output: Path) -> Iterator[str]:
    """Yield the lines that say what a sync has come to; the last one is its verdict.

    Args:
        result: of the sync.
        output: the folder that was written to.

    """
    manifest = result.manifest
    counts = manifest.counts
    changed = [f"{counts.added:,} added", f"{counts.changed:,} changed"]
    if counts.moved:
        changed[-1] += f" ({counts.moved:,} of them moved to another folder)"
    if counts.returned:
        changed.append(f"{counts.returned:,} came back")
    changed += [f"{counts.gone:,} gone", f"{counts.unchanged:,} read and unchanged"]
    yield f"{', '.join(changed)}; the output holds {counted(manifest.items, 'item')}"
    if result.requests:
        kinds = ", ".join(f"{count:,} for {kind}" for kind, count in sorted(result.requests.items()))
        yield f"requests: {sum(result.requests.values()):,} ({kinds})"
    yield from (f"note: {note}" for note in result.notes)
    if manifest.failures is not None:
        yield f"{counted(counts.failures, 'failure')}: see {output / manifest.failures}"
    if result.copied is not None:
        sent, size, removed = result.copied
        yield f"copy: sent {counted(sent, 'file')} ({size / 1e6:,.1f} MB), removed {counted(removed, 'replaced part')}"
    yield f"{manifest.verdict}: {manifest.reason}"
