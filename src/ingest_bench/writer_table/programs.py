"""What runs inside one tool's process, in the environment that has it: `python -m ingest_bench.writer_table.programs`.

Nothing is imported from outside of the standard library before the tool itself, so an environment needs neither this
project's packages nor any other tool's.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ingest_bench.writer_table.readers import READERS
from ingest_bench.writer_table.writers import WRITERS


def main(arguments: list[str]) -> None:
    """Do one thing, and print how it ended as a line of JSON.

    `versions` prints the version of each package that is installed; `write KEY ITEMS TABLE` writes a table;
    `read KEY TABLE ITEMS` reads one into a file of JSON.
    """
    try:
        ended = _done(*arguments)
    except Exception as error:  # noqa: BLE001 - what a tool raises is a result
        ended = {"error": type(error).__name__, "message": " ".join(str(error).split())[:300]}
    sys.stdout.write(json.dumps(ended) + "\n")
    sys.stdout.flush()
    os._exit(0)  # the work is done: threads of a tool's own are not waited for, and can't trouble the end of Python


def _done(task: str, *arguments: str) -> dict[str, str]:
    if task == "versions":
        return _versions()
    if task == "write":
        key, items, table = arguments
        writer = next(one for one in WRITERS if one.key == key)
        writer.run(json.loads(Path(items).read_text()), Path(table), **writer.settings)
    else:
        key, table, items = arguments
        reader = next(one for one in READERS if one.key == key)
        Path(items).write_text(json.dumps(reader.run(Path(table), **reader.settings)))
    return {}


def _versions() -> dict[str, str]:
    names = {name for one in (*WRITERS, *READERS) for name in (one.tool, *one.needs)}
    found = {}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
