"""What was asked of the policy about a person's act, with the answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.record.events import HOME


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


def logs_of(asked: Iterable[Asked]) -> set[str]:
    """Return the logs of the tenants that the acts are about."""
    return {one.log for one in asked}
