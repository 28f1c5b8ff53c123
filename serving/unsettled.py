"""Everything known of the actions of a run of which nobody knows whether they happened."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from interlock.runtime.door.outcome import failure_of
from interlock.runtime.record import audit
from interlock.runtime.record.store import Store
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.recorded_action import RecordedAction

_INTENT: Final = "intent"
#: Of an action that was under way when its run was cancelled
_CUT_OFF: Final = (
    "cut_off",
    "its run ended while the action was under way, and nobody recorded what became of it",
)
_FOUND: Final = ("--happened", "--did-not-happen")
_NOTE: Final = '--note "how you know"'
#: Digits of an action's id that a person types
_SHORT: Final = 12


class Recorded(Protocol):
    """Where entries are read."""

    @property
    def store(self) -> Store:
        """The database."""
        ...

    @property
    def vault(self) -> Vault:
        """The keys."""
        ...


async def unsettled(
    home: Recorded, run_id: str, actions: Sequence[RecordedAction]
) -> list[dict[str, Any]]:
    """Return what the record knows of each unknown one among the *actions* of a run.

    The record of a run without such an action is not read.
    """
    unknown = [action for action in actions if action.state == "unknown"]
    if not unknown:
        return []
    intents: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in await audit.entries(home.store, home.vault, run_id=run_id):
        if entry["body"]["event"] == _INTENT:
            intents[entry["body"]["action"]].append(entry)
    return [_known(action, intents[action.id]) for action in unknown]


def _known(
    action: RecordedAction, intents: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what is known of one action, as its last intent has it.

    *began* is when it was begun last, and *times* how often. *may_act_until* is until when whoever
    began it may still be at work on it. *why* says what its tool answered that was asked for the
    effect, *readback* what was seen of the effect, *late* what a worker reported that had lost the
    run. An action that people were asked about when the record was lost was never begun here.
    """
    last = intents[-1] if intents else None
    body = {} if last is None else last["body"]
    payload = {} if last is None else last["payload"]
    code, detail = failure_of(action) or _CUT_OFF
    return {
        "id": action.id,
        "tool": action.tool,
        "class": action.action_class,
        "arguments": payload.get("arguments"),
        "began": body.get("at"),
        "times": len(intents),
        **_worker(payload.get("worker", "")),
        "may_act_until": action.until or None,
        "why": {"code": code, "detail": detail},
        "readback": action.readback or None,
        "late": action.late or None,
        "next": [f"{_resolving(action)} {found} {_NOTE}" for found in _FOUND],
    }


def _resolving(action: RecordedAction) -> str:
    return f"interlock run resolve {action.run_id} {action.id[:_SHORT]}"


def _worker(name: str) -> dict[str, Any]:
    """Return the machine and the process of a worker's name."""
    place, _, process = name.rpartition(":")[0].rpartition(":")
    return {
        "machine": place.partition("/")[0] or None,
        "process": int(process) if process else None,
    }
