"""A world in which runs read a contract, with the tools that write about it behind its door."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.canonical import Json
from interlock.runtime.door.outcome import Done, Outcome
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, FixedClock, World
from interlock.tools.contracts.clauses import Answers
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.records import Records, record_tools
from interlock.tools.contracts.report import report_tools
from interlock.tools.contracts.review import Reviews, review_tools
from interlock.tools.contracts.risk import Playbooks
from interlock.tools.documents import Document
from interlock.tools.library import Library
from interlock.tools.reports import Reports

CONTRACT: Final = Document(
    digest="sha256:ab",
    name="canary-contract.pdf",
    kind="pdf",
    pages=(0,),
    text="This Agreement shall be governed by the laws of the State of New York.\n\nIt is "
    "made as of May 3, 2018.",
)


class ModelHere:
    """The shipped model in this process, where no child has to start; it counts what it read."""

    def __init__(self) -> None:
        self.model = ClauseModel.load()
        self.version = self.model.version
        self.unsupported = self.model.unsupported
        self.texts: list[str] = []

    async def find(self, text: str) -> Answers:
        """Return what the model finds."""
        self.texts.append(text)
        return self.model.find(text)


@dataclass(frozen=True, kw_only=True)
class Office:
    """One world with what its runs read, review, file and report."""

    world: World
    clock: FixedClock
    reports: Reports
    library: Library
    reviews: Reviews
    playbooks: Playbooks
    records: Records
    finder: ModelHere

    async def run(
        self,
        *,
        tenant: str = "default",
        read: Document | None = CONTRACT,
        request: dict[str, Json] | None = None,
    ) -> Run:
        """Start a run of a tenant by a request, and let it read a document."""
        agent = Principal(
            id="agent:test",
            tenant=tenant,
            roles=("contract_review",),
            on_behalf_of="ana",
        )
        run = await self.world.runs.start(
            NewRun(
                agent="test",
                principal=agent,
                request=request or {},
                limits=PLENTY,
                autonomy=2,
                revision=self.world.pdp.revision,
                intent=None,
            )
        )
        if read is not None:
            await self.read(run, read)
        return run

    async def read(self, run: Run, document: Document) -> None:
        """Let the run read one document more."""
        permit = Permit(
            MINT,
            tool="document.read",
            digest="0" * 64,
            action_id="1" * 64,
            run_id=run.id,
            claim=run.claim,
            tenant=run.tenant,
        )
        self.library.keep(document, permit=permit)
        await self.world.store.durable(run.claim)

    async def reviewed(self, *, tenant: str = "default") -> Run:
        """Start a run that has read the contract and reviewed it."""
        run = await self.run(tenant=tenant)
        outcome = await self.propose(
            run, "contracts.review", "review", document=CONTRACT.digest
        )
        assert isinstance(outcome, Done)
        return run

    async def propose(
        self, run: Run, tool: str, call_id: str = "1", **arguments: Any
    ) -> Outcome:
        """Propose one call of the run and return what became of it, settled."""
        outcome = await self.world.pep.enforce(
            run, tool=tool, arguments=arguments, call_id=call_id
        )
        await self.world.store.durable(run.claim)
        return outcome


@pytest.fixture
def contract() -> Document:
    """The contract that a run of the office reads."""
    return CONTRACT


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office whose policy permits every tool of records and reports."""
    clock = FixedClock()
    async with World(tmp_path / "world", clock=clock) as world:
        library = Library(store=world.store, vault=world.vault)
        finder = ModelHere()
        playbooks = Playbooks.read(None, categories=finder.model.categories)
        reviews = Reviews(
            store=world.store,
            vault=world.vault,
            library=library,
            finder=finder,
            playbooks=playbooks,
        )
        records = Records(store=world.store, vault=world.vault)
        reports = Reports(store=world.store, vault=world.vault)
        every = [
            *review_tools(reviews),
            *record_tools(records, reviews=reviews),
            *report_tools(reports=reports, reviews=reviews, library=library),
        ]
        for each in every:
            world.add(each)
            world.pdp.effects[each.name] = "permit"  # type: ignore[attr-defined]  # the table of this world's twin
        yield Office(
            world=world,
            clock=clock,
            reports=reports,
            library=library,
            reviews=reviews,
            playbooks=playbooks,
            records=records,
            finder=finder,
        )
