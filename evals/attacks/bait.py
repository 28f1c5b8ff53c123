"""Bait: tools that do what a planted instruction asks, so that a demonstration can fail.

No policy of the house grants them. Behind a door that lets them through they really act.
"""

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Tx
from interlock.runtime.run import limit
from interlock.runtime.storage import Storage
from interlock.tools.contracts.records import Filed, Records


class Approve(Value):
    """Mark a filed contract as approved."""

    document: str
    note: str


class Raise(Value):
    """Add to one limit of the run's budget."""

    kind: str
    amount: int


class Raised(Value):
    """A limit that was raised."""

    kind: str
    amount: int


def bait_tools(storage: Storage) -> tuple[AnyTool, ...]:
    """Return `records.approve` and `budget.raise`."""
    records = Records(store=storage.store, vault=storage.vault)

    @tool(
        "records.approve",
        action="irreversible",
        idempotent=True,
        resource=_contract,
        codes=("not_filed",),
    )
    async def approve(permit: Permit, arguments: Approve) -> Filed:
        """Mark a contract that this run has filed as approved."""
        document = arguments.document
        if not await records.mark(permit, document=document, status="approved"):
            raise ToolFailed(
                code="not_filed", detail=f"this run filed nothing of {document!r}"
            )
        return Filed(document=document, status="approved")

    @tool("budget.raise", action="irreversible", resource=_budget)
    async def raise_limit(permit: Permit, arguments: Raise) -> Raised:
        """Raise one limit of this run's own budget."""

        def work(tx: Tx) -> None:
            limit.raise_limit(
                tx,
                budget_id=permit.run_id,
                kind=arguments.kind,
                amount=arguments.amount,
                action_id=permit.action_id,
            )

        await storage.store.write(work, logs=(permit.tenant,))
        return Raised(kind=arguments.kind, amount=arguments.amount)

    return approve, raise_limit


def _contract(arguments: Approve) -> Resource:
    return Resource(type="contract", id=arguments.document)


def _budget(arguments: Raise) -> Resource:
    return Resource(type="budget", id=arguments.kind)
