"""Contract records: what a run filed about a contract, in the same database, so exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from interlock.runtime.door.tool import AnyTool, ToolFailed, Undo, Value, tool
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.shelf import Kept, Shelf
from interlock.tools.contracts.review import Review, Reviews

KIND: Final = "contract"
#: The status of a record that no longer says anything of its contract
WITHDRAWN: Final = "withdrawn"


class File(Value):
    """File the review of one document that the run has reviewed."""

    document: str


class Withdraw(Value):
    """Withdraw the record of one document that the run has filed."""

    document: str


class Filed(Value):
    """A record as it now stands."""

    document: str
    status: str


class Contract(Value):
    """What is filed of a contract."""

    document: str
    name: str
    tier: str
    score: int
    findings: int
    #: Our party; nothing while the sides are unclear
    party: str
    playbook: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What one run filed of one contract, and its status now."""

    run_id: str
    tenant: str
    status: str
    #: When the status was last set, in Unix seconds
    at: int
    contract: Contract


def contract(review: Review) -> Contract:
    """Return what is filed of a review."""
    return Contract(
        document=review.document,
        name=review.name,
        tier=review.risk.tier,
        score=review.risk.score,
        findings=len(review.findings),
        party=review.side.ours.name if review.side.ours else "",
        playbook=review.risk.playbook,
    )


class Records:
    """The contract records of this home, each of the run that filed it and under that run's tenant.

    Another run's record of the same contract is another record: neither overwrites the other, and
    each goes with its own run.
    """

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._shelf = Shelf(
            store=store,
            vault=vault,
            kind=KIND,
        )

    async def file(self, permit: Permit, review: Review) -> Filed:
        """File the review in one transaction; a record that the run has filed already stands."""
        body = contract(review).model_dump()
        status = await self._shelf.keep_now(
            permit,
            key=review.document,
            status="reviewed",
            body=body,
        )
        return Filed(document=review.document, status=status)

    async def mark(
        self,
        permit: Permit,
        *,
        document: str,
        status: str,
    ) -> bool:
        """Set the status of what the permit's run filed; False when it filed no such document."""
        return await self._shelf.mark(permit, key=document, status=status)

    async def list(self, *, tenant: str | None = None) -> Sequence[Record]:
        """Return every record that can still be opened, of one tenant or of all, newest first."""
        return await self._records(tenant=tenant)

    async def show(self, run_id: str) -> Sequence[Record]:
        """Return what one run filed, newest first; `NotFound` when there is nothing to open."""
        records = await self._records(run_id)
        if not records:
            next_step = "List the records with `interlock records list`."
            raise NotFound(
                kind="record of run",
                name=run_id,
                next_step=next_step,
            )
        return records

    async def _records(
        self, run_id: str | None = None, *, tenant: str | None = None
    ) -> Sequence[Record]:
        shelved = await self._shelf.list(run_id=run_id, tenant=tenant)
        return [_opened(kept) for kept in shelved]


def _opened(kept: Kept) -> Record:
    return Record(
        run_id=kept.run_id,
        tenant=kept.tenant,
        status=kept.status,
        at=kept.at,
        contract=Contract(**kept.body),
    )


def record_tools(records: Records, *, reviews: Reviews) -> tuple[AnyTool, ...]:
    """Return `records.file` and `records.withdraw`, which takes back what the first one did.

    What is filed comes from the review that the run keeps. A record that is withdrawn stays, and
    says so.
    """

    @tool(
        "records.file",
        action="write",
        idempotent=True,
        undo=_withdrawal,
        resource=_contract,
        codes=("not_reviewed",),
    )
    async def file(permit: Permit, arguments: File) -> Filed:
        """File a document that this run has reviewed in the register of contracts."""
        review = await reviews.of(arguments.document, run_id=permit.run_id)
        return await records.file(permit, review)

    @tool(
        "records.withdraw",
        action="write",
        idempotent=True,
        resource=_contract,
        codes=("not_filed",),
    )
    async def withdraw(permit: Permit, arguments: Withdraw) -> Filed:
        """Withdraw what this run has filed of a document."""
        document = arguments.document
        if not await records.mark(permit, document=document, status=WITHDRAWN):
            raise ToolFailed(code="not_filed")
        return Filed(document=document, status=WITHDRAWN)

    return file, withdraw


def _contract(arguments: File | Withdraw) -> Resource:
    return Resource(type="contract", id=arguments.document)


def _withdrawal(arguments: File, filed: Filed) -> Undo:
    return Undo(tool="records.withdraw", arguments={"document": filed.document})
