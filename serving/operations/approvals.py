"""Approvals: what people do about them, verdicts on exactly what was shown, and runs going on."""

from dataclasses import replace

from sqlalchemy import Connection

from interlock.runtime.door import handlings
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.request import EXTERNAL, Principal, Verdict
from interlock.runtime.run.account import account_of
from interlock.runtime.run.handling import Delegation, Handling
from interlock.runtime.run.verdict import Shown
from interlock.serving import people
from interlock.serving.home import Home


async def decide(
    home: Home,
    *shown: Shown,
    person: Principal,
    verdict: Verdict,
    note: str,
) -> None:
    """Record one verdict of *person* on each approval that was *shown*, or on none of them.

    Raises `NotPermitted` when the policy denies the act, and what `Verdicts.give` raises: the
    evidence has changed, somebody decided before, a question has expired, they are not alike.
    """
    await home.runtime.verdicts.give(shown, person=person, verdict=verdict, note=note)


async def handle(
    home: Home, approval_id: str, handling: Handling, *, person: Principal
) -> None:
    """Do what *person* wants done about an approval besides deciding it.

    Raises `NotPermitted` when the policy denies the act, and what `Approvals.handle` raises.
    """
    runtime = home.runtime
    await handlings.handle(
        runtime.approvals, runtime.acts, approval_id, handling, person=person
    )


async def delegate(
    home: Home, approval_id: str, name: str, *, note: str, person: Principal
) -> None:
    """Have whoever is called *name* asked to decide; raises as `handle` does.

    Somebody who is not listed, or whose account is of another tenant, has no role, so is refused.
    """

    def is_elsewhere(connection: Connection) -> bool:
        account = account_of(home.vault, connection, name)
        return account is not None and account.tenant != person.tenant

    to = people.principal(home.settings.people, name, tenant=person.tenant)
    if await home.store.read(is_elsewhere):
        to = replace(to, roles=())
    handling = Delegation(to=to, note=note)
    await handle(home, approval_id, handling, person=person)


async def carry_on(home: Home, run_id: str) -> Ended | None:
    """Drive the run if nothing of it waits for a person any more; else return None.

    What an application outside asked about goes on when the application comes back.

    The verdicts are what carries the run on, so no further act is asked for. When a worker was
    faster the run is the worker's.
    """
    if await home.approvals.list(run=run_id, state="waiting", limit=1):
        return None
    if (await home.runs.read(run_id)).agent == EXTERNAL:
        return None
    try:
        return await home.runtime.resume(run_id)
    except BadInput as error:
        if error.code not in {"claimed", "ended"}:
            raise
        return None
