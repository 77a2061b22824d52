"""From a source to the configuration that measures it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from ingest_bench.config.matrix import load_settings
from ingest_bench.errors import SettingsError
from ingest_bench.survey.apis import LOOKS, survey_api
from ingest_bench.survey.catalogs import survey_catalog
from ingest_bench.survey.files import survey_json
from ingest_bench.survey.found import Found
from ingest_bench.survey.matrix import REMOTE_IN_FLIGHT, REMOTE_RATE, matrix_for
from ingest_bench.survey.part import Part
from ingest_bench.survey.request import MeasureRequest
from ingest_bench.survey.tables import survey_tables
from stac_ingest.core.atomic import write_atomically
from stac_ingest.errors import IngestError
from stac_ingest.http.urls import display
from stac_ingest.sources.kind import catalog_document, kind_of, named_kind

CONFIG = "config.yaml"
"""Below the results: what is measured."""
_ABOUT = "# What `snakemake measure` measures, made by looking at the source. It is made anew by each call.\n# asked: "


def survey_source(request: MeasureRequest, say: Callable[[str], None], *, dry: bool = False) -> dict[str, Any]:
    """Look at a source, and write the configuration that measures it into the folder of the results.

    An API is looked at once for the same request: each look costs requests.

    Args:
        request: the source, and how much it may take.
        say: tells what is done.
        dry: whether it is a dry run, which asks no server and writes nothing.

    Returns:
        The configuration.

    Raises:
        SettingsError: the source isn't there, is empty, or of a kind that isn't measured; or it is a server that isn't
            allowed to be asked.

    """
    path = Path(request.results) / CONFIG
    asked = request.fingerprint
    _check_ours(path)
    if request.is_api:
        if (kept := _kept(path, asked)) is not None:
            say(f"measure: {display(request.source)} was looked at before; remove {path} to have it looked at again")
            return kept
        _check_allowed(request, say, asks=not dry)
    else:
        say(f"measure: looking at {request.source}")
    part = Part.of(request, is_written=not dry)
    found = _looked_at(request, part)
    config = matrix_for(request, found)
    load_settings(config)
    if not dry:
        for line in _replaced(path, request):
            say(line)
        part.remove_others()
        _write(path, asked, config)
    for line in told(found, request):
        say(line)
    return config


def _check_ours(path: Path) -> None:
    """Leave a configuration alone that a user has written.

    Raises:
        SettingsError: there is one.

    """
    try:
        is_ours = path.read_bytes().startswith(_ABOUT.partition("\n")[0].encode())
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(
            f"results: {path} can't be read ({error.strerror}); name another folder (results=...)"
        ) from None
    if not is_ours:
        raise SettingsError(
            f"results: {path} is there and wasn't made by `snakemake measure`, which would write its own in its place; "
            "name another folder (results=...)"
        )


def _write(path: Path, asked: str, config: dict[str, Any]) -> None:
    text = _ABOUT + asked + "\n" + yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text.encode())


def _replaced(path: Path, request: MeasureRequest) -> Iterator[str]:
    """Say that what was measured of another source goes."""
    with suppress(SettingsError, AttributeError, KeyError, TypeError):
        before = read_config(path.parent)["whole"]["source"]
        if before != request.source:
            yield (
                f"measure: {path.parent} holds what was measured of {display(str(before))}, which is replaced; "
                "results=... names another folder"
            )


def read_config(results: Path | str) -> dict[str, Any]:
    """Read the configuration that a survey has written.

    Raises:
        SettingsError: it isn't there.

    """
    path = Path(results) / CONFIG
    try:
        found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise SettingsError(f"{path}: can't be read; run `snakemake measure` again") from None
    return found


def told(found: Found, request: MeasureRequest) -> list[str]:
    """Say what was found, in lines."""
    low, high = f"{found.items.low:,.0f}", f"{found.items.high:,.0f}"
    interval = "" if low == high else f" ({low} to {high})"
    least = "at least " if found.is_least else ""
    lines = [f"measure: {least}{found.items.value:,.0f} items{interval}: {found.counted}"]
    if found.part:
        lines.append(f"measure: samples read {found.part}")
    if found.requests:
        lines.append(f"measure: looking took {found.requests} requests")
    lines += [f"measure: {note}" for note in found.notes]
    lines.append(f"measure: measuring for about {request.budget_minutes:g} minutes")
    return lines


def _check_allowed(request: MeasureRequest, say: Callable[[str], None], *, asks: bool) -> None:
    """Tell what a server will be asked for, before it is asked for anything.

    Raises:
        SettingsError: nobody has allowed it.

    """
    shown = display(request.source)
    if request.is_remote and request.requests is None:
        raise SettingsError(
            f"source: {shown} is a server that isn't this machine's, and is asked only if you say how much: "
            "requests=300 allows 300 requests in all, looking at it included (make measure REQUESTS=300)"
        )
    if request.is_remote:
        rate, at_once = request.requests_per_second or REMOTE_RATE, request.max_in_flight or REMOTE_IN_FLIGHT
        say(
            f"measure: {shown} will be sent {request.requests} requests at most: up to {LOOKS} to look at it, the rest "
            f"to measure; {rate:g} a second and {at_once} at once at most, and fewer once it answers 429"
        )
    if not asks:
        raise SettingsError(f"source: a dry run asks no server, so it can't be planned how {shown} is measured")
    say(f"measure: looking at {shown}")


def _looked_at(request: MeasureRequest, part: Part) -> Found:
    """Look at a source as its kind is looked at."""
    if request.is_api:
        return survey_api(request)
    source = Path(request.source)
    if (named := named_kind(request.source)) is not None:
        what = "standard input" if named.name == "stdin" else "a pattern or a list"
        raise SettingsError(f"source: {request.source} is {what}, which isn't measured; give a folder")
    if not source.exists():
        raise SettingsError(
            f"source: {source} does not exist; give the path of a folder or a file, or the URL of an API"
        )
    document = _catalog(source)
    if document is not None:
        return survey_catalog(document, request.seed, part)
    try:
        kind = kind_of(str(source)).name
    except (IngestError, OSError) as error:
        raise SettingsError(f"source: {error}") from None
    if kind == "json_files":
        return survey_json(source, request.seed, part)
    if kind == "geoparquet":
        return survey_tables(source, request.seed, part)
    raise SettingsError(
        f"source: {source} is {kind}, which isn't measured yet; measured are folders of JSON files, GeoParquet, static "
        "catalogs (catalog.json) and STAC APIs"
    )


def _catalog(source: Path) -> Path | None:
    """Return the first document of a static catalog, as `stac-ingest` would find it; None where it is no catalog."""
    found = catalog_document(str(source))
    return Path(found) if found else None


def _kept(path: Path, asked: str) -> dict[str, Any] | None:
    """Return the configuration that the same request has made; None where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if not text.startswith(f"{_ABOUT}{asked}\n"):
        return None
    found = yaml.safe_load(text)
    return dict(found)
