"""People's acts: what a person starts, decides, stops or exports is asked of the same policy."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    ActionClass,
    Amounts,
    BudgetFacts,
    Context,
    KillFact,
    Principal,
    Resource,
    RunFacts,
    SubjectFacts,
)

Act: TypeAlias = Literal[
    "run.start",
    "run.resume",
    "run.repin",
    "run.cancel",
    "run.erase",
    "job.submit",
    "job.pause",
    "job.resume",
    "job.retry",
    "job.cancel",
    "worker.start",
    "approval.decide",
    "approval.claim",
    "approval.release",
    "approval.delegate",
    "approval.escalate",
    "approval.ask",
    "approval.answer",
    "action.resolve",
    "budget.raise",
    "budget.set",
    "kill_switch.engage",
    "kill_switch.release",
    "people.add",
    "people.remove",
    "account.add",
    "account.password",
    "key.issue",
    "key.rotate",
    "key.revoke",
    "key.withdraw",
    "session.end",
    "policy.activate",
    "ledger.export",
    "ledger.recover",
    "record.export",
    "run.read",
    "job.read",
    "approval.read",
    "document.open",
    "budget.read",
    "ledger.read",
    "policy.read",
    "metrics.read",
    "quality.seed",
    "quality.read",
    "quality.own",
    "access.evaluate",
    "access.read",
    "access.request",
    "access.cancel",
]
#: An act that only looks: its permit is not recorded, a denial is
Read: TypeAlias = Literal[
    "run.read",
    "job.read",
    "approval.read",
    "document.open",
    "budget.read",
    "ledger.read",
    "policy.read",
    "metrics.read",
    "quality.read",
    "quality.own",
    "access.evaluate",
    "access.read",
]

#: The policy's own entry of an act must state the same class
CLASSES: Final[Mapping[Act, ActionClass]] = {
    "run.start": "write",
    "run.resume": "write",
    "run.repin": "write",
    "run.cancel": "irreversible",
    "run.erase": "irreversible",
    "job.submit": "write",
    "job.pause": "write",
    "job.resume": "write",
    "job.retry": "write",
    "job.cancel": "irreversible",
    "worker.start": "write",
    "approval.decide": "irreversible",
    "approval.claim": "write",
    "approval.release": "write",
    "approval.delegate": "write",
    "approval.escalate": "write",
    "approval.ask": "write",
    "approval.answer": "write",
    "action.resolve": "irreversible",
    "budget.raise": "write",
    "budget.set": "write",
    "kill_switch.engage": "write",
    "kill_switch.release": "write",
    "people.add": "write",
    "people.remove": "write",
    "account.add": "write",
    "account.password": "write",
    "key.issue": "write",
    "key.rotate": "write",
    "key.revoke": "write",
    "key.withdraw": "write",
    "session.end": "write",
    "policy.activate": "write",
    "ledger.export": "read",
    "ledger.recover": "irreversible",
    "record.export": "read",
    "run.read": "read",
    "job.read": "read",
    "approval.read": "read",
    "document.open": "read",
    "budget.read": "read",
    "ledger.read": "read",
    "policy.read": "read",
    "metrics.read": "read",
    "quality.seed": "write",
    "quality.read": "read",
    "quality.own": "read",
    "access.evaluate": "read",
    "access.read": "read",
    "access.request": "write",
    "access.cancel": "irreversible",
}
_NOTHING: Final = BudgetFacts(limits=Amounts(), spent=Amounts(), reserved=Amounts())


def persons_act(
    act: Act,
    *,
    person: Principal,
    arguments: dict[str, Json],
    resource: Resource,
    subject: SubjectFacts | None,
    now: int,
    revision: str,
    kill_switches: tuple[KillFact, ...] = (),
) -> AccessRequest:
    """Return the request of *person* to do *act*.

    The act costs nothing, belongs to no run and is decided under *revision*, the one in force.
    *subject* comes from the database, never from the person; it may be None for an act of the whole
    installation. *kill_switches* are those engaged that cover the act, its tenant or its run.
    """
    run = RunFacts(id="", agent="", autonomy=0, refusals=0, revision=revision)
    context = Context(
        now=now,
        run=run,
        schema_valid=True,
        labels=dict.fromkeys(arguments, TRUSTED),
        cost=Amounts(),
        budget=_NOTHING,
        kill_switches=kill_switches,
        subject=subject,
        version=FACTS,
    )
    action = Action(tool=act, action_class=CLASSES[act], arguments=arguments)
    return AccessRequest(
        principal=person, action=action, resource=resource, context=context
    )
