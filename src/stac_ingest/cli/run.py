"""One run of the command: from the settings to the files and the words that tell of it."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import orjson

from stac_ingest.changes import newer_left_out
from stac_ingest.checkpoints.journal import Journal
from stac_ingest.checkpoints.manager import set_previous_aside
from stac_ingest.checkpoints.positions import SourcePositions
from stac_ingest.cli.change_log import ChangeLog
from stac_ingest.cli.progress import ProgressLine
from stac_ingest.cli.settings import describe_budget
from stac_ingest.cli.transform_mark import keep_mark
from stac_ingest.cli.transform_options import modifiers_of
from stac_ingest.completeness import FAILURES, NAME, NOTES, CompletenessReport, completeness_report, describe
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.atomic import refuse_link
from stac_ingest.core.id_set import key_of
from stac_ingest.core.text import printable
from stac_ingest.errors import ConfigurationError, DataProcessingError, IngestError
from stac_ingest.failures import Failure, FailureCollector
from stac_ingest.http.urls import is_loopback
from stac_ingest.module import IngestModule
from stac_ingest.outputs import OUTPUTS, make_output, read_output
from stac_ingest.outputs.directory import OutputFolder
from stac_ingest.pipeline import PipelineResult, run_pipeline
from stac_ingest.sources.kind import STDIN, database_kind
from stac_ingest.sources.usable_settings import check_output

CHECKPOINTS = ".checkpoints"


class Run:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace, config: IngestConfig, stream: TextIO) -> None:
        self._config = config
        self._stream = stream
        self._folder: Path = options.output
        self._format = OUTPUTS[options.to]
        self._output_settings: dict[str, Any] = options.output_settings
        self._resume: bool = options.resume
        self._failures = FailureCollector()
        self._result = PipelineResult()
        self._positions: SourcePositions | None = None
        # A wrong path or setting must be told before anything is written.
        self._module = IngestModule(config)
        self._wanted, self._modifiers = modifiers_of(options.transforms)
        self._mark = "" if options.transforms is None else options.transforms.mark
        if not config.is_remote:
            check_output(config.source, self._folder)

    def run(self) -> bool:
        """Ingest and report, and return whether nothing is missing.

        Raises:
            ConfigurationError: a setting, or the output folder, can't be used.
            DataProcessingError: the source as a whole can't be read, or the output can't be written.

        """
        if self._config.is_remote and not is_loopback(self._config.source) and not database_kind(self._config.source):
            self._print(describe_budget(self._config))
        self._held = OutputFolder(self._folder)
        try:
            return self._ingest()
        finally:
            self._held.close()

    def _ingest(self) -> bool:
        self._refuse_links()
        self._held.remove(NAME)
        self._changes = self._open_changes()
        try:
            asyncio.run(self._pipeline())
        except ConfigurationError:
            raise  # nothing was ingested: there is nothing to report
        except (IngestError, KeyboardInterrupt):
            self._report(interrupted=True)
            raise
        self._name_kept()
        if self._report(interrupted=False).verdict == "truncated":
            return False
        if self._positions is not None:
            self._positions.forget()
        return True

    def _refuse_links(self) -> None:
        """Refuse links in the output folder. It may be one itself, of the user's own; what is in it is anybody's."""
        records = self._folder / CHECKPOINTS / self._format.name
        own = [self._folder / name for name in (self._format.subfolder, CHECKPOINTS) if name]
        for path in chain(own, [records], self._in_folder(records)):
            refuse_link(path)

    @staticmethod
    def _in_folder(folder: Path) -> Iterator[Path]:
        """Yield what is in a folder, only once nothing that leads there was found to be a link."""
        if folder.is_dir():
            yield from folder.iterdir()

    async def _pipeline(self) -> None:
        progress = ProgressLine(self._stream, lambda: len(self._failures))
        checkpoints = await asyncio.to_thread(self._open_checkpoints)
        self._positions = positions = await asyncio.to_thread(self._open_positions, checkpoints)
        context = WorkflowContext(
            workflow_id=self._format.name,
            config=asdict(self._config),
            logger=logging.getLogger("stac_ingest"),
            failure_collector=self._failures,
            changes=self._changes.collector,
            checkpoints=checkpoints,
            positions=positions,
            on_step=progress.step,
            data={"collection_id": self._config.collection_id} if self._config.collection_id else {},
        )
        output = make_output(self._format.name, self._folder / self._format.subfolder, self._output_settings)
        try:
            await run_pipeline(
                self._module, self._modifiers, output, context, on_progress=progress.update, result=self._result
            )
        finally:
            progress.clear()
            if positions is not None:
                positions.close()
            await asyncio.to_thread(checkpoints.close)

    def _open_positions(self, checkpoints: Journal) -> SourcePositions | None:
        """Find out where an earlier run was. What it noted holds only with all its records."""
        path = checkpoints.get_checkpoint_path().with_suffix(".positions")
        names = ("mode", "source", "source_type", "format", "collection_id", "bbox", "datetime", "query", "hrefs")
        later = ("collections", "ids", "intersects", "filter", "sortby", "fields")
        source = {name: getattr(self._config, name) for name in names}
        # What an earlier release noted has none of these.
        source |= {name: value for name in later if (value := getattr(self._config, name)) is not None}
        try:
            counted = self._wanted is not None and self._config.mode == "api"
            if self._config.max_items is not None or counted or checkpoints.set_aside or checkpoints.earlier_layout:
                # Such a run counts from the beginning, or has to look at everything: an earlier release has passed over
                # items that share an id with others; and a server's count has the items that `where` leaves out, too.
                path.unlink(missing_ok=True)
                return None
            return (
                SourcePositions.resume(path, source)
                if checkpoints.completed_count
                else SourcePositions.begin(path, source)
            )
        except OSError as error:
            raise ConfigurationError(f"{path} can't be used: {error.strerror or error}") from error

    def _open_changes(self) -> ChangeLog:
        try:
            return ChangeLog(self._held, resume=self._resume)
        except OSError as error:
            raise ConfigurationError(f"can't use {self._folder / NOTES}: {error.strerror or error}") from error

    def _open_checkpoints(self) -> Journal:
        collection = self._config.collection_id or "items"
        root = self._folder / CHECKPOINTS
        checkpoints = Journal(self._format.name, collection, root, resume=self._resume)
        known = checkpoints.completed_count or checkpoints.set_aside
        try:
            self._heed_others(checkpoints.get_checkpoint_path())
        except OSError as error:
            raise ConfigurationError(f"{root} can't be used: {error.strerror or error}") from error
        whole = self._format.whole and self._folder / self._format.whole
        if self._resume and whole and not known and whole.exists() and whole.stat().st_size:
            raise ConfigurationError(
                f"{whole} holds items, but there is no checkpoint of {collection!r} to resume from"
            )
        keep_mark(
            checkpoints.get_checkpoint_path().with_suffix(".transforms"),
            self._mark,
            resumed=self._resume and bool(known),
        )
        return checkpoints

    def _heed_others(self, own: Path) -> None:
        """See to the records of runs of other collections, where these have written to the same one file.

        A run that starts afresh replaces the file, and what they say is in it is so no more. One that resumes would
        replace what an interrupted run of another collection has written.

        Raises:
            ConfigurationError: there is such a run.

        """
        if not self._format.whole:
            return
        if not self._resume:
            for suffix in ("journal", "parquet", "positions", "collections.json"):
                for path in own.parent.glob(f"[!.]*.{suffix}"):
                    if path.name.removesuffix(f".{suffix}") != own.stem:
                        set_previous_aside(path)
            return
        others = [path.stem for path in own.parent.glob("[!.]*.positions") if path.stem != own.stem]
        if others:
            raise ConfigurationError(
                f"{self._folder} has items of an interrupted run with another --collection ({others[0]!r}); "
                "resume that one, or start again without --resume"
            )

    def _name_kept(self) -> None:
        """Look up, of items that came again, the copies that were kept. Only the output still has them."""
        changes = self._changes.collector
        if not changes.repeated:
            return
        if self._format.reader is None:
            self._module.summary.note(
                f"whether copies that were left out are newer isn't looked up in {self._format.label}; "
                f"{NOTES} has their `updated`"
            )
            return
        newer = 0
        try:
            for item in read_output(self._format.name, self._folder):
                if isinstance(item.get("id"), str) and key_of(item) in changes.repeated:
                    newer += changes.name_kept(item)
        except DataProcessingError as error:
            # Somebody else's file in the folder is no reason to fail what was written well.
            self._module.summary.note(f"some kept copies of duplicates could not be read: {error}")
        if newer:
            self._module.summary.note(newer_left_out(newer))

    def _report(self, *, interrupted: bool) -> CompletenessReport:
        failures = self._failures.get_all()
        self._changes.close()
        if self._resume and self._config.source == STDIN:
            self._module.summary.note(
                "standard input can't be read from where the earlier run stopped: it was read from its beginning, and "
                "what was written before was left out"
            )
        if self._wanted is not None:
            self._wanted.describe(self._module.summary)
        certificate = completeness_report(
            self._config,
            ", ".join(self._config.wanted_collections()) or None,
            self._module.summary,
            self._result,
            failures=len(failures),
            interrupted=interrupted,
        )
        try:
            self._write_failures(failures)
            certificate.write(self._held.path_of(""))
        except OSError as error:
            raise DataProcessingError(f"can't write {self._folder / NAME}: {error.strerror or error}") from error
        for line in describe(certificate, failures, label=self._format.label, folder=self._folder):
            self._print(line)
        return certificate

    def _write_failures(self, failures: Sequence[Failure]) -> None:
        """Write all failures to a file, one a line: a million of them are of no use on a screen. Without any, none."""
        if failures:
            lines = [orjson.dumps(asdict(failure), default=str) + b"\n" for failure in failures]
            self._held.write(FAILURES, b"".join(lines), f".{FAILURES}.part")
        else:
            self._held.remove(FAILURES)

    def _print(self, text: str) -> None:
        print(printable(text), file=self._stream)
