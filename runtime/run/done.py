"""Done: how many effects a run has done, or may have done, and what it did on one resource.

What was looked at before another effect began, or failed, holds no more, so the effects are looked
at again where one begins; a run is spared that whose words say no number, as long as it has read
nothing of strangers, and one without words.
"""

from collections import Counter
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select

from interlock.runtime.policy.decision import Reason, by_runtime
from interlock.runtime.policy.request import IntentFacts
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.run import intent_of

#: The tool by which a plan is stated
PLAN: Final = "plan.state"
#: Why an effect does not begin that was decided on other counts
MOVED: Final = by_runtime("counts_moved")
#: A text of the statement itself: no value is handed in with it
_SPACE: Final[Any] = literal_column("' '")
_ACTION: Final = tables.action.alias("earlier")
_OTHERS: Final = (_ACTION.c.run_id == bindparam("run")) & (
    _ACTION.c.id != bindparam("action")
)
_CLASS: Final = _ACTION.c.action_class
_STATE: Final = _ACTION.c.state
_EFFECTS: Final = or_(_CLASS == "write", _CLASS == "irreversible") & or_(
    _STATE == "started", _STATE == "done", _STATE == "unknown"
)
_BETWEEN: Final[Any] = literal_column("'/'")
#: The effects of *run* but for *action*: each as its id and its tool, which have no space in them
NAMED: Final[ColumnElement[str]] = (
    select(func.aggregate_strings(_ACTION.c.id + _BETWEEN + _ACTION.c.tool, _SPACE))
    .where(_OTHERS, _EFFECTS)
    .scalar_subquery()
)
#: The tools that were done on the resource to which *about* commits
HERE: Final[ColumnElement[str]] = (
    select(func.aggregate_strings(_ACTION.c.tool, _SPACE))
    .where(_OTHERS, _STATE == "done", _ACTION.c.about == bindparam("about"))
    .scalar_subquery()
)
#: How many plans the run has stated
PLANS: Final[ColumnElement[int]] = (
    select(func.count())
    .select_from(_ACTION)
    .where(
        _ACTION.c.run_id == bindparam("run"),
        _ACTION.c.tool == PLAN,
        _STATE == "done",
    )
    .scalar_subquery()
)
#: The effects of *run* but for *action*: each with its tool and where it stands
EFFECTS: Final = (
    select(_ACTION.c.id, _ACTION.c.tool, _ACTION.c.state)
    .where(_OTHERS, _EFFECTS)
    .subquery()
)
_NAMED: Final = Statement(select(NAMED.label("effects")))


def facts_for(row: Row) -> dict[str, Any]:
    """Return the facts about what the run may do and has done, by their names in the context."""
    intent = intent_of(row["intent"])
    done = Counter(effect.partition("/")[2] for effect in effects(row))
    here = set((row["tools_here"] or "").split())
    return {
        "intent": IntentFacts(spoken=intent is not None, kinds=intent or {}),
        "done": dict(sorted(done.items())),
        "done_here": tuple(sorted(here)),
    }


def effects(row: Row) -> frozenset[str]:
    """Return the effects that the column `NAMED` of *row* tells of."""
    return frozenset((row["effects"] or "").split())


def is_outdated(
    tx: Tx,
    step: Attempt,
) -> bool:
    """Whether the run has other effects than when the facts were gathered (fails closed).

    Asked only where the policy counts effects: the words say a number, a plan says which effects
    there are, or the run has words and has read, or is given unread, what nobody vouches for. The
    row of the run is locked, so no effect begins meanwhile.
    """
    if not _is_counted(step):
        return False
    row = _NAMED.one(tx.apart, {"run": step.run.id, "action": step.id})
    return row is None or effects(row) != step.effects


def _is_counted(step: Attempt) -> bool:
    context = step.request.context
    intent = context.intent
    if context.plan.stated:
        return True
    if intent is None or not intent.spoken:
        return False
    is_numbered = any(number is not None for number in intent.kinds.values())
    is_read = step.run_label.integrity == "untrusted"
    return is_numbered or is_read or bool(context.unread.given)


def refused(
    step: Attempt,
    reason: Reason | None,
) -> Attempt:
    """Return *step* denied for *reason*, if it is permitted and that is no reason to ask anew."""
    is_permit = step.decision.effect == "permit"
    if is_permit and reason is not None and reason != MOVED:
        return step.refused(reason)
    return step
