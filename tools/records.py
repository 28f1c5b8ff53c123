"""Contract records: what was filed about a contract, in the same database, so filing happens exactly once."""

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from interlock.runtime import budget
from interlock.runtime.canonical import Json, canonical
from interlock.runtime.decision import Permit
from interlock.runtime.request import Resource
from interlock.runtime.store import Event, Store, Tx
from interlock.runtime.store import schema as t
from interlock.runtime.tool import AnyTool, ToolFailed, Value, arguments_json, tool
from interlock.runtime.vault import Vault

KIND = "contract"
_c = t.record.c


class File(Value):
    """File the review of one contract."""

    document: str
    name: str
    status: str
    tier: str
    score: int
    findings: int


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


class Records:
    """The contract records of one tenant."""

    def __init__(self, *, store: Store, vault: Vault, tenant: str) -> None:
        self._store, self._vault, self._tenant = store, vault, tenant

    async def file(self, permit: Permit, record: File) -> Filed:
        """Write the record in one transaction; filing again replaces it with the same."""

        def work(tx: Tx) -> None:
            key = self._vault.key(tx.connection, permit.run_id)
            tx.connection.execute(delete(t.record).where(*self._is(record.document)))
            body = key.seal(canonical(arguments_json(record)), place=self._place(record.document))
            row = {
                "tenant": self._tenant, "kind": KIND, "key": record.document, "status": record.status, "body": body,
                "run_id": permit.run_id, "action_id": permit.action_id, "updated": self._store.now(tx.connection),
            }  # fmt: skip
            tx.connection.execute(insert(t.record).values(row))

        await self._store.write(work)
        return Filed(document=record.document, status=record.status)

    async def approve(self, permit: Permit, arguments: Approve) -> Filed:
        """Set the record's status to approved; raises `ToolFailed` when nothing is filed."""

        def work(tx: Tx) -> int:
            values = {"status": "approved", "action_id": permit.action_id}
            return tx.connection.execute(update(t.record).where(*self._is(arguments.document)).values(values)).rowcount

        if await self._store.write(work) != 1:
            raise ToolFailed(code="not_filed", detail=f"contract {arguments.document!r} has no record; file it first")
        return Filed(document=arguments.document, status="approved")

    async def raise_limit(self, permit: Permit, arguments: Raise) -> Raised:
        """Raise one limit of the run's own budget; recorded as a budget movement."""

        def work(tx: Tx) -> None:
            budget.raise_limit(tx, budget_id=permit.run_id, kind=arguments.kind, amount=arguments.amount)
            body: dict[str, Json] = {"kind": arguments.kind, "amount": arguments.amount, "action": permit.action_id}
            tx.events.append(Event(run_id=permit.run_id, event="budget", body=body))

        await self._store.write(work)
        return Raised(kind=arguments.kind, amount=arguments.amount)

    async def list(self) -> list[tuple[File, str]]:
        """Return every record with its status now."""

        def look(connection: Connection) -> list[tuple[File, str]]:
            rows = connection.execute(select(t.record).where(_c.tenant == self._tenant, _c.kind == KIND)).mappings()
            return [(self._opened(connection, row), row["status"]) for row in rows.all()]

        return await self._store.read(look)

    def _opened(self, connection: Connection, row: RowMapping) -> File:
        key = self._vault.key(connection, row["run_id"])
        return File(**orjson.loads(key.open(row["body"], place=self._place(row["key"]))))

    def _is(self, document: str) -> tuple[ColumnElement[bool], ...]:
        return (_c.tenant == self._tenant, _c.kind == KIND, _c.key == document)

    def _place(self, document: str) -> str:
        return f"record/{self._tenant}/{KIND}/{document}"


def record_tools(records: Records) -> tuple[AnyTool, ...]:
    """Return `records.file`, `records.approve` and `budget.raise`."""

    @tool(name="records.file", action_class="write", idempotent=True, resource=_contract)
    async def file(permit: Permit, arguments: File) -> Filed:
        return await records.file(permit, arguments)

    @tool(name="records.approve", action_class="irreversible", idempotent=True, resource=_contract)
    async def approve(permit: Permit, arguments: Approve) -> Filed:
        return await records.approve(permit, arguments)

    @tool(name="budget.raise", action_class="irreversible", resource=lambda a: Resource(type="budget", id=a.kind))
    async def raise_limit(permit: Permit, arguments: Raise) -> Raised:
        return await records.raise_limit(permit, arguments)

    return file, approve, raise_limit


def _contract(arguments: File | Approve) -> Resource:
    return Resource(type="contract", id=arguments.document)
