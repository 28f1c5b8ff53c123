"""Every guard is tried, and one that was taken away is named."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime import environment, telemetry
from interlock.runtime.door import conclusion, proposal
from interlock.runtime.door import enforcement as pep
from interlock.runtime.door import facts as pip
from interlock.runtime.door.acts import Acts
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import Tool
from interlock.runtime.graph import driver, tripwire
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.policy.decision import Permit, Reason
from interlock.runtime.policy.engine import embedded, question
from interlock.runtime.policy.engine.answer import read
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.obligation import Duties
from interlock.runtime.record import audit_verify
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import action, approvals, budget, kill_switch
from interlock.serving import workspace
from interlock.serving.home import opened
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import guards
from interlock.serving.verification.guards import GUARDS
from interlock.tools.outbound import client
from interlock.tools.sandbox import process
from interlock.tools.sandbox.limits import Limits

Patch = pytest.MonkeyPatch
Break = Callable[[Patch], object]


async def _act(self: Tool[Any, Any], permit: Any, arguments: Any) -> Any:
    return await self.act(permit, arguments)


async def _act_unrecorded(self: Any, attempt: Any, proposal: Any) -> Any:
    conclusion = await self._act(attempt, proposal)  # the act before its record
    await self._store.write(
        lambda tx: action.start(tx, attempt, approval_id=attempt.verdict),
        logs=(attempt.run.tenant,),
    )
    return self._conclude(attempt, conclusion)


async def _begin(self: Any, act: str, work: Any, **_: Any) -> Any:
    return await work()


async def _never(*_: Any) -> None:
    return None


def _careless(answered: Any, **options: Any) -> Any:
    return read({**answered, "revision": options["revision"]}, **options)


def _believing(answered: Any, **options: Any) -> Any:
    good = {
        "effect": "permit",
        "obligations": [],
        "reasons": [{"code": "c", "rule": "r", "parameters": {}}],
    }
    return read({**good, "revision": options["revision"]}, **options)


def _open(self: DataKey, sealed: bytes, *, place: str) -> bytes:
    return b"probe"


def _unconfined(*_: str, limits: Limits) -> list[str]:
    script = (
        "from interlock.tools.sandbox import escape, limits;"
        "escape.main(limits.Isolation(calls=False, files=False, network=False))"
    )
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path}; {script}"]


def _anything_fits(patch: Patch) -> None:
    def propose(run: Any, tool: Any, *, arguments: Any, **options: Any) -> Any:
        texts = {
            key: str(value) for key, value in arguments.items() if key in {"text", "to"}
        }
        return proposal.propose(run, tool, arguments=texts, **options)

    patch.setattr(pep, "propose", propose)


#: Guard -> how it is taken away
BROKEN: Final[dict[str, Break]] = {
    "unknown tool": lambda patch: patch.setattr(
        pep, "by_runtime", lambda _: Reason(code="granted", rule="runtime")
    ),
    "schema": _anything_fits,
    "drift": lambda patch: patch.setattr(pip, "schema_digest", lambda _: "0" * 64),
    "obligation": lambda patch: patch.setattr(
        pep, "understand", lambda decision: Duties(role=None, ttl_s=0)
    ),
    "person's act": lambda patch: patch.setattr(Acts, "perform", _begin),
    "permit by hand": lambda patch: patch.setattr(
        Permit, "__init__", lambda *_, **__: None
    ),
    "tool without permit": lambda patch: patch.setattr(Tool, "__call__", _act),
    "permit twice": lambda patch: patch.setattr(Permit, "spend", lambda *_: None),
    "intent": lambda patch: patch.setattr(
        pep.EnforcementPoint, "_effect", _act_unrecorded
    ),
    "once": lambda patch: patch.setattr(pep.EnforcementPoint, "_recorded", _never),
    "budget": lambda patch: patch.setattr(budget, "reserve", lambda *_, **__: True),
    "approval": lambda patch: patch.setattr(
        approvals, "_object", lambda *_, **__: None
    ),
    "kill switch": lambda patch: patch.setattr(
        kill_switch, "covered", lambda *_, **__: False
    ),
    "fence": lambda patch: patch.setattr(action, "check", lambda *_: None),
    "labels": lambda patch: patch.setattr(
        pip, "labels", lambda arguments, **_: dict.fromkeys(arguments, TRUSTED)
    ),
    "failing tool": lambda patch: patch.setattr(
        conclusion, "is_wordless", lambda *_: True
    ),
    "offer": lambda patch: patch.setattr(Door, "offering", lambda door, *_: door),
    "policy revision": lambda patch: patch.setattr(embedded, "read", _careless),
    "policy answer": lambda patch: patch.setattr(
        "interlock.serving.verification.boundary.read", _believing
    ),
    "tripwire": lambda patch: patch.setattr(tripwire, "_take", lambda *_: None),
    "seal": lambda patch: patch.setattr(DataKey, "open", _open),
    "checkpoint": lambda patch: patch.setattr(Checkpoints, "_open", lambda *_: {}),
    "ledger": lambda patch: patch.setattr(
        audit_verify.Verifier, "_wrong", lambda *_: None
    ),
    "parser": lambda patch: patch.setattr(process, "command", _unconfined),
    "tracer": lambda patch: patch.setattr(driver, "untraced", lambda _: nullcontext()),
    "variables": lambda patch: patch.setattr(
        environment, "variable", lambda _: environment.variables()[-1]
    ),
    "texts": lambda patch: patch.setattr(question, "_hidden", lambda value: value),
    "telemetry": lambda patch: patch.setattr(telemetry, "_word", str),
    "way out": lambda patch: patch.setattr(client, "_check", lambda *_: None),
}


def tried(folder: Path) -> dict[str, str]:
    """Try every guard of a new home, and return what each that did not fire says."""

    async def work() -> dict[str, str]:
        async with opened(workspace.read({}, bundle=BUNDLE, home=folder)) as home:
            return {
                finding.check.removeprefix("guard "): finding.detail
                for finding in await guards.proved(home)
                if not finding.ok
            }

    return asyncio.run(work())


def test_every_guard_fires(tmp_path: Path) -> None:
    """On a sound installation every guard fires."""
    assert tried(tmp_path) == {}


def test_every_guard_is_broken_below() -> None:
    """Each guard that is tried is one that the next test takes away."""
    assert BROKEN.keys() == GUARDS.keys()


@pytest.mark.parametrize("guard", BROKEN)
def test_a_guard_that_was_taken_away_is_named(
    tmp_path: Path, monkeypatch: Patch, guard: str
) -> None:
    """A guard that lets pass what it must refuse is wrong."""
    BROKEN[guard](monkeypatch)

    assert guard in tried(tmp_path)
