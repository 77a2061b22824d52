"""The JSON schemas of the configuration and of all that is kept in files, generated from the models."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from ingest_bench.comparison.models import Comparison
from ingest_bench.config.models import Settings
from ingest_bench.results.models import Record, Results
from stac_ingest.sharding.manifest import CollectionReport, Manifest

SCHEMAS: dict[str, type[BaseModel]] = {
    "config.schema.json": Settings,
    "results.schema.json": Results,
    "compare.schema.json": Comparison,
    "ingest-manifest.schema.json": Manifest,
    "ingest-certificate.schema.json": CollectionReport,
}


def schema_text(model: type[BaseModel]) -> str:
    """Give a model's schema; the text is the same on every machine. That of a stored record carries its version."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    if issubclass(model, Record):
        schema["$id"] = f"urn:stac-ingest-bench:{model.__name__.lower()}:{model.model_fields['schema_version'].default}"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, model in SCHEMAS.items():
        path = folder / name
        path.write_text(schema_text(model), encoding="utf-8")
        written.append(path)
    return written
