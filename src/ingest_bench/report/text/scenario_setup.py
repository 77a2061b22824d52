"""What a scenario was measured on: its corpus, its server, its output; and the names of sections."""

from __future__ import annotations

from ingest_bench.analysis.speedup import median_of
from ingest_bench.config.models import Server
from ingest_bench.report.formatting import counted, number, safe, sentence
from ingest_bench.report.model.scenario import View

_MIB = 1 << 20


def corpus_told(view: View) -> str:
    """Say in one paragraph what was ingested, from where, and what it is compared with."""
    scenario = view.scenario
    parts = [_corpus(view)]
    if scenario.server:
        parts.append(_server(scenario.server))
    if not view.api:
        parts.append(f"{scenario.cache} files")
    if scenario.pipeline:
        parts.append(f"then a small update and output as {scenario.pipeline.output}")
    return f"`{view.name}`: {'; '.join(parts)}. {_baseline(view)}"


def group_title(group: str) -> str:
    """Make the heading of a group of scenarios out of its name."""
    words = [{"api": "API"}.get(word, word) for word in group.split("_")]
    return sentence(" ".join(words))


def _corpus(view: View) -> str:
    corpus = view.corpus
    count = view.expected if view.expected is not None else corpus.items
    items = counted(count, "item") if count is not None else "items"
    if corpus.url:
        return f"{items} of {safe(corpus.collection or '')} at {safe(corpus.url)}"
    size = view.manifest.get("bytes")
    if view.scenario.file:
        held = f" in {safe(view.scenario.file)}"
    else:
        files = view.manifest.get("files")
        held = f" in {counted(files, 'file')}" if files and not view.api else ""
        held += f", {number(size / _MIB)} MiB" if size else ""
    broken = len(view.manifest.get("broken", ()))
    beside = f", beside {counted(broken, 'broken file')}" if broken else ""
    own = f" of your own ({safe(corpus.path)})" if corpus.path else ""
    return f"{items}{own}{held}{beside}"


def _server(server: Server) -> str:
    spread = f" (give or take {server.jitter_ms:g})" if server.jitter_ms else ""
    limit = (
        f", {server.rate.per_second:g} requests a second after a burst of {server.rate.burst}" if server.rate else ""
    )
    return f"a server that thinks {server.think_ms:g} ms a request{spread}, paging by {server.paging}{limit}"


def _baseline(view: View) -> str:
    settings = view.scenario.baseline
    seconds = median_of(sample.wall_s for sample in view.baseline_samples)
    took = f" ({number(seconds)} s)" if seconds is not None else ""
    how = "Speed-up is per item, against" if view.scenario.growing else "Speed-up is against"
    return f"{how} {safe(view.baseline)} at {settings.concurrency}{took}."
