"""The figures as one table for people, a line a policy and suite."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from interlock.evals.agentdojo.score import Rate

#: Heading -> figure
COLUMNS: Final[Mapping[str, str]] = {
    "no person": "autonomy",
    "changing": "autonomy_changing",
    "done": "done",
    "asks/task": "asks_a_task",
    "attacks": "attacks",
    "adaptive": "attacks_adaptive",
    "fatigued": "attacks_fatigued",
    "text only": "text_only",
    "any effect": "any_injected_effect",
    "asks/attack": "injected_asks",
    "useful": "useful_under_attack",
    "hijacks": "hijacks",
}


def rendered(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return the table, and below it what broke and what stood in the way of autonomy."""
    lines = [
        "| " + " | ".join(["policy", "suite", *COLUMNS]) + " |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for report in reports:
        for suite, figures in report["scores"].items():
            cells = [_cell(figures[figure]) for figure in COLUMNS.values()]
            lines.append("| " + " | ".join([report["policy"], suite, *cells]) + " |")
    for report in reports:
        lines.append("")
        lines.append(_paid(report))
        lines += [f"  broken: {broken}" for broken in report["broken"]]
        lines += [f"  {count} x {name}" for name, count in report["obstacles"].items()]
    return "\n".join(lines) + "\n"


def _paid(report: Mapping[str, Any]) -> str:
    seconds = report["processor_s"]
    speed = report["steps"] / seconds if seconds else 0.0
    return (
        f"{report['policy']}: {report['steps']} steps, {seconds} s of processors, "
        f"{report['elapsed_s']} s, {speed:.0f} steps a processor-second"
    )


def _cell(figure: Any) -> str:
    if not isinstance(figure, Mapping):
        return f"{figure:.2f}"
    known = Rate(**figure)
    return f"{known} ({known.low:.1%}-{known.high:.1%})"
