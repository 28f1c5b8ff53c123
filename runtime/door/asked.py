"""What was asked of the policy about a person's act, with the answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from interlock.runtime.canonical import Document, Json
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.record.events import HOME, ActDecided
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One act that was put to the policy, with the answer."""

    act_id: str
    request: AccessRequest
    decision: Decision
    #: The run whose data key seals the entries; empty for none
    run_id: str

    @property
    def log(self) -> str:
        """The log of the tenant that the act is about."""
        subject = self.request.context.subject
        return HOME if subject is None else subject.tenant

    def entry(
        self,
        key: DataKey,
    ) -> ActDecided:
        """Return the ledger's entry of it, sealed under *key*."""
        request = self.request
        decision = self.decision
        return ActDecided(
            log=self.log,
            run_id=self.run_id,
            key=key,
            act=self.act_id,
            tool=request.action.tool,
            action_class=request.action.action_class,
            person=request.principal.id,
            digest=request.digest,
            effect=decision.effect,
            codes=[reason.code for reason in decision.reasons],
            revision=decision.revision,
            engine=decision.engine,
            asked=self._asked(),
        )

    def _asked(self) -> dict[str, Document]:
        """Return what was asked and why it was decided so, for whoever may open the entry."""
        reasons: list[Json] = [
            {
                "code": reason.code,
                "rule": reason.rule,
                "parameters": dict(reason.parameters),
            }
            for reason in self.decision.reasons
        ]
        return self.request.asked() | {"reasons": reasons}


def logs_of(asked: Iterable[Asked]) -> set[str]:
    """Return the logs of the tenants that the acts are about."""
    return {one.log for one in asked}


def is_there(
    tx: Tx,
    run_id: str,
) -> bool:
    """Whether there is a run of that id, whose row is then locked."""
    query = select(tables.run.c.id).where(tables.run.c.id == run_id)
    return tx.connection.execute(query.with_for_update()).first() is not None
