"""What a contract says of each kind of clause: how often, and what the kind adds to the risk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from interlock.tools.contracts.review import PARTIES

#: `missing`: the playbook asks for the kind, and there is none. `excluded`: the text denies it.
#: `doubted`: what there is may be none
State: TypeAlias = Literal["found", "missing", "excluded", "doubted"]
_WITHOUT: Final[Mapping[str, State]] = {"absent": "missing", "denied": "excluded"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of clause in one contract."""

    state: State
    clauses: int = 0
    points: int = 0


def kinds(row: Mapping[str, Any]) -> dict[str, Kind]:
    """Return the kinds of clauses that a document has or lacks; *row* is as `result` has it.

    Who the parties are is no clause.
    """
    found: dict[str, Kind] = {}
    categories = [clause["category"] for clause in row["findings"]]
    for category in categories:
        if category == PARTIES:
            continue
        kind = found.get(category, Kind(state="found"))
        found[category] = replace(kind, clauses=kind.clauses + 1)
    for part in (row["risk"] or {}).get("contributions", ()):
        category = part["category"]
        kind = found.get(category, Kind(state=_state(part)))
        found[category] = replace(kind, points=kind.points + part["points"])
    return found


def _state(part: Mapping[str, Any]) -> State:
    """Return what a kind without a clause that was found is."""
    return "doubted" if part["doubted"] else _WITHOUT.get(part["when"], "doubted")
