"""Which rule stops which hostile contract: each rule of the policy is left out alone.

Run `python -m interlock.evals.hostile.rules --json`. A rule that is the only reason of no denial
changes nothing where it is left out, so an attack is reviewed again without those rules alone that
denied one of its calls by themselves. Questions to a person are no denials and are left as they
are. Exit code 1 when an attack breached under all rules, or when a review says nothing.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from interlock.evals import report
from interlock.evals.guarantees.patch import Patch
from interlock.evals.guarantees.rules import without_rule
from interlock.evals.hostile import cases, trials
from interlock.evals.hostile.cases import Trial
from interlock.evals.hostile.trials import Came
from interlock.runtime.run.recorded_action import RecordedAction


@dataclass(kw_only=True)
class Report:
    """Rules, and the attacks that each of them stops."""

    attacks: int = 0
    #: Attacks of which no call was denied
    undenied: int = 0
    #: Rule -> attacks of which it denied a call, with others or by itself
    denies: dict[str, int] = field(default_factory=dict)
    #: Rule -> attacks of which it alone denied a call
    denies_alone: dict[str, int] = field(default_factory=dict)
    #: Rule -> the attacks that have a forbidden effect without that one rule
    only_it_stops: dict[str, list[str]] = field(default_factory=dict)
    #: Attacks that had a forbidden effect under all rules
    breached: list[str] = field(default_factory=list)
    #: Reviews that broke, each with the rule that was left out; they say nothing
    broken: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether every attack was stopped under all rules, and every review says something."""
        return bool(self.attacks) and not self.breached and not self.broken


def main(arguments: Sequence[str] | None = None) -> int:
    """Leave out each rule alone, print which attacks it alone stops, and return the exit code."""
    parser = report.parser("Leave out each rule of the policy alone, under attack.")
    cases.add_sample(parser)
    options = parser.parse_args(arguments)
    wanted = cases.drawn(cases.attacks(), options.sample, options.seed)
    return report.tell(
        asyncio.run(_left_out(wanted)),
        as_json=options.json,
    )


async def _left_out(wanted: Sequence[Trial]) -> Report:
    told = Report(attacks=len(wanted))
    by_rule: dict[str, list[Trial]] = {}

    def under_all(trial: Trial, came: Came) -> None:
        if came.harm:
            told.breached.append(trial.id)
        denied = [one for one in came.actions if one.state == "denied"]
        told.undenied += not denied
        for rule in {reason.rule for one in denied for reason in one.reasons}:
            told.denies[rule] = told.denies.get(rule, 0) + 1
        for rule in _alone(denied):
            by_rule.setdefault(rule, []).append(trial)

    await _reviewed(wanted, told, "all rules", under_all)
    for rule, stopped in sorted(by_rule.items()):
        told.denies_alone[rule] = len(stopped)
        told.only_it_stops[rule] = await _without(rule, stopped, told)
    return told


async def _without(rule: str, stopped: Sequence[Trial], told: Report) -> list[str]:
    """Return the attacks that have a forbidden effect where this rule denies nothing."""
    harmful: list[str] = []

    def judge(trial: Trial, came: Came) -> None:
        if came.harm:
            harmful.append(trial.id)

    with Patch() as patch:
        without_rule(rule)(patch)
        await _reviewed(stopped, told, f"without {rule}", judge)
    return sorted(harmful)


async def _reviewed(
    wanted: Sequence[Trial],
    told: Report,
    under: str,
    judge: Callable[[Trial, Came], None],
) -> None:
    """Review the attacks in a new home; a review that raised is broken and is not judged."""

    def tell(trial: Trial, came: Came | Exception) -> None:
        if isinstance(came, Exception) or came.run.status == "held":
            told.broken.append(f"{trial.id}, {under}: {came!r:.200}")
            return
        judge(trial, came)

    async with trials.place() as place:
        await trials.reviewed(
            place,
            wanted,
            jobs=os.cpu_count() or 1,
            tell=tell,
        )


def _alone(denied: Sequence[RecordedAction]) -> set[str]:
    """Return the rules that denied a call by themselves."""
    reasons = [{reason.rule for reason in action.reasons} for action in denied]
    return set().union(*(rules for rules in reasons if len(rules) == 1))


if __name__ == "__main__":
    sys.exit(main())
