"""How one act ended: the outcome that the agent is told, and the ending that is recorded."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from interlock.runtime.canonical import LARGEST_INTEGER, canonical
from interlock.runtime.door.outcome import Done, Outcome, Unknown, failure, is_wordless
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.tool import ToolFailed, Value
from interlock.runtime.errors import Fenced, Unavailable
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.store import Tx
from interlock.runtime.run import settlement
from interlock.runtime.run.attempt import Attempt, Ending
from interlock.runtime.run.run import hold

#: Writes one conclusion down within a transaction
Recorder: TypeAlias = Callable[..., Fenced | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Conclusion:
    """The end of one act."""

    outcome: Outcome
    ending: Ending
    #: What the act did cost
    actual: Amounts
    #: What the run holds from now on, beside all it held before
    label: Label

    def recording(
        self,
        attempt: Attempt,
        record: Recorder,
    ) -> Callable[[Tx], Fenced | None]:
        """Return the work of one transaction in which *record* writes the conclusion down."""

        def work(tx: Tx) -> Fenced | None:
            return record(
                tx,
                attempt,
                ending=self.ending,
                actual=self.actual,
                label=self.label,
            )

        return work


def concluded(
    attempt: Attempt,
    proposal: Proposal,
    value: Value,
    *,
    elapsed_ms: int,
) -> Conclusion:
    """Return the conclusion of an act that gave *value*."""
    tool = proposal.callable
    cost = attempt.request.context.cost
    if tool.actual is not None:
        cost = _plain(tool.actual(value), estimate=cost)
    return Conclusion(
        outcome=Done(action_id=attempt.id, value=value),
        ending=Ending(
            state="done",
            result=value.model_dump_json().encode(),
            undo=_undo(proposal, value),
        ),
        actual=cost.lasting(min(elapsed_ms, attempt.time_ms)),
        label=tool.yields(proposal.arguments, value) if tool.yields else attempt.label,
    )


def _undo(
    proposal: Proposal,
    value: Value,
) -> bytes | None:
    """Return the call that takes the effect back as it is kept; None where nothing does.

    A tool that cannot say which call that is has acted all the same.
    """
    undo = proposal.callable.undo
    if undo is None:
        return None
    try:
        call = undo(proposal.arguments, value)
        if call is None:
            return None
        return canonical({"tool": call.tool, "arguments": dict(call.arguments)})
    except Exception:  # noqa: BLE001 - whatever broke, the effect stands and is listed as not undone
        return None


async def looked_up(
    attempt: Attempt,
    proposal: Proposal,
) -> Conclusion | str:
    """Return the conclusion that the tool finds outside, or what the looking gave instead.

    The tool may look for as long as the effect may take. When the looking fails, no more is told
    than a code: the words of an error may be anybody's. Only what was found counts: an effect that
    is not found may still be on its way. Raises `Unavailable` as the tool does, and then a later
    claim looks again.
    """
    look = proposal.callable.reconcile
    if look is None:
        return "it could not be asked for"
    try:
        async with asyncio.timeout(attempt.time_ms / 1000):
            value = await look(attempt.id)
        if value is None:
            return "it was asked for and not found"
        return concluded(attempt, proposal, value, elapsed_ms=0)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever broke, nobody knows whether the effect happened
        code = "timeout" if isinstance(error, TimeoutError) else "error"
        return f"it could not be asked for: {code}"


def failed(
    attempt: Attempt,
    proposal: Proposal,
    error: Exception,
    *,
    elapsed_ms: int,
) -> Conclusion:
    """Return the conclusion of an act that raised *error*.

    It failed for certain when the tool says so or has no effect; otherwise nobody knows. Money and
    tokens count as spent unless the tool says that it did not act, and that nobody worked for it.
    The run holds what the tool said of it, except where that is a declared code and nothing else.
    """
    tool = proposal.callable
    nothing_left = isinstance(error, ToolFailed)
    is_spent = isinstance(error, ToolFailed) and error.is_spent
    taken_ms = min(elapsed_ms, attempt.time_ms)
    spent = attempt.request.context.cost.lasting(taken_ms)
    is_charged = is_spent or not nothing_left
    if not is_charged or not (tool.has_effect or spent.priced):
        spent = Amounts(steps=1, wall_ms=taken_ms)
    outcome = failure(attempt.id, tool, error)
    label = attempt.label
    if not is_wordless(tool, error):
        label = label.join(tool.failing)
    cause = (outcome.code, outcome.detail)
    if nothing_left or not tool.has_effect:
        ending = Ending(state="failed", failure=cause)
        return Conclusion(outcome=outcome, ending=ending, actual=spent, label=label)
    return Conclusion(
        outcome=Unknown(action_id=attempt.id, detail=outcome.detail),
        ending=Ending(state="unknown", failure=cause),
        actual=spent,
        label=label,
    )


def held_by(
    error: Unavailable,
    attempt: Attempt,
    proposal: Proposal,
    began: float,
) -> Callable[[Tx], object]:
    """Return the work of one transaction that holds the run because of an outage.

    A priced call for which somebody may have worked has failed first, and costs what was set aside.
    """
    tool_failed = ToolFailed(code=error.spent_as, detail=error.why, is_spent=True)
    taken_ms = ms_since(began)

    def work(tx: Tx) -> None:
        if error.spent_as and proposal.cost.priced:
            failure = failed(attempt, proposal, tool_failed, elapsed_ms=taken_ms)
            failure.recording(attempt, settlement.finish)(tx)
        hold(tx, attempt.run, because="away")

    return work


def _plain(
    claimed: Amounts,
    *,
    estimate: Amounts,
) -> Amounts:
    """Return what a tool says it used in whole numbers from 0 that a record can hold.

    What is no whole number counts as the estimate. What goes beyond the estimate is charged as far
    as the limit allows, and the rest is recorded.
    """
    estimated = estimate.counts()
    counts = {
        kind: amount if type(amount) is int else estimated[kind]
        for kind, amount in claimed.counts().items()
    }
    return Amounts(
        **{
            kind: min(max(0, amount), LARGEST_INTEGER)
            for kind, amount in counts.items()
        }
    )


def dearer(
    one: Amounts,
    other: Amounts,
) -> Amounts:
    """Return the greater amount of each kind."""
    others = other.counts()
    return Amounts(
        **{kind: max(amount, others[kind]) for kind, amount in one.counts().items()}
    )


def ms_since(began: float) -> int:
    """Return the milliseconds that passed since *began* on the monotonic clock."""
    return int((time.monotonic() - began) * 1000)
