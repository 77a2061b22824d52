"""A copy of the output in an object store: new parts first, then the manifest in one step, then what nobody reads goes.

A copy that was killed leaves parts that no manifest names. The next one finds them by their names, which say what is in
them, and doesn't send them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from stac_ingest.core.atomic import sha256_of
from stac_ingest.errors import ConfigurationError, DataProcessingError
from stac_ingest.sources.reports import MOST
from stac_ingest.sources.synced import MANIFEST, PART
from stac_ingest.stores.opening import open_written_store
from stac_ingest.stores.urls import StoreUrl, read_url, store_kind
from stac_ingest.stores.written_store import Current, WrittenStore
from stac_ingest.sync.asked import asked_of, source_of
from stac_ingest.sync.journal import CHANGES, is_journal
from stac_ingest.sync.manifest import SyncManifest
from stac_ingest.sync.parts import REPAIR
from stac_ingest.sync.progress import Progress
from stac_ingest.sync.retired import retired
from stac_ingest.sync.settings import SyncSettings

SETTING = "copy_to"
_AT_ONCE = 4
"""Files that are sent at once, at most."""
_REMOVED_AT_ONCE = 1000


class Copied(NamedTuple):
    """What was done."""

    sent: int
    """Files."""
    bytes: int
    removed: int
    """Parts whose time of grace was over, and those that a killed copy had left."""


class StoreCopy:
    """The copy of one output."""

    def __init__(self, settings: SyncSettings, progress: Progress) -> None:
        """Open the store; nothing is sent yet.

        Args:
            settings: of the sync; `copy_to` is given.
            progress: told what is done.

        Raises:
            ConfigurationError: the URL or the credentials can't be used, or it is below the source.

        """
        assert settings.copy_to is not None
        self._settings, self._progress = settings, progress
        url = read_url(settings.copy_to, SETTING)
        self._prefix = f"{url.key}/" if url.key else ""
        self._store: WrittenStore = open_written_store(url, settings.config, SETTING)
        self._shown = f"{self._store.url}/{self._prefix}"
        self._refuse_below_source(url)

    def check(self, manifest: SyncManifest | None) -> None:
        """See that what is there is the copy of this output, before anything is read.

        Args:
            manifest: of the output; None before its first run has ended.

        Raises:
            ConfigurationError: it is of something else, or newer than the output; or others' objects are there.
            DataProcessingError: the store can't be asked.

        """
        before, _ = self._current()
        if before is None:
            self._held(is_new=True)
        else:
            self._check_same(before, manifest)

    def update(self, manifest: SyncManifest) -> Copied:
        """Bring the copy into step with the output.

        Args:
            manifest: of the output, published there.

        Returns:
            What was done.

        Raises:
            DataProcessingError: a file can't be read, or is damaged; or the store can't be written to, or somebody
                else writes there. Who reads the copy by its manifest sees it as it was.

        """
        try:
            before, current = self._current()
            if before is not None:
                self._check_same(before, manifest)
            return self._updated(manifest, before, current)
        except (ConfigurationError, DataProcessingError) as error:
            raise DataProcessingError(
                f"{self._settings.output} is in step with its source, and its copy isn't yet: {error}; the next run "
                "goes on with the copy"
            ) from error

    def _updated(self, manifest: SyncManifest, before: SyncManifest | None, current: Current | None) -> Copied:
        held = self._held(is_new=before is None)
        published = manifest.model_copy(update={"retired": retired(self._settings.grace, before, manifest)})
        wanted = {part.path: part for partition in manifest.partitions for part in partition.parts}
        parts = {path: part.sha256 for path, part in wanted.items() if held.get(path) != part.bytes}
        # A journal is named by the number of its run, which an output that was lost may have used before.
        own = {manifest.journal, manifest.failures}
        journals = [
            one for one in self._journals() if one in own or held.get(one) != _size(self._settings.output / one)
        ]
        sent = self._send(parts | dict.fromkeys(journals))
        text = published.model_dump_json(indent=1).encode() + b"\n"
        self._store.replace(f"{self._prefix}{MANIFEST}", text, current)
        named = wanted.keys() | {old.path for old in published.retired}
        removed = [path for path in held if PART.fullmatch(path) and path not in named]
        for start in range(0, len(removed), _REMOVED_AT_ONCE):
            self._store.remove([self._prefix + path for path in removed[start : start + _REMOVED_AT_ONCE]])
        return Copied(*sent, len(removed))

    def _refuse_below_source(self, url: StoreUrl) -> None:
        """Refuse a copy that the next run would read as a part of its source."""
        source = self._settings.config.source
        if store_kind(source) is None:
            return
        read = read_url(source)
        below = self._prefix.startswith(f"{read.key}/" if read.key else "")
        if (read.kind, read.bucket, read.account) == (url.kind, url.bucket, url.account) and below:
            raise ConfigurationError(
                f"{SETTING}: {self._shown} is below the source, where the next run would read it; give a prefix outside"
            )

    def _current(self) -> tuple[SyncManifest | None, Current | None]:
        current = self._store.current(f"{self._prefix}{MANIFEST}", MOST)
        if current is None:
            return None, None
        try:
            return SyncManifest.model_validate_json(current.text), current
        except ValidationError as error:
            raise ConfigurationError(
                f"{SETTING}: {self._shown}{MANIFEST} isn't the manifest of a sync of this release "
                f"({error.errors()[0]['msg']}); give a prefix without objects"
            ) from None

    def _check_same(self, before: SyncManifest, manifest: SyncManifest | None) -> None:
        """Refuse the copy of another output. That of this one may lag behind, and never leads."""
        ours = {
            "source": source_of(self._settings.config),
            "asked": asked_of(self._settings),
            "partition": self._settings.partition,
        }
        for name, theirs in (("source", before.source), ("asked", before.asked), ("partition", before.partition)):
            if theirs != ours[name]:
                raise ConfigurationError(
                    f"{SETTING}: {self._shown} is the copy of another output: its {name} is {str(theirs)!r:.80}, and "
                    f"here it is {str(ours[name])!r:.80}; give another prefix"
                )
        if manifest is not None and not _is_same_output(before, manifest):
            raise ConfigurationError(
                f"{SETTING}: {self._shown} is the copy of another output of the same source, or of a copy of "
                f"{self._settings.output} that has gone its own way; give each output a prefix of its own, or remove "
                "the copy if that output is lost"
            )
        at = 0 if manifest is None else manifest.generation
        if before.generation > at:
            raise ConfigurationError(
                f"{SETTING}: {self._shown} is the copy of run {before.generation}, and {self._settings.output} "
                f"is at run {at}; give another prefix, or remove the copy if that folder is lost"
            )

    def _held(self, *, is_new: bool) -> dict[str, int]:
        """Return the sizes of what is there, by paths as in the output.

        Raises:
            ConfigurationError: there is what no copy has written.

        """
        held: dict[str, int] = {}
        for page in self._store.listed(self._prefix):
            for one in page:
                path = one.key[len(self._prefix) :]
                if PART.fullmatch(path) or is_journal(path):
                    held[path] = one.size
                elif is_new:
                    raise ConfigurationError(
                        f"{SETTING}: {self._shown} holds {path!r:.80}, which no sync wrote; give a prefix "
                        "without objects"
                    )
        return held

    def _journals(self) -> Iterator[str]:
        folder = self._settings.output / CHANGES
        if folder.is_dir():
            yield from sorted(path for entry in folder.iterdir() if is_journal(path := f"{CHANGES}/{entry.name}"))

    def _send(self, files: Mapping[str, str | None]) -> tuple[int, int]:
        """Send files, given with their hashes where these are known, some at once; the first error ends it."""
        if not files:
            return 0, 0
        total = 0
        at_once = min(_AT_ONCE, self._settings.config.budget.max_in_flight or _AT_ONCE, len(files))
        with ThreadPoolExecutor(at_once) as pool:
            sent = [pool.submit(self._send_one, path, sha256) for path, sha256 in files.items()]
            try:
                for number, one in enumerate(as_completed(sent), 1):
                    total += one.result()
                    self._progress(f"sending files to {self._shown}", number)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return len(files), total

    def _send_one(self, path: str, sha256: str | None) -> int:
        file = self._settings.output / path
        size = _size(file)
        if sha256 is not None and _hash(file) != sha256:
            raise DataProcessingError(f"{file} isn't what was written; {REPAIR}")
        self._store.put_file(self._prefix + path, file)
        return size


def _is_same_output(before: SyncManifest, manifest: SyncManifest) -> bool:
    """Say whether the manifest of a copy, and that of an output, may be of the same output."""
    if before.output not in (None, manifest.output):
        return False
    return before.generation != manifest.generation or before.started_at == manifest.started_at


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise DataProcessingError(f"can't read {file}: {error.strerror or error}; {REPAIR}") from error


def _hash(file: Path) -> str:
    try:
        return sha256_of(file)
    except OSError as error:
        raise DataProcessingError(f"can't read {file}: {error.strerror or error}; {REPAIR}") from error
