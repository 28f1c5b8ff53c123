"""What approving leads to: what will happen, how far it reaches, and what takes it back."""

from dataclasses import dataclass

from interlock.serving.home import Home
from interlock.serving.queue.risk import Risk, risk_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Consequence:
    """What happens after each verdict."""

    risk: Risk
    #: Whether the effect can be taken back, and by what
    undo: str
    #: Whether doing it twice has one effect
    repeat: str
    #: Whether somebody looks afterwards that the effect is what it should be
    check: str


def consequence(home: Home, tool: str, action_class: str) -> Consequence:
    """Return what approving a call of *tool* leads to."""
    known = home.runtime.tools.get(tool)
    if known is None:
        return Consequence(
            risk="high",
            undo="Nobody here knows what takes it back: the action is done elsewhere.",
            repeat="",
            check="",
        )
    if not known.has_effect:
        undo = "It changes nothing outside the run, so nothing needs to be undone."
    elif known.undo is not None:
        undo = (
            "It can be taken back: cancel the run with undo, and Interlock proposes the call "
            "that takes it back."
        )
    else:
        undo = "It cannot be undone. Nothing takes it back."
    return Consequence(
        risk=risk_of(action_class),
        undo=undo,
        repeat=(
            "It is done at most once."
            if known.idempotent
            else "It is done at most once; if the connection breaks, a person must look."
        ),
        check=(
            "Afterwards Interlock looks whether what was left is what was approved."
            if known.readback is not None
            else ""
        ),
    )
