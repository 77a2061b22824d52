"""Steps of a long run: each leaves a file when it is done, so that a second call goes on where the first one ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ingest_bench.errors import MeasurementError
from stac_ingest.core.atomic import write_atomically

LOG = logging.getLogger(__name__)
Result = TypeVar("Result", bound=BaseModel)


class Steps:
    """The steps that are done, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def do(self, name: str, kind: type[Result], work: Callable[[int], Result]) -> Result:
        """Do a step, unless it is done.

        Args:
            name: of the step.
            kind: what it results in.
            work: does it, given how often it was begun, this time included.

        Returns:
            The result, of this call or of an earlier one.

        Raises:
            MeasurementError: the file of an earlier call can't be read.

        """
        path = self._folder / f"{name}.json"
        if path.is_file():
            try:
                return kind.model_validate_json(path.read_bytes())
            except ValidationError as error:
                raise MeasurementError(f"{path} is of another version or damaged; remove it: {error}") from None
        begun = path.with_suffix(".begun")
        starts = 1 + (int(begun.read_text()) if begun.is_file() else 0)
        write_atomically(begun, str(starts).encode())
        LOG.info("%s ...", name)
        result = work(starts)
        write_atomically(path, result.model_dump_json(indent=2).encode(), sync="name")
        return result
