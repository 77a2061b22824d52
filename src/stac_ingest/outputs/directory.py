"""A folder that files are written to, held open so that nothing lands anywhere else."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from stac_ingest.core.atomic import write_all
from stac_ingest.errors import ConfigurationError, DataProcessingError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def holds_earlier_run(folder: Path, what: str) -> str:
    """Say that an output folder has an output already, where nothing is resumed.

    Args:
        folder: as it was named.
        what: an output that is in it.

    """
    return f"the output folder {folder} holds {what} of an earlier run; resume that run, or give another folder"


class OutputFolder:
    """The folder; every name in it is one path component."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the folder where it isn't there, and open it.

        Raises:
            ConfigurationError: it can't be made, opened or written to.

        """
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ConfigurationError(f"can't use the output folder {self.path}: {error.strerror}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            self.close()
            raise ConfigurationError(f"can't write to the output folder {self.path}: permission denied")

    def path_of(self, name: str) -> Path:
        """Give a path for those who can't take a descriptor: where the system allows, one that stays in this folder."""
        held = Path(f"/proc/self/fd/{self._descriptor}")
        return (held if held.is_dir() else self.path) / name

    def names(self) -> list[str]:
        """List what is in it."""
        with self.writing():
            return os.listdir(self._descriptor)  # noqa: PTH208 - the folder that is open, wherever its path leads by now

    def create(self, name: str) -> int:
        """Open a new file for writing; what has its name, be it a link or a FIFO, is removed and not written to."""
        try:
            return os.open(name, _NEW, 0o666, dir_fd=self._descriptor)
        except FileExistsError:
            self.remove(name)
            return os.open(name, _NEW, 0o666, dir_fd=self._descriptor)

    def append(self, name: str) -> int:
        """Open a file for writing at its end; it is made where it isn't there."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o666, dir_fd=self._descriptor)

    def subfolder(self, name: str, *, make: bool = True) -> OutputFolder:
        """Open a folder in it.

        Args:
            name: of the folder.
            make: whether to make it where it isn't there.

        Raises:
            OSError: it can't be made or opened, or is a link or a file.

        """
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=self._descriptor)
        folder = OutputFolder.__new__(OutputFolder)
        folder.path = self.path / name
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder._descriptor = os.open(name, flags, dir_fd=self._descriptor)  # noqa: SLF001 - of this class
        return folder

    def remove_folder(self, name: str) -> None:
        """Remove a folder of files, if it is there; what is no folder is removed itself."""
        try:
            folder = self.subfolder(name, make=False)
        except FileNotFoundError:
            return
        except OSError:
            self.remove(name)
            return
        try:
            for each in folder.names():
                folder.remove(each)
        finally:
            folder.close()
        os.rmdir(name, dir_fd=self._descriptor)

    def reopen(self, name: str) -> int:
        """Open an existing file for reading and writing, with its content."""
        return os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._descriptor)

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: it isn't there, or is no regular file: a link or a FIFO that somebody has put there.

        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=self._descriptor), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise OSError(f"{name} is not a regular file")
            return stream.read()

    def write(self, name: str, data: bytes, temporary: str) -> None:
        """Write a file of these bytes, whole or not at all, under a temporary name first.

        Raises:
            OSError: it can't be written.

        """
        descriptor = self.create(temporary)
        try:
            write_all(descriptor, data)
        finally:
            os.close(descriptor)
        self.rename(temporary, name)

    def rename(self, name: str, target: str) -> None:
        """Give a file another name; one that has it is replaced."""
        os.rename(name, target, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def sync_names(self) -> None:
        """Wait until the names in the folder are on disk."""
        os.fsync(self._descriptor)

    def sync_everything(self) -> None:
        """Wait until all that was written to this file system is on disk: one call instead of one for each file."""
        import ctypes  # noqa: PLC0415 - only an output of many files needs it

        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "syncfs"):
            os.sync()
        elif libc.syncfs(self._descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn errors of the operating system into a `DataProcessingError` that names the folder."""
        try:
            yield
        except OSError as error:
            raise DataProcessingError(
                f"can't write to the output folder {self.path}: {error.strerror or error}"
            ) from error

    def close(self) -> None:
        """Close the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_LINES_AT_ONCE = 500
"""Lines of a call: the system takes 1024 pieces, and each line is two."""


def write_lines(descriptor: int, lines: Sequence[bytes | memoryview]) -> None:
    """Write every line with its end, without a copy of all of them."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        pieces = [piece for line in lines[start : start + _LINES_AT_ONCE] for piece in (line, b"\n")]
        written = os.writev(descriptor, pieces)
        if written < sum(map(len, pieces)):
            write_all(descriptor, b"".join(pieces)[written:])
