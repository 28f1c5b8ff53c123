"""The files that a command writes of measurements, each for another reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from interlock.evals.suites.inspect_log import inspect_log
from interlock.evals.suites.junit import junit
from interlock.evals.suites.measurement import Measurement
from interlock.evals.suites.page import page
from interlock.runtime.errors import BadInput
from interlock.serving.cli.output import write_new


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Where each goes; None for a file that nobody asked for."""

    #: For build servers
    junit: Path | None = None
    #: For whoever answers for the agent
    html: Path | None = None
    #: For Inspect
    inspect: Path | None = None

    def write(self, measurements: Sequence[Measurement]) -> None:
        """Write them.

        Raises `BadInput` for a file that is there, and for one that holds one measurement where
        there are several.
        """
        single = [file for file in (self.junit, self.inspect) if file is not None]
        if single and len(measurements) != 1:
            raise BadInput(
                what=str(single[0]),
                why="it holds one measurement, and there are several",
                next_step="Name one file of `interlock eval run SUITE --json`.",
            )
        if self.html is not None:
            write_new(self.html, page(measurements))
        if self.junit is not None:
            write_new(self.junit, junit(measurements[0]))
        if self.inspect is not None:
            log = inspect_log(measurements[0])
            write_new(self.inspect, orjson.dumps(log, option=orjson.OPT_INDENT_2))
