"""Undoing through the door: what takes an effect back is proposed, decided and recorded, too."""

from collections.abc import Callable

from sqlalchemy import Connection

from interlock.runtime.door.calls import Calls
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Outcome, Waiting, is_for_now
from interlock.runtime.errors import GuardFailed, Unanswered
from interlock.runtime.policy.decision import Denied
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import recorded_action, undo
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import Run, Status


class Undoing:
    """Undoes the effects of claimed runs; lives as long as the door and holds no state."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        pep: EnforcementPoint,
    ) -> None:
        self._store = store
        self._vault = vault
        self._pep = pep

    async def undo(
        self,
        run: Run,
        *,
        stops: Callable[[], bool],
    ) -> tuple[Status, tuple[str, ...]]:
        """Undo the effects of the claimed *run*, newest first; return the status it then has.

        An undo that was recorded before is not done again. One that is refused, or fails, keeps no
        other from being tried: `undo.effects` lists it. One that waits for a person is waited for,
        before any older effect is touched; its approval is returned, too. Where *stops* says so the
        run is queued again between two undos. Raises as `EnforcementPoint.enforce` does,
        `Unanswered` when the engine failed, and `GuardFailed` while a kill switch or too many open
        questions keep an undo from being done.
        """
        calls = Calls()
        for step in undo.steps(await self._actions(run)):
            if stops():
                return "queued", ()
            outcome = await self._pep.enforce(
                run,
                tool=step.tool,
                arguments=step.arguments,
                call_id=step.undoes,
                undoes=step.undoes,
                calls=calls,
            )
            if isinstance(outcome, Waiting):
                return "waiting", (outcome.approval_id,)
            _answerable(run, step.tool, outcome)
        await self._store.durable(run.claim)
        return "cancelled", ()

    async def _actions(
        self,
        run: Run,
    ) -> list[RecordedAction]:
        def look(connection: Connection) -> list[RecordedAction]:
            key = self._vault.known(run.id)
            return recorded_action.of_run(connection, run.id, key)

        return await self._store.read(look)


def _answerable(
    run: Run,
    tool: str,
    outcome: Outcome,
) -> None:
    """Raise where the refusal is none of the undo itself: a later claim asks again."""
    if not isinstance(outcome, Denied):
        return
    reasons = outcome.decision.reasons
    why = "; ".join(reason.message or reason.code for reason in reasons)
    if outcome.decision.unanswered:
        raise Unanswered(run_id=run.id, tool=tool, codes=outcome.codes, why=why)
    if is_for_now(outcome):
        raise GuardFailed(
            guard=f"undo by {tool}",
            why=why.rstrip("."),
            next_step=f"Once that is over, `interlock run resume {run.id}`.",
        )
