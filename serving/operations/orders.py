"""Orders: runs that are asked for over the network; recorded at once, carried on by workers.

A run that was ordered reads no file of this machine: it reads the document that came with the
order, or none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run import order as orders
from interlock.runtime.run.run import Run
from interlock.serving.home import Home
from interlock.serving.operations import documents, looks, runs
from interlock.tools.documents.reader import File

#: Stands for no document, so that the run has one and no other
NOTHING: Final = File(path=Path(), data=b"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a person asks for."""

    agent: str
    request: Mapping[str, Any] = field(default_factory=dict)
    #: The document as it was handed in, or where one stands that was handed in before
    file: File | None = None
    document: str | None = None
    priority: int = 0
    not_before: int = 0
    #: What the same order has again; empty where each order is a new one
    key: str = ""

    @property
    def asked(self) -> list[Json]:
        """Everything that is asked: another order under the same key differs here."""
        file = "" if self.file is None else self.file.digest
        return [
            self.agent,
            dict(self.request),
            file,
            self.document,
            self.priority,
            self.not_before,
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """The run of an order."""

    run: Run
    #: The order came before, and began the run then
    repeated: bool


async def place(home: Home, order: Order, *, person: Principal) -> Placed:
    """Start the run that *order* asks for, or return the one that the same order began before.

    The run is recorded when this returns, and exactly once for each key of a person. Raises
    `NotPermitted`, `BadInput` ("key_reused") for another order under the same key, and what
    `runs.start` raises.
    """
    known = await _known(home, order, person)
    begun = await _begun(home, known)
    if begun is not None:
        return Placed(run=begun, repeated=True)
    try:
        run = await _started(home, order, known, person)
    except BadInput as error:
        if known is None or error.code != "taken_already":
            raise
        begun = await _begun(home, known)  # by another process, just now
        if begun is None:
            raise
        return Placed(run=begun, repeated=True)
    return Placed(run=run, repeated=False)


async def _known(home: Home, order: Order, person: Principal) -> orders.Order | None:
    if not order.key:
        return None
    return await home.store.read(
        lambda connection: orders.Order.of(
            connection,
            home.vault,
            tenant=person.tenant,
            person=person.id,
            key=order.key,
            asked=order.asked,
        )
    )


async def _begun(home: Home, known: orders.Order | None) -> Run | None:
    if known is None:
        return None
    run_id = await home.store.read(known.begun)
    return None if run_id is None else await home.runs.read(run_id)


async def _started(
    home: Home, order: Order, known: orders.Order | None, person: Principal
) -> Run:
    file = await _document(home, order, person)
    request = dict(order.request)
    if file is not NOTHING:
        request["path"] = file.path.name

    def also(tx: Tx, run_id: str) -> None:
        if known is not None:
            known.keep(tx, run_id)
        if file is not NOTHING or _reads_documents(home, order.agent):
            home.library.submit(tx, file, run_id=run_id, tenant=person.tenant)

    return await runs.start(
        home,
        person=person,
        agent=order.agent,
        request=request,
        claim=False,
        priority=order.priority,
        not_before=order.not_before,
        also=also,
    )


def _reads_documents(home: Home, agent: str) -> bool:
    """Whether the agent could read a file of this machine."""
    known = home.runtime.agents.get(agent)
    tools = () if known is None else known.tools
    return any(tool.name == "document.read" for tool in tools)


async def _document(home: Home, order: Order, person: Principal) -> File:
    """Return the document of the order, or `NOTHING`.

    Raises `NotFound` for one that was not handed in.
    """
    if order.file is not None:
        return order.file
    if order.document is None:
        return NOTHING
    deposits = documents.deposits_of(home)
    if await deposits.read(order.document, tenant=person.tenant) is not None:
        return await documents.taken(home, order.document, person=person)
    run_id = await looks.document_run(home, order.document, person=person)
    file = await home.library.submitted(run_id)
    if file is None or not file.data:
        raise NotFound(
            kind="document",
            name=order.document,
            next_step="Hand the document in with the order.",
        )
    return file
