"""One approval as its page shows it: what the verdict binds to, and what is around it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from interlock.runtime.canonical import digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import identity
from interlock.runtime.run.question import Approval
from interlock.runtime.run.quorum import seat_for
from interlock.serving.queue import timeline
from interlock.serving.queue.arguments import arguments, exact, proposed
from interlock.serving.queue.consequence import consequence
from interlock.serving.queue.fields import offered
from interlock.serving.queue.letter import Letter, letter
from interlock.serving.queue.provenance import sources
from interlock.serving.queue.risk import WORDS, risk_of
from interlock.serving.queue.spending import meters_of
from interlock.serving.queue.visitor import Visitor
from interlock.serving.queue.words import tool_in_words
from interlock.serving.view import view

MAIL: Final = "mail.send"


async def shown(visitor: Visitor, approval: Approval) -> dict[str, Any]:
    """Return what the page of *approval* shows."""
    home = visitor.home
    evidence: Mapping[str, Any] = approval.evidence
    what = consequence(home, approval.tool, str(evidence["class"]))
    run = await view(home, approval.run_id)
    return {
        "approval": approval,
        "evidence": evidence,
        "words": tool_in_words(approval.tool, home.runtime.tools),
        "arguments": arguments(evidence),
        "exact": exact(evidence),
        "sources": await sources(home, run, evidence["arguments"]),
        "letter": _letter(visitor, evidence),
        "consequence": what,
        "risk_words": WORDS[what.risk],
        "run": run,
        "meters": meters_of(run["spend"]) if run["spend"] else [],
        "history": await timeline.timeline(home, approval.run_id),
        "reasons": _reasons(evidence),
        "obstacle": await _obstacle(visitor, approval),
        "needs_password": needs_password(visitor, approval),
        "by_issuer": visitor.caller.proof == "oidc",
        "carried": carried(evidence),
        "decider": approval.reviewer,
        **handled(visitor, approval),
    }


async def _obstacle(visitor: Visitor, approval: Approval) -> str:
    editors = await visitor.home.approvals.editors(approval)
    return obstacle(
        visitor,
        approval,
        editors,
    )


def obstacle(visitor: Visitor, approval: Approval, editors: tuple[str, ...]) -> str:
    """Return why this person cannot decide, or an empty string; the policy has the last word.

    *editors* wrote edits of what is asked for.
    """
    if approval.state != "waiting":
        return approval.state
    if is_mine(visitor, approval.requester):
        return "own_request"
    if any(is_mine(visitor, step.person) for step in approval.verdicts):
        return "voted_already"
    if seat_for(approval.unfilled, visitor.person.roles) is None:
        return "role_missing"
    if identity(visitor.person.id) in editors:
        return "own_edit"
    return ""


def handled(visitor: Visitor, approval: Approval) -> dict[str, Any]:
    """Return what the page says of what people do about it before the verdict."""
    evidence: Mapping[str, Any] = approval.evidence
    tool = visitor.home.runtime.tools.get(approval.tool)
    return {
        "above": above(visitor, approval),
        "is_mine": partial(is_mine, visitor),
        "editable": offered(
            evidence["arguments"], {} if tool is None else tool.schema()
        ),
        "proposed": {
            step.number: proposed(step.proposal)
            for step in approval.steps
            if step.proposal
        },
        "is_overdue": approval.overdue <= visitor.now,
    }


def above(visitor: Visitor, approval: Approval) -> tuple[str, ...]:
    """Return the roles to which this person may pass the approval up."""
    seat = seat_for(approval.unfilled, visitor.person.roles)
    return tuple(role for role in seat.above if role != seat.by) if seat else ()


def is_mine(visitor: Visitor, name: str) -> bool:
    """Whether it is the name of this person."""
    return identity(name) == identity(visitor.person.id)


def needs_password(visitor: Visitor, approval: Approval) -> bool:
    """Whether this person shows the password again, to decide what cannot be undone."""
    is_high = risk_of(str(approval.evidence["class"])) == "high"
    return is_high and not visitor.is_fresh


def carried(evidence: Mapping[str, Any]) -> str:
    """Return the evidence as a form carries it, in ASCII, so that no character gets lost."""
    return json.dumps(evidence, ensure_ascii=True, sort_keys=True)


def brought_back(text: str, shown_digest: str) -> dict[str, Any] | None:
    """Return the evidence that a form carried, if its digest is the one that was shown."""
    try:
        evidence = json.loads(text)
        is_whole = digest(evidence) == shown_digest
    except (ValueError, BadInput):
        return None
    return evidence if is_whole and isinstance(evidence, dict) else None


def _letter(visitor: Visitor, evidence: Mapping[str, Any]) -> Letter | None:
    if evidence["tool"] != MAIL:
        return None
    settings = visitor.home.settings
    return letter(
        evidence["arguments"],
        sender=settings.sender,
        clearances=settings.clearances,
    )


def _reasons(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each code with its words; the codes are sorted, so they stand apart from the words."""
    codes = [str(code) for code in evidence["codes"]]
    words = [str(reason) for reason in evidence["reasons"]]
    if len(codes) == len(words) == 1:
        return [(codes[0], words[0])]
    return [*((code, "") for code in codes), *(("", text) for text in words)]
