"""Questions that wait for reviewers: mails of one run, each put as the door puts an action."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from interlock.runtime.policy.decision import Reason
from interlock.runtime.policy.label import UNVOUCHED
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Resource,
    RunFacts,
)
from interlock.runtime.record.store import Tx
from interlock.runtime.run.approval import Asked, ask
from interlock.runtime.run.quorum import one_of
from interlock.runtime.run.run import Run
from interlock.serving.home import Home

_TO: Final = "legal@example.com"
_HOURS_S: Final = 8 * 3_600
_NOTHING: Final = BudgetFacts(
    limits=Amounts(),
    spent=Amounts(),
    reserved=Amounts(),
)


async def put(home: Home, run: Run, bodies: Sequence[str]) -> list[str]:
    """Put a mail with each of the *bodies* before the reviewers, and return the approvals.

    The policy is not asked: so many may wait as the caller wants.
    """

    def work(tx: Tx) -> list[str]:
        return [
            ask(
                tx,
                run=run,
                vault=home.vault,
                asked=_mail(run, body),
                now=tx.now,
            )
            for body in bodies
        ]

    return await home.store.write(work, logs={run.tenant})


def _mail(run: Run, body: str) -> Asked:
    mail: dict[str, Any] = {
        "to": [_TO],
        "cc": [],
        "subject": "Contract review",
        "body": body,
        "attachments": [],
    }
    facts = RunFacts(
        id=run.id,
        agent=run.agent,
        autonomy=2,
        refusals=0,
        revision=run.revision,
    )
    request = AccessRequest(
        principal=run.principal,
        action=Action(
            tool="mail.send",
            action_class="irreversible",
            arguments=mail,
        ),
        resource=Resource(
            type="mailbox",
            id=_TO,
        ),
        context=Context(
            now=0,
            run=facts,
            schema_valid=True,
            labels=dict.fromkeys(mail, UNVOUCHED),
            cost=Amounts(),
            budget=_NOTHING,
        ),
    )
    return Asked(
        request=request,
        action_id=secrets.token_hex(32),
        quorum=one_of("reviewer"),
        ttl_s=_HOURS_S,
        overdue_s=_HOURS_S,
        revision=run.revision,
        reasons=(
            Reason(
                code="granted",
                rule="grants",
                message="It is granted.",
            ),
        ),
    )
