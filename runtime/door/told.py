"""What the policy is told of a proposal itself: what it costs, who proposes, what proves it."""

from dataclasses import replace
from typing import Any

from interlock.runtime.door.labels import Proofs
from interlock.runtime.door.misplaced import misplaced
from interlock.runtime.door.plan.plan import tools_of
from interlock.runtime.door.proposal import Proposal
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.policy.request import PlanFacts
from interlock.runtime.run.done import PLAN


def told(
    proposal: Proposal,
    proofs: Proofs,
) -> dict[str, Any]:
    """Return the facts about the proposal by their names in the context."""
    arguments = proposal.action.arguments
    labels = proofs.labels(arguments)
    plan = PlanFacts()
    if proposal.action.tool == PLAN:
        plan = PlanFacts(tools=tools_of(proposal.arguments))
    if proofs.plan is not None:
        planned = proofs.planned(arguments, action=proposal.id)
        labels = planned.over(labels)
        plan = replace(plan, stated=True, step=planned.step)
    tool = proposal.tool
    return {
        "schema_valid": proposal.arguments is not None,
        "plan": plan,
        "labels": labels,
        "actionable": proofs.actionable(arguments, labels),
        "misplaced": misplaced(proofs, proposal),
        "elsewhere": proofs.elsewhere(arguments, labels),
        "cost": proposal.cost,
        "tool_schema": None if tool is None else schema_digest(tool),
        "proposer": proposal.proposer,
        "offered": proposal.offered,
    }
