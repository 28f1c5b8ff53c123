"""Measurements: what came of a suite, with everything that one needs to get it again.

Its form as JSON is what files hold, what is compared, and whose digest is recorded.
"""

import json
import time
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from interlock.evals.suites.gate import Gate, Thresholds, gates
from interlock.evals.suites.provenance import commit
from interlock.evals.suites.suite import Case, Rate, Result, Suite
from interlock.runtime.canonical import digest
from interlock.runtime.errors import BadInput

#: Of the form as JSON
FORM: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """How a suite is run."""

    #: About how many cases; None for all
    sample: int | None
    seed: int
    jobs: int

    def command(self, suite: str) -> str:
        """Return the command that runs the suite so."""
        sample = "" if self.sample is None else f" --sample {self.sample}"
        return (
            f"interlock eval run {suite}{sample} --seed {self.seed} --jobs {self.jobs}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """The log that has the entry `eval.record`, as it was with that entry: a checkpoint."""

    log: str
    origin: str
    #: The entry is among so many
    size: int
    root: str
    #: The public key of the ledger
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One run of a suite, and whether what is required of it held."""

    title: str
    result: Result
    conditions: Conditions
    gates: tuple[Gate, ...]
    #: Unix time
    began: int
    elapsed_ms: int
    #: Of Interlock
    version: str
    #: Of its source, where somebody can say; see `provenance`
    commit: str = ""
    form: int = FORM
    #: Where the ledger has the measurement; no part of what was measured, nor of the digest
    recorded: Recorded | None = None

    @property
    def held(self) -> bool:
        """Whether every requirement is met."""
        return all(gate.held for gate in self.gates)

    @property
    def command(self) -> str:
        """The command that measures the same."""
        return self.conditions.command(self.result.suite)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases became what."""
        became = [case.became for case in self.result.cases]
        return {name: became.count(name) for name in dict.fromkeys(became)}

    @property
    def faults(self) -> list[Case]:
        """The cases that somebody must look at, the breaches first."""
        faults = [case for case in self.result.cases if case.is_fault]
        return sorted(faults, key=lambda case: case.became != "breached")

    @property
    def digest(self) -> str:
        """The digest of the measurement, by which the ledger names it."""
        return digest(asdict(replace(self, recorded=None)))

    def document(self) -> dict[str, Any]:
        """Return the measurement as JSON holds it, with what is derived for other readers."""
        rates = [
            asdict(rate) | {"value": rate.value, "interval": rate.interval}
            for rate in self.result.rates
        ]
        whole = asdict(self)
        whole["result"]["rates"] = rates
        return {
            "held": self.held,
            "command": self.command,
            "digest": self.digest,
            "counts": self.counts,
            **whole,
        }


async def measured(
    suite: Suite,
    conditions: Conditions,
    known: Thresholds,
) -> Measurement:
    """Run the suite; return what came of it, held against the thresholds *known*."""
    began = time.time()
    result = await suite.run(
        sample=conditions.sample, seed=conditions.seed, jobs=conditions.jobs
    )
    return Measurement(
        title=suite.title,
        result=result,
        conditions=conditions,
        gates=gates(
            result,
            known.get(suite.name, {}),
            is_sample=conditions.sample is not None,
        ),
        began=int(began),
        elapsed_ms=int((time.time() - began) * 1000),
        version=version("interlock"),
        commit=commit(),
    )


_FILE: Final = TypeAdapter(Measurement)


def read(file: Path) -> Measurement:
    """Return the measurement that a file holds.

    Raises `BadInput` for any other file, and for one whose digest is not that of what it says: a
    figure was changed there (fails closed).
    """
    try:
        text = file.read_bytes()
        measurement = _FILE.validate_json(text)
        stated = json.loads(text)["digest"]
    except (OSError, ValidationError, KeyError) as error:
        raise _unusable(file, " ".join(str(error).split())) from error
    if stated != measurement.digest:
        raise _unusable(file, "it does not say what its digest is the digest of")
    return measurement


def _unusable(file: Path, why: str) -> BadInput:
    return BadInput(
        what=f"measurement {file}",
        why=why,
        next_step="Name a file that `interlock eval run SUITE --json` wrote.",
    )


def worth(rate: Rate) -> str:
    """Return the rate in words: the figure, of how many, and its interval."""
    if rate.value is None:
        return "0 of 0: nothing is known"
    if rate.measure == "mean":
        return f"{rate.value:.2f} ({rate.hits} in {rate.of})"
    low, high = rate.interval or (0.0, 1.0)
    interval = f"{low:.1%} to {high:.1%}"
    return f"{rate.value:.1%} ({rate.hits} of {rate.of}; {interval})"
