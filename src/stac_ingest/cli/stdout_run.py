"""A run of the command whose items go to standard output, for another program to read."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from dataclasses import asdict
from typing import TextIO

from stac_ingest.changes import ChangeCollector
from stac_ingest.cli.progress import ProgressLine
from stac_ingest.cli.settings import describe_budget
from stac_ingest.cli.transform_options import modifiers_of
from stac_ingest.completeness import CompletenessReport, completeness_report, describe
from stac_ingest.config import IngestConfig
from stac_ingest.context import WorkflowContext
from stac_ingest.core.registry import load
from stac_ingest.core.text import printable
from stac_ingest.errors import ConfigurationError, IngestError, OutputClosed
from stac_ingest.failures import FailureCollector
from stac_ingest.http.urls import is_loopback
from stac_ingest.module import IngestModule
from stac_ingest.outputs import OUTPUTS
from stac_ingest.outputs.stdout import StdoutOutput, own_stdout
from stac_ingest.pipeline import PipelineResult, run_pipeline


class StdoutRun:
    """One run without a folder: no checkpoint, no files, and all words on standard error."""

    def __init__(self, options: argparse.Namespace, config: IngestConfig, stream: TextIO) -> None:
        """Check what can be checked before anything is read.

        Raises:
            ConfigurationError: a setting can't be used, or not with standard output.

        """
        self._format = OUTPUTS[options.to]
        self._config = config
        self._stream = stream
        if not self._format.streams:
            streamed = ", ".join(output.name for output in OUTPUTS.values() if output.streams)
            raise ConfigurationError(
                f"--output -: {self._format.label} can't go to standard output; use --to with one of {streamed}, or "
                "give a folder"
            )
        if options.resume:
            raise ConfigurationError(
                "--resume: a run to standard output keeps nothing to resume from; give a folder as --output"
            )
        if sys.stdout is None:
            raise ConfigurationError("--output -: standard output is closed")
        self._failures = FailureCollector()
        self._changes = ChangeCollector()
        self._result = PipelineResult()
        self._module = IngestModule(config)
        self._wanted, self._modifiers = modifiers_of(options.transforms)

    def run(self) -> bool:
        """Ingest and report, and return whether nothing is missing.

        Raises:
            ConfigurationError: a setting can't be used.
            OutputClosed: nobody reads on.
            DataProcessingError: the source as a whole can't be read, or standard output can't be written to.

        """
        if self._config.mode == "api" and not is_loopback(self._config.source):
            self._print(describe_budget(self._config))
        try:
            with own_stdout() as descriptor:
                asyncio.run(self._pipeline(descriptor))
        except (ConfigurationError, OutputClosed):
            raise
        except (IngestError, KeyboardInterrupt):
            self._report(interrupted=True)
            raise
        return self._report(interrupted=False).verdict != "truncated"

    async def _pipeline(self, descriptor: int) -> None:
        progress = ProgressLine(self._stream, lambda: len(self._failures))
        context = WorkflowContext(
            workflow_id=self._format.name,
            config=asdict(self._config),
            logger=logging.getLogger("stac_ingest"),
            failure_collector=self._failures,
            changes=self._changes,
            data={"collection_id": self._config.collection_id} if self._config.collection_id else {},
        )
        output = StdoutOutput(descriptor, load(self._format.writer).form)
        try:
            await run_pipeline(
                self._module, self._modifiers, output, context, on_progress=progress.update, result=self._result
            )
        finally:
            progress.clear()

    def _report(self, *, interrupted: bool) -> CompletenessReport:
        failures = self._failures.get_all()
        if self._wanted is not None:
            self._wanted.describe(self._module.summary)
        certificate = completeness_report(
            self._config,
            self._config.collection_id,
            self._module.summary,
            self._result,
            failures=len(failures),
            interrupted=interrupted,
        )
        for line in describe(certificate, failures, label=self._format.label, folder=None):
            self._print(line)
        return certificate

    def _print(self, text: str) -> None:
        print(printable(text), file=self._stream)
