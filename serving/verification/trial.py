"""Where guarantees are tried: a real runtime on a database that is thrown away.

The policy of this runtime permits every tool, so only the guard can stop an action, and no act of a
person. `Trial.installed` is the same runtime under the policy of the installation.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import Connection, Executable

from interlock.runtime.canonical import Json
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Done, Outcome, Waiting
from interlock.runtime.policy.decision import Denied, Obligation
from interlock.runtime.policy.request import Amounts, Autonomy, Principal
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import AGENT, PLENTY, TOOLBOX, StaticPoint, World
from interlock.serving.home import Home
from interlock.serving.verification.installed import InstalledPoint
from interlock.serving.verification.probe_tools import PERMITTED, STRANGE, WAIT, Calls
from interlock.serving.verification.scratch import scratch

NOTE: Final = "tried by the probe"


class WentThrough(Exception):
    """A guard did not fire; the message says what got past the guard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One installation and the world its guards are tried in."""

    home: Home
    world: World
    pdp: StaticPoint
    calls: Calls
    #: The URL of the database of the world, and the folder of its keys and checkpoints
    database: str
    folder: Path
    #: What telemetry would send
    spans: InMemorySpanExporter
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def installed(self) -> EnforcementPoint:
        """The door of the world, with the policy of the installation behind it."""
        return EnforcementPoint(
            store=self.world.store,
            vault=self.world.vault,
            pdp=InstalledPoint.of(self.home),
            tools=self.world.tools,
            by_agent=self.world.pep.by_agent,
            spoken=self.world.pep.spoken,
        )

    async def start(
        self,
        *,
        agent: str = TOOLBOX,
        principal: Principal = AGENT,
        limits: Amounts = PLENTY,
        autonomy: Autonomy = 2,
        revision: str = "",
        pins: Mapping[str, str] | None = None,
    ) -> Run:
        """Start a run, under the policy of the trial unless *revision* is another."""
        new = NewRun(
            agent=agent,
            principal=principal,
            request={"to": "ann"},
            limits=limits,
            autonomy=autonomy,
            revision=revision or self.pdp.revision,
            intent=None,
            pins=pins or {},
        )
        return await self.world.runs.start(new)

    async def under_installed(self, *, autonomy: Autonomy = 2, **limits: Any) -> Run:
        """Start a run under the policy of the installation."""
        return await self.start(
            autonomy=autonomy, revision=self.home.pdp.revision, **limits
        )

    async def act(
        self,
        run: Run,
        name: str,
        /,
        *,
        call: str = "",
        door: EnforcementPoint | None = None,
        offered: tuple[str, ...] | None = None,
        unread: bool = False,
        **arguments: Json,
    ) -> Outcome:
        """Propose one call: a new proposal, or the proposal that *call* names."""
        call_id = call or f"probe-{next(self._numbers)}"
        outcome = await (door or self.world.pep).enforce(
            run,
            tool=name,
            arguments=arguments,
            call_id=call_id,
            offered=offered,
            unread=unread,
        )
        await self.world.store.durable(run.claim)
        return outcome

    async def permitted(self, run: Run, name: str, /, **options: Any) -> None:
        """Propose one call that must be done, because else a refusal would prove nothing."""
        outcome = await self.act(run, name, **options)
        if not isinstance(outcome, Done):
            raise WentThrough(f"{name} should have been done, it is {said(outcome)}")

    async def passes(self, run: Run, name: str, /, **options: Any) -> None:
        """Propose one call that must be done or wait for a person."""
        outcome = await self.act(run, name, **options)
        if not isinstance(outcome, Done | Waiting):
            raise WentThrough(f"{name} should have passed, it is {said(outcome)}")

    async def denied(
        self, run: Run, name: str, /, *, code: str, rule: str = "", **options: Any
    ) -> None:
        """Propose one call that must be denied with *code* and reach no tool.

        Where a *rule* is named, the policy must have denied the call by that rule.
        """
        with self.untouched():
            outcome = await self.act(run, name, **options)
        if isinstance(outcome, Denied):
            reasons = outcome.decision.reasons
            if (code, rule) in {(one.code, rule and one.rule) for one in reasons}:
                return
        raise WentThrough(
            f"{name} should have been denied with {code}, it is {said(outcome)}"
        )

    async def asked(self, run: Run, name: str = WAIT, /, **options: Any) -> Waiting:
        """Propose one call that must wait for a person."""
        with self.untouched():
            outcome = await self.act(run, name, **options)
        if not isinstance(outcome, Waiting):
            raise WentThrough(f"{name} should wait, it is {said(outcome)}")
        return outcome

    async def approve(
        self, waiting: Waiting, reviewer: Principal, *, shown: str = ""
    ) -> None:
        """Give the verdict of *reviewer* on what is *shown*, by default on what there is."""
        approvals = self.world.approvals
        approval = await approvals.read(waiting.approval_id)
        await approvals.decide(
            waiting.approval_id,
            reviewer=reviewer,
            verdict="approved",
            shown=shown or approval.evidence_digest,
            note=NOTE,
        )

    async def sql(self, *statements: Executable) -> None:
        """Do what somebody does who may write rows and has no key."""

        def work(tx: Any) -> None:
            for statement in statements:
                tx.connection.execute(statement)

        await self.world.store.write(work)

    async def rows(self, statement: Executable) -> list[dict[str, Any]]:
        """Return the rows that *statement* finds, each by column."""

        def look(connection: Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(statement).mappings()]

        return await self.world.store.read(look)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Insist that the block calls no tool."""
        before = len(self.calls.done)
        yield
        if len(self.calls.done) != before:
            raise WentThrough("the tool was called")


@contextmanager
def refused(what: str, *errors: type[Exception], code: str = "") -> Iterator[None]:
    """Insist that the block raises one of *errors*, with *code* if one is named."""
    try:
        yield
    except errors as error:
        other = getattr(error, "code", "")
        if code and other != code:
            raise WentThrough(f"{what} was refused with {other}, not {code}") from error
        return
    raise WentThrough(f"{what} was let through")


@asynccontextmanager
async def trial(home: Home) -> AsyncIterator[Trial]:
    """Open a trial of *home* on a database of the same kind, and remove both afterwards.

    Raises `NoScratch` where there can be no such database.
    """
    with tempfile.TemporaryDirectory(prefix="interlock-verify-") as made:
        folder = Path(made)
        async with (
            scratch(home.settings.database, folder) as database,
            _on(home, database, folder) as shared,
        ):
            yield shared


@asynccontextmanager
async def _on(home: Home, database: str, folder: Path) -> AsyncIterator[Trial]:
    calls = Calls()
    pdp = StaticPoint(
        effects=dict.fromkeys(PERMITTED, "permit"),
        waiting=frozenset({WAIT}),
        duties={STRANGE: Obligation(kind="interlock.probe")},
    )
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    world = World(
        folder,
        tools=calls.tools(),
        pdp=pdp,
        url=database,
        spans=Telemetry(provider),
    )
    async with world:
        yield Trial(
            home=home,
            world=world,
            pdp=pdp,
            calls=calls,
            database=database,
            folder=folder,
            spans=spans,
        )
    provider.shutdown()


def said(outcome: Outcome) -> str:
    """Return the kind of *outcome*, with the codes of a refusal."""
    words = [type(outcome).__name__]
    if isinstance(outcome, Denied):
        words += outcome.codes
    return " ".join(words)
