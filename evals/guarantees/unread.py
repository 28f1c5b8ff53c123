"""How the guards of what stays unread are taken away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from interlock.evals.guarantees.patch import Break, Patch, replacing
from interlock.runtime.door import enforcement
from interlock.runtime.door.unread import facts, given
from interlock.runtime.policy.label import TRUSTED, Label


async def _whole(outcome: Any, *_: Any) -> Any:
    return outcome


def _faultless(patch: Patch) -> None:
    """Take a handle that leads to nothing for a value of its own."""
    followed = given._followed  # noqa: SLF001 - the guard that is taken away

    def lax(*arguments: Any) -> given.Given:
        return replace(followed(*arguments), fault="")

    patch.put(given, "_followed", lax)


def _vouched_for(*_: Any) -> Label:
    return TRUSTED


def _none(*_: Any, **__: Any) -> int:
    return 0


UNREAD: Final[Mapping[str, Break]] = {
    "shown-text": replacing(enforcement, "closed", _whole),
    "handle-of-another-run": _faultless,
    "vouched-for-by-a-handle": replacing(given, "_joined", _vouched_for),
    "uncounted-answers": replacing(facts, "told", _none),
}
