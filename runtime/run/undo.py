"""Undoing: which effects of a run are taken back, in which order, and what became of that.

Each effect that is done keeps the call that takes the effect back, if its tool named one. The calls
are proposed in the reverse order of the effects, each once: an undo is an action like any other,
and names the action that it undoes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from interlock.runtime.policy.decision import SHORT
from interlock.runtime.run.recorded_action import RecordedAction, State

_EFFECTS: Final = frozenset({"write", "irreversible"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One call that takes an effect back."""

    #: The action that is undone
    undoes: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One effect of the run that happened, or may have, and why it is not undone.

    The code is empty for an effect that is undone, and else what the undo was refused with or
    failed with, or "no_undo" (nothing takes the effect back), "unknown" (nobody knows whether the
    effect happened), "undo_unknown" (nobody knows whether the undo did), "waiting" or "not_tried".
    """

    id: str
    tool: str
    code: str


def steps(actions: Sequence[RecordedAction]) -> Iterator[Step]:
    """Yield the calls that take back the effects among the *actions* of a run, newest first."""
    for action in reversed(actions):
        if _is_effect(action) and action.state == "done" and action.undo is not None:
            call = orjson.loads(action.undo)
            yield Step(undoes=action.id, tool=call["tool"], arguments=call["arguments"])


def is_left(actions: Sequence[RecordedAction]) -> bool:
    """Whether an effect among the *actions* of a run can be taken back, and was not tried in vain.

    An undo that was refused for want of budget alone was not.
    """
    undone_by = {action.undoes: action for action in actions if action.undoes}
    return any(_may_be_tried(undone_by.get(step.undoes)) for step in steps(actions))


def _may_be_tried(undo: RecordedAction | None) -> bool:
    return undo is None or is_short(undo)


def is_short(undo: RecordedAction) -> bool:
    """Whether an undo was refused for want of budget, and for nothing else."""
    codes = {reason.code for reason in undo.reasons}
    return undo.state == "denied" and codes <= SHORT


def effects(actions: Sequence[RecordedAction]) -> list[Effect]:
    """Return every effect among the *actions* of a run, newest first, and what undid it."""
    undone_by = {action.undoes: action for action in actions if action.undoes}
    return [
        Effect(
            id=action.id,
            tool=action.tool,
            code=_code(action, undone_by.get(action.id)),
        )
        for action in reversed(actions)
        if _is_effect(action) and action.state in {"done", "unknown"}
    ]


def _is_effect(action: RecordedAction) -> bool:
    return action.action_class in _EFFECTS and not action.undoes


def _code(action: RecordedAction, undo: RecordedAction | None) -> str:
    if action.state == "unknown":
        return "unknown"
    if undo is None:
        return "no_undo" if action.undo is None else "not_tried"
    return _code_of(undo)


def _code_of(undo: RecordedAction) -> str:
    """Return why an undo that was proposed did not take its effect back; empty where it did."""
    codes: dict[State, str] = {
        "done": "",
        "denied": ", ".join(reason.code for reason in undo.reasons),
        "failed": _failure(undo) if undo.state == "failed" else "",
        "waiting": "waiting",
        "expired": "approval_expired",
        "started": "not_tried",
        "unknown": "undo_unknown",
    }
    return codes[undo.state]


def _failure(undo: RecordedAction) -> str:
    if undo.result is None:  # as a person found
        return "not_done"
    return str(orjson.loads(undo.result)["code"])
