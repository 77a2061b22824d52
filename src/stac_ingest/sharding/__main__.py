"""`python -m stac_ingest.sharding source=... output=...`: an ingest in shards by the processes of this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import yaml

from stac_ingest.cli import BAD_DATA, BAD_SETTINGS, COMPLETE, INCOMPLETE, INTERRUPTED
from stac_ingest.errors import ConfigurationError, IngestError
from stac_ingest.progress import printable
from stac_ingest.sharding.runner import run_all
from stac_ingest.sharding.settings import ShardedIngest

_HELP = "usage: python -m stac_ingest.sharding KEY=VALUE...\n\n"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    if set(arguments) & {"-h", "--help"}:
        print(_HELP + "\n".join(f"  {name}: {field.description}" for name, field in ShardedIngest.model_fields.items()))
        return COMPLETE
    try:
        found = run_all(ShardedIngest.parse(_settings(arguments)), on_shard=_progress)
    except ConfigurationError as error:
        return _say(BAD_SETTINGS, error)
    except IngestError as error:
        return _say(BAD_DATA, error)
    except KeyboardInterrupt:
        return _say(INTERRUPTED, "interrupted; the same command goes on from here")
    return _say(INCOMPLETE if found.verdict == "truncated" else COMPLETE, f"{found.verdict}: {found.reason}")


def _settings(arguments: Sequence[str]) -> dict[str, Any]:
    settings = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals:
            raise ConfigurationError(f"{argument!r} is not of the form KEY=VALUE (see --help)")
        settings[key] = yaml.safe_load(value) if key not in ("source", "output", "datetime", "bbox") else value
    return settings


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{done} of {of} shards", end="" if done < of else "\n", file=sys.stderr, flush=True)


def _say(code: int, what: object) -> int:
    print(f"stac-ingest: {printable(what)}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
