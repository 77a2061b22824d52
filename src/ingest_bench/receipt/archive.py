"""The archive: what is in it, how it is written, and how one from a stranger is read."""

import io
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from ingest_bench.calibration.models import CALIBRATION
from ingest_bench.config.matrix import cells
from ingest_bench.config.models import Settings
from ingest_bench.errors import ReceiptError
from ingest_bench.results.models import LONGER
from ingest_bench.system.dependencies import lock_files
from ingest_bench.system.environment import environment
from ingest_bench.workflow.round_files import plan_file, plans, round_numbers
from stac_ingest.core.atomic import write_atomically

FORMAT = "stac-ingest-bench receipt 1"
MANIFEST, CONFIG, RESULTS = "manifest.json", "config.json", "benchmark_results.json"
MADE = (
    "benchmark_report.md",
    "benchmark_report.html",
    "comparison.html",
    "phase2_design.md",
    "recommended_ingest.yaml",
)
"""What is made of the results alone, and so can be made again and compared."""
BESIDE = (CALIBRATION, LONGER)
"""Records that the report takes up, where they are there."""
NOTES = tuple(f".made_from/{name}" for name in ("aggregate", "report", "advice"))
"""They say which code made what."""
LARGEST = 1 << 30
"""Bytes of all files together; a run has a few MB."""
MANY = 100_000
"""Files at most."""


def write_receipt(settings: Settings, output: Path | str) -> None:
    """Write the archive of a finished run, whole or not at all; the same files give the same archive but for its time.

    Raises:
        OSError: a file of the run is missing.

    """
    folder = Path(settings.results)
    files = {name: path.read_bytes() for name, path in _files(settings, folder)}
    files[CONFIG] = orjson.dumps(settings.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    machine = environment(folder)
    manifest = {
        "format": FORMAT,
        "made_at": time.time(),
        "commit": machine.commit,
        "machine": machine.model_dump(mode="json", exclude={"commit"}),
        "commands": _commands(settings),
        "files": {name: {"sha256": _hash(data), "bytes": len(data)} for name, data in sorted(files.items())},
    }
    write_atomically(Path(output), packed({**files, MANIFEST: orjson.dumps(manifest, option=orjson.OPT_INDENT_2)}))


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as an archive, by their names in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items(), key=lambda each: (each[0] != MANIFEST, each[0])):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def read_receipt(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """Read an archive, of which nothing is trusted: neither names nor sizes nor checksums.

    Returns:
        Its files by name, and in words what its own manifest doesn't agree with.

    Raises:
        ReceiptError: it is no such archive, or holds what no receipt holds.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MANY or sum(member.file_size for member in members) > LARGEST:
                raise ReceiptError(f"{path}: more than {MANY:,} files, or than {LARGEST:,} bytes of them")
            held = [member for member in members if not member.filename.endswith("/")]
            files = {_name(path, member): archive.read(member) for member in held}
        manifest = orjson.loads(files[MANIFEST])
        if manifest["format"] != FORMAT:
            raise ReceiptError(f"{path}: its format is {manifest['format']!r:.60}, not {FORMAT!r}")
        listed = {str(name): entry["sha256"] for name, entry in manifest["files"].items()}
    except FileNotFoundError:
        raise ReceiptError(f"{path}: not there; `make run` writes it") from None
    except (zipfile.BadZipFile, zlib.error, OSError, UnicodeDecodeError, RuntimeError, EOFError) as error:
        raise ReceiptError(f"{path}: not a receipt, or damaged: {error}") from None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ReceiptError(f"{path}: has no {MANIFEST} as a receipt has") from None
    return files, _disagreements(files, listed)


def _disagreements(files: Mapping[str, bytes], listed: Mapping[str, Any]) -> list[str]:
    held = files.keys() - {MANIFEST}
    return [
        *(f"{name}: listed in {MANIFEST}, but not in the archive" for name in sorted(listed.keys() - held)),
        *(f"{name}: not listed in {MANIFEST}" for name in sorted(held - listed.keys())),
        *(
            f"{name}: its SHA-256 is not the one in {MANIFEST}"
            for name in sorted(held & listed.keys())
            if _hash(files[name]) != listed[name]
        ),
    ]


def _name(path: Path, member: zipfile.ZipInfo) -> str:
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ReceiptError(f"{path}: {member.filename!r:.100} is compressed in a way that no receipt is")
    parts = PurePosixPath(member.filename)
    if parts.is_absolute() or ".." in parts.parts or set(member.filename) & {"\\", ":", "\0"}:
        raise ReceiptError(f"{path}: holds a file that would lie outside of its folder: {member.filename!r:.100}")
    return str(parts)


def _files(settings: Settings, folder: Path) -> Iterator[tuple[str, Path]]:
    planned = cells(settings)
    corpora = sorted({name for cell in planned for name, corpus in cell.corpora.items() if corpus.url is None})
    rounds = list(plans(settings))
    added = (cell.round_file(each) for cell in planned for each in round_numbers(rounds, cell))
    for name in (
        RESULTS,
        *MADE,
        *(cell.file for cell in planned),
        *(plan_file(each.number) for each in rounds),
        *added,
    ):
        yield name, folder / name
    for name in corpora:
        for path in (settings.manifest_file(name), settings.job_file(name)):
            yield path.relative_to(folder).as_posix(), path
    for path in (*(folder / name for name in BESIDE), *(folder / name for name in NOTES)):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path
    for path in lock_files():
        yield f"envs/{path.name}", path


def _commands(settings: Settings) -> dict[str, str]:
    """List the command lines that are measured, by scenario and arm."""
    return {
        f"{name}/{arm}": str(options.settings["command"])
        for name, scenario in settings.scenarios.items()
        for arm, options in scenario.arms.items()
        if "command" in options.settings
    }


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
