"""The folder with the part of a source that samples read: made beside the results, and never anything else's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ingest_bench.errors import SettingsError
from ingest_bench.survey.request import MeasureRequest

_NAME, _MARK = "part-", ".is-a-part"
"""How the folder's name begins, and how that of the file beside it ends which says that it is ours."""


@dataclass(frozen=True, slots=True)
class Part:
    """A folder of links or copies; its name tells the request that it was made for."""

    path: Path
    is_written: bool = True
    """Whether it may be made; not in a dry run, which takes it as it is."""

    @classmethod
    def of(cls, request: MeasureRequest, *, is_written: bool = True) -> Part:
        """Return the folder for a request.

        Raises:
            SettingsError: the source lies in a folder that an earlier call has made.

        """
        results = Path(request.results)
        source = Path(request.source).resolve()
        for other in _made(results):
            if not request.is_api and source.is_relative_to(other.path.resolve()):
                raise SettingsError(
                    f"source: {request.source} lies in {other.path}, which an earlier call has made; name its own "
                    "source, or another folder for the results (results=...)"
                )
        return cls(results / f"{_NAME}{request.fingerprint[:8]}", is_written)

    @property
    def is_usable(self) -> bool:
        """Whether it is there, or will be."""
        return self.is_written or self.path.is_dir()

    def clear(self) -> None:
        """Make it an empty folder.

        Raises:
            SettingsError: there is a folder of that name that isn't ours.

        """
        if self.path.exists() and not self.mark.is_file():
            raise SettingsError(
                f"results: {self.path} is there and wasn't made by `snakemake measure`; rename it, or name another "
                "folder (results=...)"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.mark.touch()
        if self.path.is_dir():
            shutil.rmtree(self.path)
        self.path.mkdir()

    def remove_others(self) -> None:
        """Remove the folders that were made for other requests."""
        for other in _made(self.path.parent):
            if other.path != self.path:
                shutil.rmtree(other.path, ignore_errors=True)
                other.mark.unlink(missing_ok=True)

    @property
    def mark(self) -> Path:
        """The file beside it which says that it is ours."""
        return self.path.with_name(f".{self.path.name}{_MARK}")


def _made(results: Path) -> list[Part]:
    """List the folders of parts that are ours."""
    marks = sorted(results.glob(f".{_NAME}*{_MARK}"))
    return [Part(mark.with_name(mark.name.removeprefix(".").removesuffix(_MARK))) for mark in marks]
