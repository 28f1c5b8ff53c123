"""People's acts: what a person does directly passes the same policy and the same ledger.

    propose -> decide -> record -> act

A person proposes one of `interlock.runtime.policy.act.Act`. The decision is durable before the act
begins. An act that then fails leaves an entry of its own, so an attempt is never invisible.
"""

import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias, TypeVar

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.door.act_answer import refusal, without_duties
from interlock.runtime.door.asked import Asked, is_there, logs_of
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import (
    InterlockError,
    Tampered,
)
from interlock.runtime.policy.act import CLASSES, Act, Read, persons_act
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.request import (
    AccessRequest,
    KillFact,
    Principal,
)
from interlock.runtime.record.events import HOME, ActFailed
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import kill_switch
from interlock.runtime.run.runs import Also
from interlock.runtime.run.subject import Look, keep_own

T = TypeVar("T")
#: What one act is about: its arguments, and how its subject is read
Subject: TypeAlias = tuple[dict[str, Json], Look]
#: An act that only takes away: an engine that cannot answer must not keep anybody from stopping
Stop: TypeAlias = Literal["kill_switch.engage"]


class Acts:
    """The door for people; lives as long as its store and holds no state of its own.

    The policy in force decides, which need not be the one that is configured.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        policy: PolicyInForce,
        seen: Store | None = None,
    ) -> None:
        self._store = store
        #: Where the subjects of acts are looked up
        self._seen = seen or store
        self._vault = vault
        self._policy = policy

    def of(self, tenant: str) -> "Acts":
        """Return the same door, behind which there is nothing that is of another tenant.

        What is recorded there is recorded as here: the home's own log says more than one tenant's.
        """
        return Acts(
            store=self._store,
            vault=self._vault,
            policy=self._policy,
            seen=self._seen.of(tenant),
        )

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
        asked = await self._asked(act, person, [(arguments, look)], begins=True)
        return await self._carried_out(asked, work)

    async def perform_together(
        self,
        act: Act,
        work: Callable[[], Awaitable[T]],
        *,
        person: Principal,
        subjects: Sequence[Subject],
    ) -> T:
        """As `perform`, for the same act on several *subjects*, of which *work* does all or none.

        Each is asked about and recorded on its own. Where one is denied, what is recorded are the
        denials: nothing that was permitted was begun.
        """
        asked = await self._asked(act, person, subjects, begins=True)
        return await self._carried_out(asked, work)

    async def begin(
        self,
        work: Callable[[Also, str], Awaitable[T]],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> T:
        """As `perform`, for "run.start": the permit is recorded with the run that *work* begins.

        *work* is given the revision that permits, and what is done in the transaction in which the
        run begins, which *work* hands on. So the entry is
        sealed under the run's own key, and the run's erasure reaches the entry. Where no run began,
        the entry is sealed under the home's key, as that of a denial is.
        """
        asked = await self._decided("run.start", person, arguments, look)
        if asked.decision.effect == "deny":
            await self._record([asked], begins=not self._policy.is_begun)
            raise refusal(asked.request, asked.decision)
        begun: list[str] = []

        def enter(tx: Tx, run_id: str) -> None:
            self._enter_begun(asked, tx, run_id)
            begun.append(run_id)

        async def recorded() -> T:
            try:
                return await work(enter, asked.decision.revision)
            except BaseException:
                await self._record_alone(asked, begun)
                raise

        return await self._carried_out([asked], recorded)

    async def play(
        self,
        work: Callable[[Also], Awaitable[T]],
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> T | None:
        """As `begin`, for a canary, which begins as if *person* had wished it; None for a denial.

        That *person* did not is what the nature of the canary's approval says, once it is told. A
        denial is not recorded: nobody asked for anything.
        """
        asked = await self._decided("run.start", person, arguments, look)
        if asked.decision.effect == "deny":
            return None
        return await work(partial(self._enter_begun, asked))

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
        asked = await self._decided(act, person, arguments, look)
        await self._record([asked], begins=False)
        if asked.decision.effect == "deny" and not asked.decision.unanswered:
            raise refusal(asked.request, asked.decision)
        await self._carried_out([asked], work)
        return asked.decision

    async def look(
        self,
        act: Read,
        *,
        person: Principal,
        arguments: dict[str, Json],
        look: Look,
    ) -> None:
        """Return when the policy lets *person* look; a permit is not recorded, a denial is.

        What is of another tenant is not there: that raises `NotFound` as an unknown id does, and
        nobody is asked. Raises `NotPermitted` for a denial and `Unanswered` when the engine failed
        (fails closed).
        """
        asked = await self._decided(act, person, arguments, keep_own(look))
        if asked.decision.effect == "permit":
            return
        with suppress(Tampered):  # nothing is recorded there, and nothing is shown
            await self._record([asked], begins=False)
        raise refusal(asked.request, asked.decision)

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
            raise refusal(asked.request, asked.decision)

        def together(tx: Tx) -> T:
            done = work(tx)
            self._enter(tx, asked)
            return done

        return await self._store.write(together, logs={HOME, *logs})

    async def _asked(
        self, act: Act, person: Principal, subjects: Sequence[Subject], *, begins: bool
    ) -> Sequence[Asked]:
        """Return the recorded permits of the policy; raises `refusal` of the first denial.

        Where no policy is in force yet and the act *begins* one, the answer puts its own in force:
        no stop does, since a database that is not fit to act on takes nothing but stops.
        What only reads goes on unrecorded where the database is not what was recorded: nothing can
        be recorded there, and the evidence must be had.
        """
        asked = [
            await self._decided(act, person, arguments, look)
            for arguments, look in subjects
        ]
        denied = [one for one in asked if one.decision.effect == "deny"]
        try:
            await self._record(
                denied or asked, begins=begins and not self._policy.is_begun
            )
        except Tampered:
            if CLASSES[act] != "read":
                raise
        for one in denied:
            raise refusal(one.request, one.decision, named=len(asked) > 1)
        return asked

    async def _decided(
        self, act: Act, person: Principal, arguments: dict[str, Json], look: Look
    ) -> Asked:
        """Return the answer of the policy, of which there is no record yet."""
        point = await self._policy.point()
        request, run_id = await self._request(
            act, person, arguments, look, revision=point.revision
        )
        return Asked(
            act_id=f"act-{secrets.token_hex(6)}",
            request=request,
            decision=without_duties(await point.decide(request)),
            run_id=run_id,
        )

    async def _carried_out(
        self, asked: Sequence[Asked], work: Callable[[], Awaitable[T]]
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

        return await self._seen.read(gather)

    async def _record(self, asked: Sequence[Asked], *, begins: bool) -> None:
        def entered(tx: Tx) -> None:
            for one in asked:
                if begins:
                    self._policy.begin(tx, one.decision)
                self._enter(tx, one)

        logs = logs_of(asked)
        await self._store.write(entered, logs={*logs, HOME} if begins else logs)

    async def _record_alone(self, asked: Asked, begun: Sequence[str]) -> None:
        """Record the answer unless a run that was *begun* holds it.

        The writer keeps the order, so a beginning that nobody waits for any more is over by then;
        and one that was rolled back has left no run.
        """

        def work(tx: Tx) -> None:
            if not any(is_there(tx, run_id) for run_id in begun):
                self._policy.begin(tx, asked.decision)
                self._enter(tx, asked)

        await self._store.write(work, logs={asked.log, HOME})

    def _enter_begun(self, asked: Asked, tx: Tx, run_id: str) -> None:
        """Add the entry of *asked* to the run that begins with it."""
        key = self._vault.known(run_id)
        self._enter(tx, replace(asked, run_id=run_id), key=key)

    def _enter(self, tx: Tx, asked: Asked, *, key: DataKey | None = None) -> None:
        """Add the entry of *asked*, sealed under *key* or that of its run or of the home."""
        key = key or self._vault.key(tx.connection, asked.run_id or HOME)
        tx.events.append(asked.entry(key))

    async def _failed(self, asked: Sequence[Asked], *, code: str) -> None:
        def work(tx: Tx) -> None:
            for one in asked:
                tx.events.append(
                    ActFailed(
                        log=one.log,
                        run_id=one.run_id,
                        act=one.act_id,
                        tool=one.request.action.tool,
                        code=code,
                    )
                )

        await self._store.write(work, logs=logs_of(asked))


def _switches(
    connection: Connection, act: Act, person: Principal, run_id: str
) -> tuple[KillFact, ...]:
    engaged = kill_switch.covering(
        connection, tenant=person.tenant, tool=act, run_id=run_id
    )
    return tuple(KillFact(scope=scope, id=name) for scope, name in engaged)
