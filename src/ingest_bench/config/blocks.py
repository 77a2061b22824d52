"""What all blocks of `config.yaml` have in common, and names that stand for records of a registry."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from stac_ingest.core.renamed import present_name, with_present_names
from stac_ingest.core.similar_names import did_you_mean


def known(names: Callable[[], Sequence[str]], old_names: Mapping[str, str], name: str) -> str:
    """Return the present name of a record.

    Raises:
        ValueError: there is no such record.

    """
    if name in names():
        return name
    if name in old_names:
        return present_name(name, old_names)
    raise ValueError(f"{name!r:.60} is not allowed; {did_you_mean(name, names())}")


def listed(names: Callable[[], Sequence[str]], record: Callable[[str], Any], schema: dict[str, Any]) -> None:
    """Put what this package has into the schema, each with its sentence."""
    kinds = [kind for kind in map(record, names()) if kind.file is None]
    schema["enum"] = [kind.name for kind in kinds]
    schema["description"] = "; ".join(f"{kind.name}: {kind.description}" for kind in kinds)


class Strict(BaseModel):
    """A block of the configuration: a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    RENAMED: ClassVar[Mapping[str, str]] = {}
    """The present name of each key that had another one in the last release."""

    @model_validator(mode="before")
    @classmethod
    def _present_names(cls, given: Any) -> Any:
        return with_present_names(given, cls.RENAMED)
