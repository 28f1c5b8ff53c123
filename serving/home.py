"""The composition root: the one place where everything is constructed, once."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from interlock.agents.contract_review import ContractReview
from interlock.agents.contract_review.planners import CarefulPlanner, Planner, Text
from interlock.runtime import telemetry
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.run import Run
from interlock.runtime.run.runs import Runs
from interlock.runtime.runtime import AgentSource, Runtime
from interlock.runtime.storage import Storage
from interlock.serving import agents, analysis
from interlock.serving.desk import Desk, decision_point
from interlock.serving.kept import Kept
from interlock.serving.models.configured import router
from interlock.serving.models.entry import READER
from interlock.serving.policy.in_force import in_force
from interlock.serving.released import released
from interlock.serving.settings import Settings, address
from interlock.serving.shipping import shipped
from interlock.serving.tool_servers import ToolServers, refuse_strangers
from interlock.tools.contracts.doubts import doubt_tools
from interlock.tools.contracts.finder import ConfinedFinder
from interlock.tools.contracts.records import Records, record_tools
from interlock.tools.contracts.report import report_tools
from interlock.tools.contracts.review import Reviews, review_tools
from interlock.tools.contracts.risk import Playbooks
from interlock.tools.documents import DocumentReader
from interlock.tools.library import Library, document_tools
from interlock.tools.mail import FolderOutbox, Outbox, SmtpOutbox, mail_tools
from interlock.tools.models.generate import Model, model_tools
from interlock.tools.models.router.router import Router
from interlock.tools.reports import Reports

#: Tools beside the agent's own
MoreTools: TypeAlias = Callable[[Storage], Sequence[AnyTool]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """One workspace opened: its settings, its runtime, and what the contract tools keep there."""

    settings: Settings
    #: What a run's record names the settings by
    digest: str
    bundle: Bundle
    runtime: Runtime
    servers: ToolServers
    library: Library
    records: Records
    reviews: Reviews
    reports: Reports
    playbooks: Playbooks
    #: The version of the clause finder
    finder: str

    def of(self, tenant: str) -> "Home":
        """Return the same home as *tenant* has it: nothing of another tenant is there."""
        runtime = self.runtime.of(tenant)
        library = Library(store=runtime.store, vault=self.vault)
        return replace(
            self,
            runtime=runtime,
            library=library,
            records=Records(store=runtime.store, vault=self.vault),
            reviews=self.reviews.over(runtime.store, library=library),
            reports=Reports(store=runtime.store, vault=self.vault),
        )

    @property
    def store(self) -> Store:
        """The database."""
        return self.runtime.store

    @property
    def vault(self) -> Vault:
        """The keys."""
        return self.runtime.vault

    @property
    def ledger(self) -> Ledger:
        """The audit record."""
        return self.runtime.ledger

    @property
    def pdp(self) -> DecisionPoint:
        """The policy engine."""
        return self.runtime.pdp

    @property
    def pep(self) -> EnforcementPoint:
        """The door."""
        return self.runtime.pep

    @property
    def runs(self) -> Runs:
        """The runs."""
        return self.runtime.runs

    @property
    def approvals(self) -> Approvals:
        """What waits, or waited, for a person."""
        return self.runtime.approvals

    @property
    def desk(self) -> Desk:
        """What people's acts need of the home."""
        return Desk(
            settings=self.settings,
            storage=self.runtime.storage,
            acts=self.runtime.acts,
            policy=self.runtime.policy,
            bundle=self.bundle,
        )

    async def start(
        self,
        *,
        path: Path,
        notify: list[str],
        person: str,
    ) -> Run:
        """Start the review of one file on behalf of *person*; see `Runtime.start`."""
        principal = Principal(
            id=person,
            tenant=self.settings.tenant,
            roles=(),
        )
        return await self.runtime.start(
            "contract_review",
            {"path": str(path), "notify": notify},
            principal=principal,
            limits=self.settings.limits,
            autonomy=self.settings.autonomy,
        )

    async def drive(self, run: Run) -> Ended:
        """Carry a claimed run on; see `Runtime.drive`."""
        return await self.runtime.drive(run)


class PlannerMaker(Protocol):
    """Makes a planner that reads documents by *text*: a scripted one, or a model behind one."""

    def __call__(self, *, text: Text) -> Planner | Model:
        """Return the planner."""
        ...


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    planner: PlannerMaker | None = None,
    more: MoreTools | None = None,
    finder: ConfinedFinder | None = None,
    clock: Callable[[], float] = time.time,
    candidate: bool = False,
    under: str = "",
) -> AsyncIterator[Home]:
    """Open the home, making it first when it is new.

    Where a release is in force the home is what the release says; a *candidate* is what *settings*
    say all the same, to make a release of, and starts no run then. A home *under* a release is what
    that release says, to carry on its runs while it is rolled out.
    *planner* takes the place of the planner that *settings* name, *more* are tools behind the same
    door, and *finder* finds clauses: an attack's trial brings them. Raises `GuardFailed` when any
    part cannot be had (fails closed).
    """
    async with AsyncExitStack() as stack:
        # Nothing else in this process has models of its own.
        stack.enter_context(tripwire.strict())
        storage = await stack.enter_async_context(_storage(settings, clock))
        settings = await released(settings, storage, under, candidate=candidate)
        bundle = in_force(settings)
        kept = Kept.over(storage, settings, finder=finder)
        servers = ToolServers(settings, bundle, stack)
        runtime = Runtime(
            storage=storage,
            pdp=await decision_point(settings, bundle, stack),
            bundle=bundle,
            agents=_agents(settings, kept, planner, storage, more),
            more=servers.of_agent,
            telemetry=_telemetry(stack),
            pins=kept.pins(settings, planner),
            parts=kept.parts(settings, bundle),
        )
        yield await _settled(
            _home(settings, bundle, runtime, servers, kept), kept, stack
        )


async def _settled(home: Home, kept: Kept, stack: AsyncExitStack) -> Home:
    """Let *stack* close the policy in force, and find out what this process is."""
    runtime = home.runtime
    kept.shares.bind(runtime.releases)
    stack.callback(runtime.policy.close)
    refuse_strangers(home.settings, runtime.agents)
    await runtime.releases.look()
    return home


def _agents(
    settings: Settings,
    kept: Kept,
    planner: PlannerMaker | None,
    storage: Storage,
    more: MoreTools | None,
) -> list[AgentSource]:
    own = _tools(settings, kept, planner, storage.vault)
    tools = [*own, *(more(storage) if more else ())]
    asked = analysis.analyst(
        tools,
        library=kept.library,
        reviews=kept.reviews,
        categories=kept.categories,
    )
    loaded = agents.load(settings.agents, folder=settings.modules)
    review = ContractReview(tools, has_reader=READER in settings.models)
    return [review, asked, *loaded]


@asynccontextmanager
async def _storage(
    settings: Settings, clock: Callable[[], float]
) -> AsyncIterator[Storage]:
    """Open the storage, whose checkpoints are shipped to where *settings* say."""
    opening = Storage.open(
        database=settings.database,
        keys=settings.home / "keys",
        witness=settings.home / "checkpoints",
        entries=settings.checked_entries,
        second=settings.second_folder,
        trusting=settings.is_trusting,
        clock=clock,
    )
    async with opening as storage, shipped(settings, storage):
        yield storage


def _telemetry(stack: AsyncExitStack) -> telemetry.Telemetry:
    """Return the spans, exported where something is set to; *stack* shuts the exporter down."""
    provider = telemetry.provider()
    if provider is not None:
        stack.callback(provider.shutdown)
    return telemetry.Telemetry(provider)


def _home(
    settings: Settings,
    bundle: Bundle,
    runtime: Runtime,
    servers: ToolServers,
    kept: Kept,
) -> Home:
    return Home(
        settings=settings,
        digest=settings.digest,
        bundle=bundle,
        runtime=runtime,
        servers=servers,
        library=kept.library,
        records=kept.records,
        reviews=kept.reviews,
        reports=kept.reports,
        playbooks=kept.playbooks,
        finder=kept.finder,
    )


def _tools(
    settings: Settings, kept: Kept, planner: PlannerMaker | None, vault: Vault
) -> tuple[AnyTool, ...]:
    """Return the tools of the contract review, as *settings* connect them to the outside."""
    return (
        *document_tools(reader=DocumentReader(), library=kept.library),
        *review_tools(kept.reviews),
        *doubt_tools(kept.reviews, library=kept.library),
        *model_tools(_models(settings, kept, planner, vault)),
        *record_tools(kept.records, reviews=kept.reviews),
        *report_tools(reports=kept.reports, reviews=kept.reviews, library=kept.library),
        *mail_tools(
            outbox=_outbox(settings),
            reports=kept.reports,
            sender=settings.sender,
            clearances=settings.clearances,
        ),
    )


def _models(
    settings: Settings, kept: Kept, planner: PlannerMaker | None, vault: Vault
) -> Router:
    """Return the models: *planner* in the place of what plans, if there is one."""

    async def text(digest: str) -> str:
        return (await kept.library.document(digest)).text

    return router(
        settings,
        vault=vault,
        careful=CarefulPlanner(text=text),
        weights=kept.shares,
        planner=None if planner is None else planner(text=text),
    )


def _outbox(settings: Settings) -> Outbox:
    if settings.smtp is None:
        return FolderOutbox(settings.home / "outbox")
    host, port = address(settings.smtp, name="INTERLOCK_SMTP")
    return SmtpOutbox(host=host, port=port)
