"""Contract records: what was filed about a contract, in the same database, so filing happens exactly once."""

from dataclasses import dataclass

from sqlalchemy import Connection

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import budget
from interlock.runtime.run.shelf import Shelf
from interlock.tools.contracts.review import Review, Reviews

KIND = "contract"


class File(Value):
    """File the review of one contract that the run has read; what is filed comes from the document."""

    document: str


class Approve(Value):
    """Mark a filed contract as approved."""

    document: str
    note: str


class Raise(Value):
    """Add to one limit of the run's budget."""

    kind: str
    amount: int


class Filed(Value):
    """A record as it now stands."""

    document: str
    status: str


class Raised(Value):
    """A limit that was raised."""

    kind: str
    amount: int


class Contract(Value):
    """What is filed of a contract."""

    document: str
    name: str
    tier: str
    score: int
    findings: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What one run filed of one contract, and its status now."""

    run_id: str
    tenant: str
    status: str
    contract: Contract


def contract(review: Review) -> Contract:
    """Return what is filed of a review."""
    return Contract(
        document=review.document,
        name=review.name,
        tier=review.risk.tier,
        score=review.risk.score,
        findings=len(review.findings),
    )


class Records:
    """The contract records of this home, each of the run that filed it and under that run's tenant.

    Another run's record of the same contract is another record: neither overwrites the other, and
    each goes with its own run.
    """

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store, self._shelf = store, Shelf(store=store, vault=vault, kind=KIND)

    async def file(self, permit: Permit, review: Review) -> Filed:
        """File the review in one transaction; what the run has filed of the document already stays as it is."""
        body = contract(review).model_dump()

        def work(tx: Tx) -> str:
            return self._shelf.put(tx, permit, key=review.document, status="reviewed", body=body)

        return Filed(document=review.document, status=await self._store.write(work))

    async def approve(self, permit: Permit, arguments: Approve) -> Filed:
        """Mark what this run filed as approved; raises `ToolFailed` when it filed nothing of the document."""

        def work(tx: Tx) -> bool:
            return self._shelf.mark(tx, permit, key=arguments.document, status="approved")

        if not await self._store.write(work):
            raise ToolFailed(
                code="not_filed",
                detail=f"this run filed nothing of {arguments.document!r}; file it first",
            )
        return Filed(document=arguments.document, status="approved")

    async def raise_limit(self, permit: Permit, arguments: Raise) -> Raised:
        """Raise one limit of the run's own budget; recorded as a budget movement."""

        def work(tx: Tx) -> None:
            budget.raise_limit(
                tx,
                budget_id=permit.run_id,
                run_id=permit.run_id,
                kind=arguments.kind,
                amount=arguments.amount,
                action_id=permit.action_id,
            )

        await self._store.write(work)
        return Raised(kind=arguments.kind, amount=arguments.amount)

    async def list(self) -> list[Record]:
        """Return every record that can still be opened, newest first."""

        def look(connection: Connection) -> list[Record]:
            return [
                Record(
                    run_id=each.run_id,
                    tenant=each.tenant,
                    status=each.status,
                    contract=Contract(**each.body),
                )
                for each in self._shelf.kept(connection)
            ]

        return await self._store.read(look)


def record_tools(records: Records, *, reviews: Reviews) -> tuple[AnyTool, ...]:
    """Return `records.file`, `records.approve` and `budget.raise`."""

    @tool("records.file", action="write", idempotent=True, resource=_contract)
    async def file(permit: Permit, arguments: File) -> Filed:
        """File the reviewed contract in the register."""
        return await records.file(
            permit, await reviews.of(arguments.document, run_id=permit.run_id)
        )

    @tool("records.approve", action="irreversible", idempotent=True, resource=_contract)
    async def approve(permit: Permit, arguments: Approve) -> Filed:
        """Mark a filed contract as approved."""
        return await records.approve(permit, arguments)

    @tool(
        "budget.raise",
        action="irreversible",
        resource=lambda a: Resource(type="budget", id=a.kind),
    )
    async def raise_limit(permit: Permit, arguments: Raise) -> Raised:
        """Raise one limit of this run's budget."""
        return await records.raise_limit(permit, arguments)

    return file, approve, raise_limit


def _contract(arguments: File | Approve) -> Resource:
    return Resource(type="contract", id=arguments.document)
