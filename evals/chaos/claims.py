"""How the claims of runs ended, so that a dead run says why it is dead."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from interlock.evals.chaos.plan import Blow

#: What took the worker of a claim, by the claim's run and fence
Struck: TypeAlias = Mapping[tuple[str, int], Blow]
_ENDS: Final = frozenset({"done", "failed"})


@dataclass(kw_only=True)
class Claim:
    """One claim of a run."""

    fence: int
    #: The status that was recorded, with the reason; else the blow that took its worker, or
    #: "nothing": nobody recorded an end, and no worker that the drill took had it
    ended: str
    #: Actions that it brought to their end
    actions: int = 0


def claims(
    run_id: str, entries: Iterable[Mapping[str, Any]], struck: Struck
) -> list[Claim]:
    """Return the claims of one run by its *entries* in the ledger, which are in order."""
    made: list[Claim] = []
    for entry in entries:
        body = entry["body"]
        if body["event"] == "run_resumed":
            blow = struck.get((run_id, body["fence"]), "nothing")
            made.append(Claim(fence=body["fence"], ended=blow))
        elif made and body["event"] == "run_ended" and body["fence"] == made[-1].fence:
            why = (entry["payload"] or {}).get("error")
            made[-1].ended = f"{body['status']}: {why}" if why else body["status"]
        elif made and body.get("state") in _ENDS:
            made[-1].actions += 1
    return made
