"""Evaluations: whether somebody may do what an application outside carries out itself.

    propose -> decide -> record -> the application acts

The application enforces the answer, so the answer is recorded before the application has it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from interlock.runtime.canonical import Json
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.policy.decision import Decision, Reason, by_runtime
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.obligation import understand
from interlock.runtime.policy.request import (
    EXTERNAL,
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    Autonomy,
    BudgetFacts,
    Context,
    KillFact,
    Principal,
    Resource,
    RunFacts,
)
from interlock.runtime.record.events import HOME, ActDecided
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import kill_switch

#: What is irreversible waits for a person, and nothing else does
AUTONOMY: Final[Autonomy] = 2
_NOTHING: Final = BudgetFacts(limits=Amounts(), spent=Amounts(), reserved=Amounts())


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What an application asks about, as the policy is asked."""

    principal: Principal
    action: Action
    resource: Resource
    #: Whether the action is one that the policy lists, with arguments of the right form
    is_known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluated:
    """One answer, which is in the ledger under *id*."""

    id: str
    at: int
    request: AccessRequest
    #: A permit is one at once: what needs a person first is a denial here
    decision: Decision
    #: The roles of those who could approve it, with commas between; None where nobody can
    role: str | None = None

    @property
    def is_permit(self) -> bool:
        """Whether the application may act."""
        return self.decision.effect == "permit"


class Evaluations:
    """Answers applications outside; lives as long as its store and holds no state of its own.

    The policy in force decides. Fails closed: an engine that cannot answer is a denial, and what
    cannot be recorded is not answered.
    """

    def __init__(self, *, store: Store, vault: Vault, policy: PolicyInForce) -> None:
        self._store = store
        self._vault = vault
        self._policy = policy

    async def answer(
        self,
        questions: Sequence[Question],
        *,
        tenant: str,
        until: Callable[[Evaluated], bool] = lambda _: False,
    ) -> list[Evaluated]:
        """Return the recorded answer to each question, in order, and to none after *until*.

        All of them are recorded together. Raises `NotRecorded`: then there is no answer.
        """
        point = await self._policy.point()
        evaluated: list[Evaluated] = []
        for question in questions:
            one = await self._evaluated(question, point)
            evaluated.append(one)
            if until(one):
                break

        def work(tx: Tx) -> None:
            for one in evaluated:
                if not self._policy.is_begun:
                    self._policy.begin(tx, one.decision)
                tx.events.append(self._entry(tx, one, tenant))

        await self._store.write(work, logs={tenant, HOME})
        return evaluated

    async def _evaluated(self, question: Question, point: DecisionPoint) -> Evaluated:
        def look(connection: Connection) -> AccessRequest:
            return _request(
                question,
                now=self._store.now(connection),
                revision=point.revision,
                switches=_switches(connection, question),
            )

        request = await self._store.read(look)
        decision, role = _at_once(await point.decide(request))
        return Evaluated(
            id=f"eval-{secrets.token_hex(12)}",
            at=request.context.now,
            request=request,
            decision=decision,
            role=role,
        )

    def _entry(self, tx: Tx, one: Evaluated, tenant: str) -> ActDecided:
        request = one.request
        decision = one.decision
        return ActDecided(
            log=tenant,
            run_id="",
            key=self._vault.key(tx.connection, HOME),
            act=one.id,
            tool=request.action.tool,
            action_class=request.action.action_class,
            person=request.principal.id,
            digest=request.digest,
            effect=decision.effect,
            codes=[reason.code for reason in decision.reasons],
            revision=decision.revision,
            engine=decision.engine,
            asked=request.asked() | {"reasons": _reasons(decision)},
        )


def _reasons(decision: Decision) -> list[Json]:
    return [
        {
            "code": reason.code,
            "rule": reason.rule,
            "parameters": dict(reason.parameters),
        }
        for reason in decision.reasons
    ]


def _at_once(decision: Decision) -> tuple[Decision, str | None]:
    """Return what *decision* permits now, and the roles of those who could approve the rest."""
    if decision.effect == "deny":
        return decision, None
    duties = understand(decision)
    if isinstance(duties, Reason):
        return decision.denied(duties), None
    if not duties.seats:
        return decision, None
    roles = ", ".join(seat.role for seat in duties.seats)
    return decision.denied(by_runtime("approval_required", role=roles)), roles


def _request(
    question: Question,
    *,
    now: int,
    revision: str,
    switches: tuple[KillFact, ...],
) -> AccessRequest:
    run = RunFacts(
        id="",
        agent=EXTERNAL,
        autonomy=AUTONOMY,
        refusals=0,
        revision=revision,
    )
    context = Context(
        now=now,
        run=run,
        schema_valid=question.is_known,
        labels=dict.fromkeys(question.action.arguments, TRUSTED),
        actionable=dict.fromkeys(question.action.arguments, TRUSTED),
        cost=Amounts(),
        budget=_NOTHING,
        kill_switches=switches,
        proposer="steps",
        version=FACTS,
    )
    return AccessRequest(
        principal=question.principal,
        action=question.action,
        resource=question.resource,
        context=context,
    )


def _switches(connection: Connection, question: Question) -> tuple[KillFact, ...]:
    engaged = kill_switch.covering(
        connection,
        tenant=question.principal.tenant,
        tool=question.action.tool,
        run_id="",
    )
    return tuple(KillFact(scope=scope, id=name) for scope, name in engaged)
