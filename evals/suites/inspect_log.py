"""The form of logs that Inspect reads (`inspect_ai.log.read_eval_log`, `inspect view`).

Each case is a sample with one score; a case that says nothing is a sample with an error and no
score, so no mean takes it in. The rates are the results. Inspect itself is not needed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from interlock.evals.suites.measurement import Measurement
from interlock.evals.suites.suite import Became, Case, Rate

#: Of the form of the log
VERSION: Final = 2
_SCORER: Final = "interlock"
#: Inspect's letters: correct, partial, incorrect
_LETTERS: Final[Mapping[Became, str]] = {
    "held": "C",
    "worked": "C",
    "asked": "P",
    "refused": "I",
    "breached": "I",
}


def inspect_log(measurement: Measurement) -> dict[str, Any]:
    """Return the measurement as Inspect's log; what is read of a header stands before the cases."""
    result = measurement.result
    ended = measurement.began + measurement.elapsed_ms // 1000
    scored = sum(not case.is_broken for case in result.cases)
    return {
        "version": VERSION,
        "status": "success",
        "eval": _spec(measurement),
        "plan": {"name": "plan", "steps": []},
        "results": {
            "total_samples": len(result.cases),
            "completed_samples": scored,
            "scores": [
                _rate(rate, len(result.cases) - scored) for rate in result.rates
            ],
        },
        "stats": {
            "started_at": _moment(measurement.began),
            "completed_at": _moment(ended),
        },
        "samples": [_sample(case) for case in result.cases],
    }


def _spec(measurement: Measurement) -> dict[str, Any]:
    result = measurement.result
    return {
        "eval_id": measurement.digest,
        "run_id": measurement.digest,
        "task_id": result.suite,
        "created": _moment(measurement.began),
        "task": result.suite,
        "task_description": measurement.title,
        "dataset": {
            "name": result.suite,
            "samples": len(result.cases),
            "sample_ids": [case.id for case in result.cases],
        },
        "model": "none/none",
        "config": {"limit": measurement.conditions.sample},
        "packages": {"interlock": measurement.version},
        "metadata": {
            "policy_revision": result.revision,
            "commit": measurement.commit,
            "digest": measurement.digest,
            "command": measurement.command,
            "held": measurement.held,
            "gates": [
                f"{gate.name}: {gate.measured} ({gate.required})"
                for gate in measurement.gates
            ],
            "notes": list(result.notes),
            "unmeasured": list(result.unmeasured),
        },
    }


def _sample(case: Case) -> dict[str, Any]:
    sample: dict[str, Any] = {
        "id": case.id,
        "epoch": 1,
        "input": f"{case.kind}: {case.id}",
        "target": case.expected or "",
        "metadata": {"kind": case.kind, "became": case.became},
    }
    if case.is_broken:
        error = {
            "message": f"{case.became}: {case.detail}",
            "traceback": "",
            "traceback_ansi": "",
        }
        return sample | {"error": error}
    score = {
        "value": _letter(case),
        "answer": case.became,
        "explanation": case.detail,
    }
    return sample | {"scores": {_SCORER: score}}


def _letter(case: Case) -> str:
    """Return what the case is worth: of one that says what it is to become, whether it did."""
    if case.expected is None:
        return _LETTERS[case.became]
    return "C" if case.became == case.expected else "I"


def _rate(rate: Rate, broken: int) -> dict[str, Any]:
    figures: dict[str, float] = {"hits": rate.hits, "of": rate.of}
    if rate.value is not None:
        figures[rate.measure] = rate.value
    if rate.interval is not None:
        figures |= {"low": rate.interval[0], "high": rate.interval[1]}
    return {
        "name": rate.name,
        "scorer": _SCORER,
        "scored_samples": rate.of,
        "unscored_samples": broken,
        "metrics": {
            name: {
                "name": name,
                "value": value,
            }
            for name, value in figures.items()
        },
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
