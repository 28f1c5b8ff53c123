"""The composition root: the one place where everything is constructed, once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import SecretStr

from interlock.agents.contract_review import ContractReview
from interlock.agents.contract_review.planners import CarefulPlanner, ObedientPlanner, Text
from interlock.agents.contract_review.workflow import PLANNER
from interlock.runtime import telemetry
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.driver import Agent, Driver, Ended
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.bundle import load as load_bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.ledger import Ledger, begin, is_new
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.activation import activate
from interlock.runtime.run.approval import Approvals
from interlock.runtime.run.run import NewRun, Run, Runs
from interlock.serving.settings import Endpoint, Settings
from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.contracts.extraction import clause_tools
from interlock.tools.contracts.records import Records, record_tools
from interlock.tools.contracts.report import report_tools
from interlock.tools.contracts.review import Reviews
from interlock.tools.contracts.risk import load as load_playbook
from interlock.tools.contracts.risk import risk_tools
from interlock.tools.documents import DocumentReader
from interlock.tools.library import Library, document_tools
from interlock.tools.mail import FolderOutbox, Outbox, SmtpOutbox, mail_tools
from interlock.tools.models.generate import Served, model_tools

PlannerName: TypeAlias = Literal["careful", "obedient"]
BUNDLE: Final = Path(__file__).resolve().parent.parent / "policies" / "bundle.tar.gz"
ORIGIN: Final = "interlock.invalid/ledger"
LONGEST_PLAN: Final = 2_000  # tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """Everything one process works with; made by `opened`, closed with it."""

    settings: Settings
    bundle: Bundle
    store: Store
    vault: Vault
    ledger: Ledger
    pdp: DecisionPoint
    pep: EnforcementPoint
    runs: Runs
    approvals: Approvals
    driver: Driver
    library: Library
    records: Records
    reviews: Reviews
    agents: Mapping[str, Agent]

    async def start(self, *, path: Path, notify: list[str], person: str) -> Run:
        """Start the review of one file on behalf of *person*, pinned to the policy revision in force.

        A revision that was not in force before is recorded first.
        """
        await activate(self.store, revision=self.pdp.revision)
        agent = Principal(
            id="agent:contract_review",
            tenant=self.settings.tenant,
            roles=("contract_review",),
            on_behalf_of=person,
        )
        proposal = NewRun(
            agent="contract_review",
            principal=agent,
            request={"path": str(path), "notify": list(notify)},
            limits=self.settings.limits,
            autonomy=self.settings.autonomy,
            revision=self.pdp.revision,
        )
        return await self.runs.start(proposal)

    async def drive(self, run: Run) -> Ended:
        """Carry a claimed run on; see `Driver.drive`."""
        return await self.driver.drive(run, self.agents[run.agent])


@asynccontextmanager
async def opened(settings: Settings, *, planner: PlannerName = "careful") -> AsyncIterator[Home]:
    """Open the home, making it first when it is new. Raises `GuardFailed` when any part cannot be had (fails closed)."""
    async with AsyncExitStack() as stack:
        bundle = load_bundle(settings.bundle)
        store = Store.open(settings.database)
        stack.callback(store.close)
        vault = Vault(settings.home / "keys", create=await store.read(is_new))
        ledger = Ledger(
            store=store, vault=vault, origin=ORIGIN, witness=settings.home / "checkpoint.note"
        )
        await store.write(lambda tx: begin(vault, tx.connection))
        pdp = await decision_point(settings, bundle, stack)
        library, records = Library(store=store, vault=vault), Records(store=store, vault=vault)
        reviews = Reviews(library=library, model=ClauseModel.load(), playbook=load_playbook())
        tools = _tools(settings, reviews=reviews, records=records, planner=planner)
        provider = telemetry.provider()
        if provider is not None:
            stack.callback(provider.shutdown)
        spans = telemetry.Telemetry(provider)
        pep = EnforcementPoint(store=store, vault=vault, pdp=pdp, tools=tools, spans=spans)
        runs = Runs(store=store, vault=vault)
        yield Home(
            settings=settings,
            bundle=bundle,
            store=store,
            vault=vault,
            ledger=ledger,
            pdp=pdp,
            pep=pep,
            runs=runs,
            approvals=Approvals(store=store, vault=vault),
            library=library,
            records=records,
            reviews=reviews,
            driver=Driver(store=store, vault=vault, runs=runs, pep=pep, spans=spans),
            agents={agent.name: agent for agent in (ContractReview(),)},
        )


async def decision_point(
    settings: Settings, bundle: Bundle, stack: AsyncExitStack
) -> DecisionPoint:
    """Return the engine that *settings* name, insisting on the revision of *bundle*; *stack* closes it."""
    if settings.opa is None:
        embedded = EmbeddedPoint(bundle)
        stack.callback(embedded.close)
        return embedded
    from interlock.runtime.policy.engine.server import ServerPoint  # noqa: PLC0415 - its client is slow to import and rarely needed

    host, port = address(settings.opa, name="INTERLOCK_OPA_SERVER")
    server = ServerPoint(
        host=host,
        port=port,
        revision=bundle.revision,
        messages=bundle.messages,
        tls=settings.opa_tls,
        token=settings.opa_token,
    )
    return await stack.enter_async_context(server)


def _tools(
    settings: Settings, *, reviews: Reviews, records: Records, planner: PlannerName
) -> dict[str, AnyTool]:
    async def text(digest: str) -> str:
        return (await reviews.library.document(digest)).text

    reports = settings.home / "reports"
    every = (
        *document_tools(reader=DocumentReader(), library=reviews.library),
        *clause_tools(library=reviews.library, model=reviews.model),
        *risk_tools(reviews.playbook),
        *model_tools({PLANNER: _planner(settings.model, planner, text)}),
        *record_tools(records, reviews=reviews),
        *report_tools(folder=reports, reviews=reviews),
        *mail_tools(
            outbox=_outbox(settings),
            reports=reports,
            sender=settings.sender,
            clearances=settings.clearances,
        ),
    )
    return {each.name: each for each in every}


def _planner(endpoint: Endpoint | None, planner: PlannerName, text: Text) -> Served:
    """Return what plans: a served model where one is set, and never in place of the planner that an attacker hopes for."""
    if planner == "obedient":
        return Served(model=ObedientPlanner(text=text), longest_answer=LONGEST_PLAN)
    if endpoint is None:
        return Served(model=CarefulPlanner(text=text), longest_answer=LONGEST_PLAN)
    from interlock.tools.models.openai import EndpointModel  # noqa: PLC0415 - a second of imports that a scripted planner does without

    model = EndpointModel(
        url=endpoint.url,
        served=endpoint.name,
        key=SecretStr(endpoint.key),
        longest_answer=LONGEST_PLAN,
    )
    return Served(
        model=model,
        longest_answer=LONGEST_PLAN,
        micro_per_million=endpoint.micro_per_million,
        clearance=endpoint.clearance,
    )


def _outbox(settings: Settings) -> Outbox:
    if settings.smtp is None:
        return FolderOutbox(settings.home / "outbox")
    host, port = address(settings.smtp, name="INTERLOCK_SMTP")
    return SmtpOutbox(host=host, port=port)


def address(text: str, *, name: str) -> tuple[str, int]:
    """Return the host and port in "host:port"; raises `BadInput` naming the setting."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(
            what=f"{name} {text!r}", why="it is not host:port", next_step="Write it as host:port."
        )
    return host, int(port)
