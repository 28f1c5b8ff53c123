"""Gates: what a rate must be, from `evals/thresholds.yaml`; whatever is not known does not pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from interlock.evals.suites.suite import Rate, Result
from interlock.runtime.errors import BadInput
from interlock.tools import plain_yaml

SHIPPED: Final = Path(__file__).resolve().parent.parent / "thresholds.yaml"
#: The gates that no file states: something was measured, nothing broke
MEASURED: Final = "cases that say nothing"
#: The gate of a suite that no threshold names
BREACHED: Final = "breached"


class Threshold(BaseModel):
    """What a rate must be."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
    )

    at_most: float | None = Field(
        default=None,
        ge=0,
    )
    at_least: float | None = Field(
        default=None,
        ge=0,
    )

    def __str__(self) -> str:
        bounds = {
            "at most": self.at_most,
            "at least": self.at_least,
        }
        return ", ".join(f"{w} {b:g}" for w, b in bounds.items() if b is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One requirement, and whether the result meets it."""

    name: str
    #: What is required, in words
    required: str
    #: What came of it, in words
    measured: str
    held: bool


Thresholds = Mapping[str, Mapping[str, Threshold]]
_FILE: Final = TypeAdapter(dict[str, dict[str, Threshold]])


def thresholds(file: Path = SHIPPED) -> Thresholds:
    """Return suite -> rate -> threshold; raises `BadInput` for a file that cannot be used."""
    try:
        document: Any = plain_yaml.parse(file.read_text("utf-8"))
        return _FILE.validate_python(document or {})
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput(
            what=f"thresholds {file}",
            why=" ".join(str(error).split()),
            next_step="Write suite, rate, and at_most or at_least.",
        ) from error


def gates(
    result: Result,
    known: Mapping[str, Threshold],
    *,
    is_sample: bool,
) -> tuple[Gate, ...]:
    """Return whether each requirement is met (fails closed).

    A threshold of a rate that was not measured is not met. Of a whole run the figure itself counts;
    a sample breaks a gate when its whole interval lies on the wrong side, as chance moves a sample.
    A suite without thresholds is held to no breach.
    """
    rates = {rate.name: rate for rate in result.rates}
    own = [
        _gate(name, threshold, rates.get(name), is_sample=is_sample)
        for name, threshold in known.items()
    ]
    return _measured(result), *(own or [_unbreached(result)])


def _measured(result: Result) -> Gate:
    broken = sum(case.is_broken for case in result.cases)
    return Gate(
        name=MEASURED,
        required="none, of 1 case or more",
        measured=f"{broken} of {len(result.cases)}",
        held=bool(result.cases) and not broken,
    )


def _unbreached(result: Result) -> Gate:
    breached = sum(case.became == "breached" for case in result.cases)
    return Gate(
        name=BREACHED,
        required="at most 0",
        measured=f"{breached} of {len(result.cases)}",
        held=not breached,
    )


def _gate(
    name: str,
    threshold: Threshold,
    rate: Rate | None,
    *,
    is_sample: bool,
) -> Gate:
    low, high = _bounds(rate, is_sample=is_sample)
    too_high = threshold.at_most is not None and low > threshold.at_most
    too_low = threshold.at_least is not None and high < threshold.at_least
    is_stated = (threshold.at_most, threshold.at_least) != (None, None)
    return Gate(
        name=name,
        required=str(threshold) or "nothing is stated",
        measured="not measured" if rate is None else f"{rate.hits} of {rate.of}",
        held=is_stated and low <= high and not too_high and not too_low,
    )


def _bounds(rate: Rate | None, *, is_sample: bool) -> Sequence[float]:
    """Return the lowest and the highest figure that speaks for *rate*; an empty range for none."""
    if rate is None or rate.value is None:
        return 1.0, 0.0
    interval = rate.interval if is_sample else None
    return interval or (rate.value, rate.value)
