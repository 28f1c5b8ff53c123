"""Reading back: an effect that its tool reports is looked at, before it is recorded as done.

    confirmed     what the effect should have left is there
    contradicted  it is not, or not so: the effect is unknown, and a person looks (fails closed)
    not_read      the reading could not be done in time: the answer stands, or the effect is unknown
                  where the tool needs to be read back

A reading is no second act: it changes nothing, and decides nothing but how much an answer is worth.
"""

import asyncio
import time
from dataclasses import replace
from typing import Any, Final

from interlock.runtime.door.conclusion import Conclusion, dearer, ms_since
from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.tool import Acted
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.recorded_action import Readback

#: Characters of the tool's answer that are kept for people
_LONGEST: Final = 1_000


async def read_back(
    attempt: Attempt,
    proposal: Proposal,
    conclusion: Conclusion,
    *,
    began: float,
) -> Conclusion:
    """Return the conclusion as far as what the effect left bears the tool's answer out.

    The reading ends with the time that the action may take since *began* on the monotonic clock,
    and no error of the reading is raised.
    """
    tool = proposal.callable
    outcome = conclusion.outcome
    if tool.readback is None or not isinstance(outcome, Done):
        return conclusion
    arguments: Any = proposal.arguments
    acted = Acted(
        key=attempt.id,
        run_id=attempt.run.id,
        arguments=arguments,
        result=outcome.value,
    )
    left_s = attempt.time_ms / 1000 - (time.monotonic() - began)
    seen: Readback
    try:
        async with asyncio.timeout(left_s):
            seen = "confirmed" if await tool.readback(acted) is True else "contradicted"
    except Exception:  # noqa: BLE001 - whatever broke, nothing was read
        seen = "not_read"
    if seen == "contradicted" or (seen == "not_read" and tool.needs_readback):
        conclusion = _doubted(attempt, proposal, conclusion, seen)
    elapsed_ms = min(ms_since(began), attempt.time_ms)
    return replace(
        conclusion,
        ending=replace(conclusion.ending, readback=seen),
        actual=conclusion.actual.lasting(max(conclusion.actual.wall_ms, elapsed_ms)),
    )


def _doubted(
    attempt: Attempt,
    proposal: Proposal,
    conclusion: Conclusion,
    seen: Readback,
) -> Conclusion:
    """Return the conclusion of an effect whose tool may be wrong about the effect.

    An answer that is not believed is not believed to have been cheap either.
    """
    answer = (conclusion.ending.result or b"").decode()[:_LONGEST]
    why = f"the tool answered {answer}, and what should be left of that "
    why += "could not be read" if seen == "not_read" else "is not there"
    return Conclusion(
        outcome=Unknown(action_id=attempt.id, detail=why),
        ending=Ending(state="unknown", failure=(seen, why)),
        actual=dearer(conclusion.actual, attempt.request.context.cost),
        label=conclusion.label.join(proposal.callable.failing),
    )
