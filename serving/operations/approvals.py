"""Approvals: one person's verdict on exactly what was shown, and the run carried on with it."""

from interlock.runtime.errors import BadInput
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.request import Principal, Verdict
from interlock.serving.home import Home


async def decide(
    home: Home,
    approval_id: str,
    *,
    person: Principal,
    verdict: Verdict,
    shown: str,
    note: str,
) -> None:
    """Record the verdict of *person*; *shown* is the digest of the evidence the person saw.

    Raises `NotPermitted` when the policy denies the act, and what `Approvals.decide` raises: the
    evidence has changed, somebody decided before, the question has expired.
    """
    await home.runtime.decide(
        approval_id, person=person, verdict=verdict, shown=shown, note=note
    )


async def carry_on(home: Home, run_id: str) -> Ended | None:
    """Drive the run if nothing of it waits for a person any more; else return None.

    The verdicts are what carries the run on, so no further act is asked for. When a worker was
    faster the run is the worker's.
    """
    if await home.approvals.list(run=run_id, state="waiting", limit=1):
        return None
    try:
        return await home.runtime.resume(run_id)
    except BadInput as error:
        if error.code not in {"claimed", "ended"}:
            raise
        return None
