"""The history of a run as its ledger has it: action by action, proposed, decided and done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.serving.audit import entries
from interlock.serving.home import Home
from interlock.serving.queue.words import tool_in_words

#: Entries of a run that are shown
MOST: Final = 400
#: What an entry of the ledger says of an action or of its run
_SAYS: Final[Mapping[str, str]] = {
    "intent": "decided and recorded, then begun",
    "step": "decided, recorded and done in one",
    "outcome": "acted",
    "approval_requested": "put before a person",
    "approval_expired": "nobody decided in time",
    "record": "kept on the shelf of the run",
    "act": "decided and recorded",
    "run_started": "recorded",
    "run_ended": "recorded",
}
#: What a person did about a question
_DID: Final[Mapping[str, str]] = {
    "approved": "approved",
    "rejected": "rejected",
    "claimed": "looked at",
    "released": "looked at no more",
    "delegated": "passed to",
    "escalated": "passed up to",
    "asked": "asked back",
    "answered": "answered",
}
_TITLES: Final[Mapping[str, str]] = {
    "run_started": "The run began",
    "run_ended": "The run stopped",
    "run_claimed": "A worker took the run",
    "run_held": "The run was held",
    "run_resumed": "The run went on",
    "run_widened": "The run may do more",
    "record": "Something was kept for the run",
    "run.start": "Start a run",
    "run.resume": "Carry the run on",
    "run.cancel": "Cancel the run",
    "run.widen": "Let the run do more",
    "approval.decide": "Decide on an approval",
    "approval.claim": "Look at an approval",
    "approval.release": "Stop looking at an approval",
    "approval.delegate": "Pass an approval to a person",
    "approval.escalate": "Pass an approval up to a role",
    "approval.ask": "Ask back about an approval",
    "approval.answer": "Answer about an approval",
    "approval.edit": "Reject with other arguments",
}
_RULED: Final[Mapping[str, str]] = {
    "deny": "proposed, and denied",
    "permit": "proposed, and permitted if a person approves",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that happened: an entry of the ledger."""

    seq: int
    at: int
    says: str
    #: The status or the state that it led to; empty for none
    state: str
    codes: tuple[str, ...]
    person: str
    note: str


@dataclass(kw_only=True, slots=True)
class Stretch:
    """What belongs together: all of one action, or one thing that happened to the run."""

    title: str
    tool: str
    action: str
    risk_class: str
    steps: list[Step] = field(default_factory=list)

    @property
    def state(self) -> str:
        """What became of it by now."""
        states = [step.state for step in self.steps if step.state]
        return states[-1] if states else ""


async def timeline(home: Home, run_id: str) -> list[Stretch]:
    """Return what the ledger has of the run, in order: of a very long run the newest part."""
    rows = await entries(home, run_id, newest=MOST)
    return list(_stretches(home, rows))


def _stretches(home: Home, rows: Iterable[Mapping[str, Any]]) -> Iterable[Stretch]:
    by_action: dict[str, Stretch] = {}
    stretches: list[Stretch] = []
    for row in rows:
        body = row["body"]
        action = str(body.get("action") or "")
        stretch = by_action.get(action) if action else None
        if stretch is None:
            stretch = _begun(home, body, action)
            stretches.append(stretch)
            by_action[action] = stretch
        stretch.steps.append(_step(body, row["payload"] or {}))
        if not stretch.tool and "tool" in body:
            _name(home, stretch, body)
    return stretches


def _begun(home: Home, body: Mapping[str, Any], action: str) -> Stretch:
    event = str(body["event"])
    stretch = Stretch(
        title=_TITLES.get(event, event.replace("_", " ")),
        tool="",
        action=action,
        risk_class="",
    )
    if "tool" in body:
        _name(home, stretch, body)
    return stretch


def _name(home: Home, stretch: Stretch, body: Mapping[str, Any]) -> None:
    stretch.tool = str(body["tool"])
    stretch.title = _TITLES.get(stretch.tool) or tool_in_words(
        stretch.tool, home.runtime.tools
    )
    stretch.risk_class = str(body.get("class", ""))


def _step(body: Mapping[str, Any], payload: Mapping[str, Any]) -> Step:
    event = str(body["event"])
    effect = str(body.get("effect", ""))
    said = _SAYS.get(event, event.replace("_", " "))
    says = _RULED.get(effect, said) if event == "decision" else said
    if event in {"approval", "approval_step"}:
        says = _DID[body["kind"]]
    if payload.get("to") and event == "approval_step":
        says = f"{says} {payload['to']}"
    return Step(
        seq=int(body["seq"]),
        at=int(body.get("at", 0)),
        says=says,
        state=str(body.get("state") or body.get("status") or ""),
        codes=tuple(map(str, body.get("codes", ()))),
        person=str(payload.get("reviewer", "")),
        note=str(payload.get("note", "")),
    )
