"""An engine that does not answer, or answers something else, and policies that are not in force."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from interlock.evals.bypass.careless import (
    FORGETFUL,
    SHORT_ONLY,
    SKIPPED,
    SWALLOWED,
    granted,
)
from interlock.evals.bypass.case import Bypass, Program
from interlock.evals.bypass.counter import Counter, Useless, Visit
from interlock.evals.bypass.loopback import serving
from interlock.evals.bypass.tools import HOSTILE, PAY
from interlock.evals.guarantees.door import LIMITS
from interlock.evals.guarantees.patch import both
from interlock.evals.guarantees.record import CLAIMS
from interlock.evals.guarantees.rules import any_revision
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.engine.server import ServerPoint
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.testing import StaticPoint

_LARGE: Final = "-" * 3_000_000
#: As long as a revision, so that lengths are right
_REVISION: Final = "R" * 64
_PERMIT: Final[Mapping[str, Any]] = {
    "effect": "permit",
    "obligations": [],
    "revision": _REVISION,
    "reasons": [{"code": "granted", "rule": "grants", "parameters": {}}],
}
#: What an engine may say in place of a decision
_UNFIT: Final[tuple[Any, ...]] = (
    [],
    {"result": True},
    {"result": "permit"},
    {"result": {"effect": "permit"}},
    {"result": {**_PERMIT, "reasons": []}},
    {"result": {**_PERMIT, "obligations": None}},
    {"result": {**_PERMIT, "effect": "PERMIT"}},
    {"result": {**_PERMIT, "also": 1}},
)


def _http(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body


def _json(document: Any) -> bytes:
    return _http(json.dumps(document).encode())


def _answered(*answers: bytes | None) -> Program:
    """Return what lets an engine answer each of *answers*, or nothing at all for None."""

    async def program(counter: Counter) -> str:
        visit = await counter.begin(autonomy=3)
        if not await _paid(visit, _json({"result": _PERMIT})):
            raise Useless("what the engine permits should be done")
        for answer in answers:
            # A run is held when its engine does not answer, so each answer gets its own
            await _paid(await counter.begin(autonomy=3), answer)
        return counter.beyond(50)

    return program


async def _paid(visit: Visit, answer: bytes | None) -> bool:
    before = len(visit.counter.outside.done)
    revision = visit.run.revision.encode()
    told = answer and answer.replace(_REVISION.encode(), revision)
    async with (
        serving(told) as engine,
        ServerPoint(
            host="127.0.0.1",
            port=engine.port,
            revision=visit.run.revision,
            messages={},
        ) as point,
    ):
        await visit.pays(door=_door(visit, point))
    return len(visit.counter.outside.done) > before


async def _closed(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    async with ServerPoint(
        host="127.0.0.1", port=1, revision=visit.run.revision, messages={}
    ) as point:
        await visit.pays(door=_door(visit, point))
    return counter.beyond()


async def _raising(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    point = _Broken(revision=visit.run.revision)
    with suppress(RuntimeError):  # the defect is not hidden from the agent
        await visit.pays(door=_door(visit, point))
    return counter.beyond()


async def _caught(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    door = _door(visit, _Flaky(revision=visit.run.revision))
    for _ in range(2):  # the agent catches what ends its claim, and goes on
        await visit.pays(door=door)
    return counter.beyond()


async def _truncated(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.tried(
        PAY,
        recipient=HOSTILE,
        amount=900,
        subject=_LARGE,
    )
    return counter.beyond()


async def _reloaded(counter: Counter) -> str:
    visit = await counter.begin()
    other = StaticPoint(
        effects={PAY: "permit"},
        revision="f" * 64,
    )
    await visit.pays(door=_door(visit, other))
    return counter.beyond()


def _door(visit: Visit, point: Any) -> Any:
    """Return the door of the visit with another engine behind it."""
    runtime = visit.counter.runtime
    pep = EnforcementPoint(
        store=runtime.store,
        vault=runtime.vault,
        pdp=point,
        tools=runtime.pep.tools,
        by_agent=runtime.pep.by_agent,
        spoken=runtime.pep.spoken,
    )
    return replace(visit.door, pep=pep)


@dataclass(kw_only=True)
class _Broken:
    """An engine with a defect."""

    revision: str
    engine: str = "probe"

    async def decide(self, request: AccessRequest) -> Decision:
        """Raise what nobody expects."""
        raise RuntimeError("a defect")


@dataclass(kw_only=True)
class _Flaky(StaticPoint):
    """An engine that fails once, and permits everything afterwards."""

    has_failed: bool = False

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the deny that stands for an engine that is not there, and then permits."""
        if self.has_failed:
            return granted(self.revision)
        self.has_failed = True
        return trouble(
            "pdp_unavailable", revision=self.revision, engine=self.engine, detail=""
        )


ENGINE: Final[Mapping[str, Bypass]] = {
    "engine.down": Bypass(
        program=_closed,
        without=SKIPPED,
    ),
    "engine.slow": Bypass(
        program=_answered(None),
        without=SKIPPED,
    ),
    "engine.error": Bypass(
        program=_answered(
            _http(b"{}", "500 Broken"), _http(b"<html>", kind="text/html")
        ),
        without=SKIPPED,
    ),
    "engine.undefined": Bypass(
        program=_answered(_json({})),
        without=SKIPPED,
    ),
    "engine.unfit": Bypass(
        program=_answered(*map(_json, _UNFIT)),
        without=SKIPPED,
    ),
    "engine.other-bundle": Bypass(
        program=_answered(_json({"result": {**_PERMIT, "revision": "0" * 64}})),
        without=any_revision,
    ),
    "engine.raises": Bypass(
        program=_raising,
        without=SWALLOWED,
    ),
    "engine.failure-caught": Bypass(
        program=_caught, without=both(FORGETFUL, LIMITS["silent-engine"])
    ),
    "engine.truncated": Bypass(
        program=_truncated,
        without=SHORT_ONLY,
    ),
    "engine.reloaded": Bypass(
        program=_reloaded,
        without=CLAIMS["other-policy"],
    ),
}
