"""Results of schema 1.0 and 1.1 as schema 2.4 has them: other names for the same things, and nothing else."""

from collections.abc import Iterator
from typing import Any

EARLIER = ("1.0", "1.1")
"""Versions of results that are read as 2.4, which has fields that 2.0 had not, and renamed none."""
_STOP_REASONS = {
    "narrow enough": "target_ci_reached",
    "budget spent": "time_limit",
    "most pairs taken": "max_pairs",
    "no valid pair": "no_valid_pair",
}
_FETCHERS = {"upstream": "stac_manager"}
_SAMPLING = {"target_width": "target_ci_width", "trace_items": "tracemalloc_items"}
_INGEST = {"max_response_mb": "max_response_mib"}
NAMES = {
    "cells.*": {"null": "is_null_cell", "ratio": "speedup"},
    "cells.*.samples.*": {"peak_rss_mb": "peak_rss_mib", "start_rss_mb": "start_rss_mib", "void": "invalid"},
    "cells.*.samples.*.digest": {"residue": "content_class"},
    "cells.*.trace": {"peak_mb": "peak_mib"},
    "cells.*.environment": {"memory_gb": "memory_gib", "memory_limit_gb": "memory_limit_gib"},
    "cells.*.settings.settings": _INGEST,
    "cells.*.baseline.settings": _INGEST,
    "config.sampling": _SAMPLING,
    "config.scenarios.*.sampling": _SAMPLING,
    "config.corpora.*": {"broken": "corrupt_share", "crowded": "skewed"},
    "config.scenarios.*.arms.*": {"leaves_out": "skip"},
    "config.scenarios.*.arms.*.settings": _INGEST,
}
"""Where a field is (`*`: of every element), its name in 1.x, and its name in 2.0."""
VALUES = {
    "cells.*": {"stop_reason": _STOP_REASONS},
    "cells.*.settings": {"fetcher": _FETCHERS},
    "cells.*.baseline": {"fetcher": _FETCHERS},
    "config.scenarios.*.arms.*": {"fetcher": _FETCHERS},
}
"""Where a field is, its name, and what its values in 1.x are called in 2.0."""


def upgrade(results: Any) -> None:
    """Rewrite the parsed JSON of a results file of an earlier version in place; any other stays as it is."""
    if not isinstance(results, dict) or results.get("schema_version") not in EARLIER:
        return
    for path, values in VALUES.items():
        for record in _records(results, path.split(".")):
            for field, now in values.items():
                if isinstance(value := record.get(field), str):
                    record[field] = now.get(value, value)
    for path, names in NAMES.items():
        for record in _records(results, path.split(".")):
            for name in names.keys() & record.keys():
                record[names[name]] = record.pop(name)
    for record in (results, *_records(results, ["cells", "*"])):
        record["schema_version"] = "2.4"


def _records(node: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects at a path. What has another form than it should is left to the model to refuse."""
    if not path:
        if isinstance(node, dict):
            yield node
    elif path[0] == "*":
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for each in inner:
            yield from _records(each, path[1:])
    elif isinstance(node, dict) and path[0] in node:
        yield from _records(node[path[0]], path[1:])
