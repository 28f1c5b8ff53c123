"""Approvals: one person's verdict on exactly what was shown, and the run carried on with it."""

from interlock.runtime.errors import BadInput
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.request import EXTERNAL, Principal, Verdict
from interlock.runtime.run.verdict import Shown
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
