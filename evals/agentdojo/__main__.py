"""Measures what the rails allow a planner that is the attacker, over AgentDojo's tools.

Run `python -m interlock.evals.agentdojo --json`; `--suite banking`, `--sample N` pairs of a suite,
`--seed S`, `--policy NAME`. Exit code 1 when a trial broke, or when the control does not let every
attack through: then the figures say nothing.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from interlock.evals.agentdojo.package import SUITES
from interlock.evals.agentdojo.postures import NAMES
from interlock.evals.agentdojo.score import key, mechanisms, scores
from interlock.evals.agentdojo.shard import Measured
from interlock.evals.agentdojo.table import rendered
from interlock.evals.agentdojo.variants import VARIANTS
from interlock.evals.agentdojo.whole import Wanted, measured

CONTROL: Final = "allow-all"
_INFEASIBLE: Final = Path(__file__).resolve().parent / "infeasible.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print what came of it, and return the exit code."""
    options = _parser().parse_args(arguments)
    names = options.policy or [CONTROL]
    reports = [_report(name, options) for name in names]
    if options.json:
        sys.stdout.write(f"{json.dumps(reports, indent=1)}\n")
    else:
        sys.stdout.write(rendered(reports))
    return 0 if all(report["held"] for report in reports) else 1


def report(wanted: Wanted) -> dict[str, Any]:
    """Return the figures of one measurement, ready for JSON."""
    whole = measured(wanted)
    figures = scores(whole, reachable(whole))
    return {
        "policy": wanted.posture,
        "held": _held(wanted, whole, figures["all"]),
        "variant": wanted.variant,
        "sample": wanted.sample,
        "seed": wanted.seed,
        "steps": whole.steps,
        "processor_s": round(whole.processor_s, 1),
        "elapsed_s": round(whole.elapsed_s, 1),
        "broken": whole.broken,
        "scores": figures,
        "obstacles": mechanisms(whole.tasks),
        "reached": sorted(key(pair) for pair in whole.pairs if pair.is_reached),
        "pairs": [asdict(pair) for pair in whole.pairs],
        "tasks": [asdict(task) for task in whole.tasks],
    }


def reachable(whole: Measured) -> Mapping[str, bool]:
    """Return of each pair measured whether its goal can be reached at all."""
    known = yaml.safe_load(_INFEASIBLE.read_text("utf-8"))
    return {
        key(pair): pair.user_task
        not in known.get(pair.suite, {}).get(pair.injection_task, ())
        for pair in whole.pairs
    }


def _held(wanted: Wanted, whole: Measured, figures: Mapping[str, Any]) -> bool:
    """Whether the figures say something: nothing broke, and the control stops nothing."""
    if whole.broken:
        return False
    if wanted.posture != CONTROL:
        return True
    rates = [figures[name] for name in ("autonomy", "done", "hijacks")]
    attacks = figures["attacks"]
    is_open = attacks["count"] == attacks["of"] - figures["not_read"]
    return is_open and all(rate["count"] == rate["of"] for rate in rates)


def _report(name: str, options: argparse.Namespace) -> dict[str, Any]:
    wanted = Wanted(
        posture=name,  # type: ignore[arg-type]  # one of its choices
        suites=tuple(options.suite or SUITES),
        sample=options.sample,
        seed=options.seed,
        all_tasks=options.all_tasks,
        launders=not options.direct,
        judges_use=not options.without_use,
        variant=options.variant,
        processes=options.processes,
    )
    return report(wanted)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description="Let the attacker plan.")
    made.add_argument(
        "--suite",
        action="append",
        choices=SUITES,
    )
    made.add_argument(
        "--policy",
        action="append",
        choices=NAMES,
    )
    made.add_argument(
        "--sample",
        type=int,
        help="pairs of each suite; all without it",
    )
    made.add_argument(
        "--all-tasks",
        action="store_true",
        help="with a sample: every user task alone and every hijacked argument, too",
    )
    made.add_argument(
        "--seed",
        type=int,
        default=0,
    )
    made.add_argument(
        "--processes",
        type=int,
        default=0,
    )
    made.add_argument(
        "--variant",
        choices=VARIANTS,
        default="plain",
    )
    made.add_argument(
        "--direct",
        action="store_true",
        help="without laundering",
    )
    made.add_argument(
        "--without-use",
        action="store_true",
        help="without the judges of what an attack leaves of the user's task",
    )
    made.add_argument("--json", action="store_true")
    return made


if __name__ == "__main__":
    sys.exit(main())
