"""Shadows: copies of runs that ended, begun under the candidate of a rollout.

A shadow has the request, the principal and the limits of the run that it copies, a budget for which
nobody else pays, and the lowest priority. It is no run that somebody asked for: lists leave it out,
and whoever erases the run erases its shadows. What it may not do is the door's
(`interlock.runtime.door.shadow`).
"""

from itertools import count
from typing import Final

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import canary
from interlock.runtime.run.beginning import HIGHEST
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.rollout_result import Result
from interlock.runtime.run.run import NewRun
from interlock.runtime.run.runs import Runs

_DIGITS: Final = 12


async def begin(
    runs: Runs,
    vault: Vault,
    rollout: Rollout,
    result: Result,
) -> bool:
    """Begin the shadow of a run, and return whether there is one, begun here or before.

    A run has one shadow in a rollout, however often and by how many this is asked. Returns False
    for a run that was erased meanwhile, and for an agent that the candidate does not have.
    """
    pins = rollout.pins[rollout.candidate].get(result.agent)
    if pins is None:
        return False
    try:
        original = await runs.read(result.run_id)
        new = NewRun(
            id=named(vault, rollout, result.run_id),
            shadow=original.id,
            agent=original.agent,
            principal=original.principal,
            request=original.request,
            limits=_limits(result),
            autonomy=original.autonomy,
            revision=pins.revision,
            pins=pins.others,
            release=rollout.candidate,
            rollout=rollout.tag,
            intent=original.intent,
            priority=-HIGHEST,
        )
        await runs.start(new, claim=False)
    except BadInput as error:
        return error.code == "taken_already"
    return True


def named(vault: Vault, rollout: Rollout, run_id: str) -> str:
    """Return the id of the one shadow that a run has in the rollout."""
    told = (f"{rollout.id}/{run_id}/{number}".encode() for number in count())
    names = (f"run-{vault.mark(b'shadow', text).hex()[:_DIGITS]}" for text in told)
    return next(name for name in names if not canary.is_canary(vault, name))


def _limits(result: Result) -> Amounts:
    """Return what the run that is copied might spend."""
    return Amounts(**{kind: limit or 0 for kind, limit in result.limits.items()})
