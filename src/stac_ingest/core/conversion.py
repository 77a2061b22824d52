"""Settings that need a conversion, or words about what is wrong with them: pydantic reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stac_ingest.core.messages import all_in_one_line
from stac_ingest.errors import ConfigurationError


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what validates settings of a kind, and knows their JSON schema."""
    return TypeAdapter(kind)


def converted(kind: Any, settings: Any) -> Any:
    """Read settings.

    Raises:
        ConfigurationError: naming each wrong setting, what was found and what is allowed.

    """
    try:
        return adapter(kind).validate_python(settings)
    except ValidationError as error:
        raise ConfigurationError(all_in_one_line(error, kind)) from None
