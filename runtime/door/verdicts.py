"""Verdicts through the door for people: each is an act, and all that are given together are one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.acts import Acts, Subject
from interlock.runtime.door.proposal import refuse_unfit
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.run import pin, subject
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run
from interlock.runtime.run.runs import Runs
from interlock.runtime.run.verdict import Shown

#: Returns what a run must be pinned to, to go on here or where its release is at work
PinsOf: TypeAlias = Callable[[Run], Awaitable[Pins]]


class Verdicts:
    """Takes the verdicts of people; lives as long as its runtime and holds no state of its own."""

    def __init__(
        self,
        *,
        approvals: Approvals,
        runs: Runs,
        acts: Acts,
        pins: PinsOf,
        tools: Mapping[str, AnyTool],
    ) -> None:
        self._approvals = approvals
        self._runs = runs
        self._acts = acts
        self._pins = pins
        self._tools = tools

    async def give(
        self,
        shown: Sequence[Shown],
        *,
        person: Principal,
        verdict: Verdict,
        note: str,
    ) -> None:
        """Record one verdict of *person* on each approval that was *shown*, or on none of them.

        The runs go on with `Runtime.resume`. Raises `NotPermitted` when the policy denies the act
        for one of them, and what `Approvals.decide_together` and `pin.keep_all` raise: here the run
        of one could not go on with the verdict.
        """

        async def work() -> None:
            for one in shown:
                await self._keep(one)
            await self._approvals.decide_together(
                shown, reviewer=person, verdict=verdict, note=note
            )

        await self._acts.perform_together(
            "approval.decide",
            work,
            person=person,
            subjects=[_judged(one, verdict, note) for one in shown],
        )

    async def edit(
        self,
        shown: Shown,
        *,
        person: Principal,
        arguments: dict[str, Json],
        note: str,
    ) -> None:
        """Reject what was *shown*, and tell the agent which arguments *person* would agree to.

        Raises as `give` does, and `BadInput` where nothing is other ("same_arguments") or the tool
        takes no such arguments ("arguments_unfit").
        """

        async def work() -> None:
            await self._keep(shown)
            asked = await self._approvals.read(shown.approval)
            if asked.evidence["arguments"] == arguments:
                raise refused("same_arguments", what=f"approval {shown.approval}")
            refuse_unfit(
                self._tools.get(asked.tool),
                arguments,
                what=f"the edit of approval {shown.approval}",
            )
            await self._approvals.decide_together(
                [shown],
                reviewer=person,
                verdict="rejected",
                note=note,
                proposal=arguments,
            )

        await self._acts.perform(
            "approval.edit",
            work,
            person=person,
            arguments={
                "approval": shown.approval,
                "shown": shown.evidence,
                "arguments": arguments,
                "note": note,
            },
            look=subject.approval(shown.approval),
        )

    async def _keep(self, shown: Shown) -> None:
        """Raise as `pin.keep_all` does where the run that asks is pinned to something else."""
        asked = await self._approvals.read(shown.approval)
        if asked.state == "waiting":
            run = await self._runs.read(asked.run_id)
            pin.keep_all(run, await self._pins(run))


def _judged(shown: Shown, verdict: Verdict, note: str) -> Subject:
    """Return what the act of deciding one approval is about."""
    return (
        {
            "approval": shown.approval,
            "verdict": verdict,
            "shown": shown.evidence,
            "note": note,
        },
        subject.verdict(shown.approval),
    )
