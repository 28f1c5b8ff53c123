"""People's acts: what a person does directly passes the same policy and the same ledger.

    propose -> decide -> record -> act

A person proposes one of `interlock.runtime.policy.act.Act`. The decision is durable before the act
begins. An act that then fails leaves an entry of its own, so an attempt is never invisible.
"""

import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from sqlalchemy import Connection, select

from interlock.runtime.canonical import Document, Json
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import (
    InterlockError,
    NotPermitted,
    Tampered,
    Unanswered,
)
from interlock.runtime.policy.act import CLASSES, Act, persons_act
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.obligation import understand, undischarged
from interlock.runtime.policy.request import (
    AccessRequest,
    KillFact,
    Principal,
)
from interlock.runtime.record.events import HOME, ActDecided, ActFailed
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import kill_switch
from interlock.runtime.run.runs import Also
from interlock.runtime.run.subject import Look

T = TypeVar("T")
#: An act that only takes away: an engine that cannot answer must not keep anybody from stopping
Stop: TypeAlias = Literal["kill_switch.engage"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One act that was put to the policy, with the answer."""

    act_id: str
    request: AccessRequest
    decision: Decision
    #: The run whose data key seals the entries; empty for none
    run_id: str


class Acts:
    """The door for people; lives as long as its store and holds no state of its own.

    The policy in force decides, which need not be the one that is configured.
    """

    def __init__(self, *, store: Store, vault: Vault, policy: PolicyInForce) -> None:
        self._store = store
        self._vault = vault
        self._policy = policy

    async def perform(
        self,
        act: Act,
        work: Callable[[], Awaitable[T]],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> T:
        """Ask the policy whether *person* may do *act*, record the answer, then await *work*.

        Raises `NotPermitted` for a denial and `Unanswered` when the engine failed: in both cases
        *work* was not begun (fails closed). A permit that demands more than an act can give is a
        denial. What *work* raises is recorded with its code and raised again; a defect and a
        cancellation are recorded as "unexpected".
        """
        asked = await self._asked(act, person, arguments, look, begins=True)
        if asked.decision.effect == "deny":
            raise _refusal(act, person, asked.decision)
        return await self._carried_out(asked, work)

    async def begin(
        self,
        work: Callable[[Also], Awaitable[T]],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> T:
        """As `perform`, for "run.start": the permit is recorded with the run that *work* begins.

        *work* hands on what it is given to the transaction in which the run begins. So the entry is
        sealed under the run's own key, and the run's erasure reaches the entry. Where no run began,
        the entry is sealed under the home's key, as that of a denial is.
        """
        asked = await self._decided("run.start", person, arguments, look)
        if asked.decision.effect == "deny":
            await self._record(asked, begins=not self._policy.is_begun)
            raise _refusal("run.start", person, asked.decision)
        begun: list[str] = []

        def enter(tx: Tx, run_id: str) -> None:
            self._enter(tx, replace(asked, run_id=run_id))
            begun.append(run_id)

        async def recorded() -> T:
            try:
                return await work(enter)
            except BaseException:
                await self._record_alone(asked, begun)
                raise

        return await self._carried_out(asked, recorded)

    async def stop(
        self,
        act: Stop,
        work: Callable[[], Awaitable[object]],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> Decision:
        """As `perform`, but carried out when the engine cannot be asked; return the decision.

        The decision of an engine that failed is recorded and returned as what it is, a deny that is
        `unanswered` (fails open: a stop that waits for the engine would be none). Raises
        `NotPermitted` when a policy answered and denies.
        """
        asked = await self._asked(act, person, arguments, look, begins=False)
        if asked.decision.effect == "deny" and not asked.decision.unanswered:
            raise _refusal(act, person, asked.decision)
        await self._carried_out(asked, work)
        return asked.decision

    async def recover(
        self,
        work: Callable[[Tx], T],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
        logs: Collection[str],
    ) -> T:
        """As `perform`, for "ledger.recover": *work* and the answer are one transaction.

        Until *work* is done the ledger takes no entry, so a denial leaves none. *logs* are those
        that *work* writes to.
        """
        asked = await self._decided("ledger.recover", person, arguments, look)
        if asked.decision.effect == "deny":
            raise _refusal("ledger.recover", person, asked.decision)

        def together(tx: Tx) -> T:
            done = work(tx)
            self._enter(tx, asked)
            return done

        return await self._store.write(together, logs={HOME, *logs})

    async def _asked(
        self,
        act: Act,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
        *,
        begins: bool,
    ) -> "_Asked":
        """Return the recorded answer of the policy.

        Where no policy is in force yet and the act *begins* one, the answer puts its own in force:
        no stop does, since a database that is not fit to act on takes nothing but stops.
        What only reads goes on unrecorded where the database is not what was recorded: nothing can
        be recorded there, and the evidence must be had.
        """
        asked = await self._decided(act, person, arguments, look)
        try:
            await self._record(asked, begins=begins and not self._policy.is_begun)
        except Tampered:
            if CLASSES[act] != "read":
                raise
        return asked

    async def _decided(
        self, act: Act, person: Principal, arguments: dict[str, Json], look: Look
    ) -> "_Asked":
        """Return the answer of the policy, of which there is no record yet."""
        point = await self._policy.point()
        request, run_id = await self._request(
            act, person, arguments, look, revision=point.revision
        )
        return _Asked(
            act_id=f"act-{secrets.token_hex(6)}",
            request=request,
            decision=_without_duties(await point.decide(request)),
            run_id=run_id,
        )

    async def _carried_out(
        self, asked: "_Asked", work: Callable[[], Awaitable[T]]
    ) -> T:
        """Return what *work* returns, or record its failure and raise it again."""
        try:
            return await work()
        except BaseException as error:
            code = error.code if isinstance(error, InterlockError) else "unexpected"
            await self._failed(asked, code=code)
            raise

    async def _request(
        self,
        act: Act,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
        *,
        revision: str,
    ) -> tuple[AccessRequest, str]:
        def gather(connection: Connection) -> tuple[AccessRequest, str]:
            subject = look(connection, self._vault, person)
            run_id = subject.run_id
            request = persons_act(
                act,
                person=person,
                arguments=arguments,
                resource=subject.resource,
                subject=subject.facts,
                now=self._store.now(connection),
                revision=revision,
                kill_switches=_switches(connection, act, person, run_id),
            )
            return request, run_id

        return await self._store.read(gather)

    async def _record(self, asked: "_Asked", *, begins: bool) -> None:
        def entered(tx: Tx) -> None:
            if begins:
                self._policy.begin(tx, asked.decision)
            self._enter(tx, asked)

        log = _log(asked.request)
        await self._store.write(entered, logs={log, HOME} if begins else {log})

    async def _record_alone(self, asked: "_Asked", begun: Sequence[str]) -> None:
        """Record the answer unless a run that was *begun* holds it.

        The writer keeps the order, so a beginning that nobody waits for any more is over by then;
        and one that was rolled back has left no run.
        """

        def work(tx: Tx) -> None:
            if not any(_is_there(tx, run_id) for run_id in begun):
                self._policy.begin(tx, asked.decision)
                self._enter(tx, asked)

        await self._store.write(work, logs={_log(asked.request), HOME})

    def _enter(self, tx: Tx, asked: "_Asked") -> None:
        request = asked.request
        decision = asked.decision
        reasons: list[Json] = [
            {
                "code": reason.code,
                "rule": reason.rule,
                "parameters": dict(reason.parameters),
            }
            for reason in decision.reasons
        ]
        payload: dict[str, Document] = request.asked() | {"reasons": reasons}
        tx.events.append(
            ActDecided(
                log=_log(request),
                run_id=asked.run_id,
                key=self._vault.key(tx.connection, asked.run_id or HOME),
                act=asked.act_id,
                tool=request.action.tool,
                action_class=request.action.action_class,
                person=request.principal.id,
                digest=request.digest,
                effect=decision.effect,
                codes=[reason.code for reason in decision.reasons],
                revision=decision.revision,
                engine=decision.engine,
                asked=payload,
            )
        )

    async def _failed(self, asked: "_Asked", *, code: str) -> None:
        def work(tx: Tx) -> None:
            tx.events.append(
                ActFailed(
                    log=_log(asked.request),
                    run_id=asked.run_id,
                    act=asked.act_id,
                    tool=asked.request.action.tool,
                    code=code,
                )
            )

        await self._store.write(work, logs=(_log(asked.request),))


def _without_duties(decision: Decision) -> Decision:
    """Return *decision*, or the denial of a permit with a duty: an act waits for nobody else."""
    if decision.effect == "deny":
        return decision
    duties = understand(decision)
    if isinstance(duties, Reason):
        return decision.denied(duties)
    if duties.role is not None:
        return decision.denied(undischarged("approve"))
    return decision


def _is_there(tx: Tx, run_id: str) -> bool:
    query = select(tables.run.c.id).where(tables.run.c.id == run_id)
    return tx.connection.execute(query.with_for_update()).first() is not None


def _log(request: AccessRequest) -> str:
    """Return the log of the tenant the act is about."""
    subject = request.context.subject
    return HOME if subject is None else subject.tenant


def _switches(
    connection: Connection, act: Act, person: Principal, run_id: str
) -> tuple[KillFact, ...]:
    engaged = kill_switch.covering(
        connection, tenant=person.tenant, tool=act, run_id=run_id
    )
    return tuple(KillFact(scope=scope, id=name) for scope, name in engaged)


def _refusal(act: Act, person: Principal, decision: Decision) -> InterlockError:
    codes = tuple(reason.code for reason in decision.reasons)
    why = " ".join(reason.message or f"{reason.code}." for reason in decision.reasons)
    if decision.unanswered:
        return Unanswered(run_id="", tool=act, codes=codes, why=why)
    return NotPermitted(act=act, person=person.id, codes=codes, why=why)
