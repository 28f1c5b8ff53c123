"""How an evaluation that is a command is asked, and how it tells what came of it."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Protocol


class Report(Protocol):
    """What came of one trial: a dataclass that knows whether what was promised held."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def held(self) -> bool:
        """Whether what was promised held."""
        ...


def parser(description: str) -> ArgumentParser:
    """Return a parser that takes `--json`; the caller adds what else may be asked for."""
    made = ArgumentParser(description=description)
    made.add_argument(
        "--json",
        action="store_true",
        help="JSON instead of lines",
    )
    return made


def tell(report: Report, *, as_json: bool) -> int:
    """Print the report on standard output, and return the exit code: 1 when it did not hold."""
    _print([asdict(report)], asdict(report) if as_json else None)
    return 0 if report.held else 1


def tell_all(reports: Sequence[Report], *, as_json: bool) -> int:
    """Print the reports on standard output, and return the exit code: 1 when one did not hold."""
    counts = [asdict(report) for report in reports]
    _print(counts, counts if as_json else None)
    return 0 if all(report.held for report in reports) else 1


def _print(reports: Sequence[Mapping[str, Any]], document: Any) -> None:
    """Print *document* as JSON, or where there is none a line for each count of *reports*."""
    if document is not None:
        text = json.dumps(document, indent=1)
        sys.stdout.write(f"{text}\n")
        return
    for report in reports:
        for name, count in report.items():
            sys.stdout.write(f"{name}: {count}\n")
