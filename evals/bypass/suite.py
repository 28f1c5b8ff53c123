"""The suite `bypass`: each failure of another system done to ours, with the guard and without it.

A case whose control holds cannot fail, and proves nothing.
"""

import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.evals.bypass import (
    approvals,
    asking,
    budgets,
    effects,
    engine,
    guards,
    leaving,
    memory,
    people,
    policies,
    records,
    repeats,
    reviewers,
    servers,
    telling,
    unread,
    verdicts,
)
from interlock.evals.bypass.case import Bypass, Told, told, went_wrong
from interlock.evals.bypass.counter import laws
from interlock.evals.guarantees.patch import Patch
from interlock.evals.suites.suite import Became, Case, Rate, Result, attempted

BYPASSES: Final[Mapping[str, Bypass]] = {
    **approvals.APPROVALS,
    **guards.GUARDS,
    **engine.ENGINE,
    **effects.EFFECTS,
    **repeats.REPEATS,
    **budgets.BUDGETS,
    **people.PEOPLE,
    **asking.ASKING,
    **leaving.LEAVING,
    **records.RECORDS,
    **reviewers.REVIEWERS,
    **servers.SERVERS,
    **memory.MEMORY,
    **verdicts.VERDICTS,
    **policies.POLICIES,
    **telling.TELLING,
    **unread.UNREAD_TEXT,
}
#: The kind of the cases that take the guard away
CONTROL: Final = "control"
_UNMEASURED: Final = (
    "Failures of other systems that nobody reported, or that we did not read of.",
    "Guards in several layers: a control takes all of them away at a time.",
    "One effect proposed twice in a run that read no stranger's words: it is done twice.",
    "PostgreSQL, and more than one process at a time.",
)


@dataclass(kw_only=True)
class Bypasses:
    """The suite; one case at a time, as guards are replaced in this process."""

    name: str = "bypass"
    title: str = (
        "Failures of other systems, each done to ours with its guard and without"
    )

    async def run(self, *, sample: int | None, seed: int, jobs: int) -> Result:
        """See `Suite`: a case is held or breached, and its control must be breached."""
        dice = random.Random(seed)  # noqa: S311 - a sample that can be drawn again
        names = list(BYPASSES)
        if sample is not None:
            names = dice.sample(names, min(sample, len(names)))
        stated = told()
        cases = []
        for name in names:
            cases += [await _tried(name, stated[name]), await _control(name)]
        return Result(
            suite=self.name,
            revision=laws().revision,
            cases=tuple(cases),
            rates=(
                _rate("bypasses that were held", cases, "held", is_control=False),
                _rate("controls that breached", cases, "breached", is_control=True),
            ),
            unmeasured=_UNMEASURED,
        )


async def _tried(name: str, case: Told) -> Case:
    """Return what becomes of the bypass against the guard."""

    async def work() -> tuple[Became, str]:
        wrong = await _in_new_folder(BYPASSES[name])
        if wrong:
            return "breached", f"{case.whose}: {wrong}"
        return "held", f"{case.whose}: {case.wrong} Here: {case.must}"

    return await attempted(name, name.partition(".")[0], work)


async def _control(name: str) -> Case:
    """Return what becomes of the bypass where nothing guards."""

    async def work() -> tuple[Became, str]:
        with Patch() as patch:
            BYPASSES[name].without(patch)
            wrong = await _in_new_folder(BYPASSES[name])
        return ("breached" if wrong else "held"), wrong

    return await attempted(f"{name}.{CONTROL}", CONTROL, work)


async def _in_new_folder(bypass: Bypass) -> str:
    with tempfile.TemporaryDirectory(prefix="interlock-bypass-") as made:
        return await went_wrong(bypass, Path(made))


def _rate(name: str, cases: list[Case], hit: Became, *, is_control: bool) -> Rate:
    became = [case.became for case in cases if (case.kind == CONTROL) == is_control]
    return Rate(
        name=name,
        hits=became.count(hit),
        of=became.count("held") + became.count("breached"),
    )
