"""Closing: what becomes of an outcome that would say more than a planner may be told.

The record and the people see everything. The planner is told a code of a closed set, a handle, or
an answer of so many bits, and never a text that the call was given or gave.
"""

from dataclasses import replace
from typing import Final, assert_never

from interlock.runtime.door.outcome import (
    Done,
    Expired,
    Failed,
    Outcome,
    Resolved,
    Unknown,
    Unread,
    Waiting,
)
from interlock.runtime.door.proposal import NOWHERE, Proposal
from interlock.runtime.door.unread.given import Handles
from interlock.runtime.errors import RefusedTooOften
from interlock.runtime.policy.decision import Decision, Denied, Reason
from interlock.runtime.policy.label import Label
from interlock.runtime.run.run import Run

#: The rule whose codes say what is wrong with a handle
RULE: Final = "unread"
#: Its codes that say nothing of what a handle holds: where no more may be told, they are told alone
_SPENT: Final = frozenset({"unread_spent", "unread_unknown"})


async def closed(
    outcome: Outcome,
    run: Run,
    proposal: Proposal,
    handles: Handles,
) -> Outcome:
    """Return *outcome* as a planner may be told of it; an ordinary call's outcome as it is.

    Raises `Tampered` for a result that stays unread and has no record (fails closed).
    """
    if proposal.given is None:
        return outcome
    match outcome:
        case Done():
            return await _done(outcome, run, proposal, handles)
        case Denied():
            return _denied(outcome, proposal)
        case Failed() | Unknown():
            return replace(outcome, detail="")
        case Waiting():
            return replace(outcome, decision=_in_short(outcome.decision))
        case Unread() | Expired() | Resolved():
            return outcome
        case _:
            assert_never(outcome)


async def _done(
    done: Done,
    run: Run,
    proposal: Proposal,
    handles: Handles,
) -> Outcome:
    if not proposal.kept:
        return replace(done, label=_label(proposal))
    handle = await handles.handle(run, done.action_id, tool=proposal.action.tool)
    return Unread(action_id=done.action_id, handle=handle)


def _label(proposal: Proposal) -> Label | None:
    """Return the label of an answer: of all that the call was given unread."""
    joined: Label | None = None
    labels = {} if proposal.given is None else proposal.given.labels
    for label in labels.values():
        joined = label if joined is None else joined.join(label)
    return joined


def _denied(
    denied: Denied,
    proposal: Proposal,
) -> Denied:
    """Return the refusal with one code and what was proposed, in place of what was decided on."""
    request = denied.request
    if proposal.given is not None and proposal.given.labels:
        asked = dict(proposal.given.asked)
        action = replace(request.action, arguments=asked)
        request = replace(request, action=action, resource=NOWHERE)
    return Denied(
        request=request,
        decision=_in_short(denied.decision),
        action_id=denied.action_id,
    )


def _in_short(decision: Decision) -> Decision:
    """Return the decision with the code of one reason, and nothing that a rule quotes."""
    reasons = [
        Reason(code=reason.code, rule=reason.rule)
        for reason in sorted(decision.reasons, key=_weight)[:1]
    ]
    return replace(decision, reasons=tuple(reasons))


def _weight(reason: Reason) -> int:
    """Return where a reason stands: what ends the claim, what is spent, what a handle lacks."""
    if reason.code == RefusedTooOften.code:
        return 1
    if reason.rule != RULE:
        return 4
    return 2 if reason.code in _SPENT else 3
