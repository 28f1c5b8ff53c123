"""Answers that are none, and what comes of an effect that is decided by such an engine."""

import asyncio
import json
from pathlib import Path
from typing import Any

from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.request import ActionClass
from interlock.runtime.testing import REVISION, Effects, World

BUSY_S = 1.0  # the machine that runs the tests may be busy
CLASSES: tuple[ActionClass, ...] = ("pure", "write", "irreversible")
GOOD = {
    "effect": "permit",
    "obligations": [],
    "revision": REVISION,
    "reasons": [{"code": "granted", "rule": "test", "parameters": {}}],
}
#: Answers of the wrong shape, each but for one thing a good permit
MISSHAPEN: dict[str, Any] = {
    "text": "permit",
    "true": True,
    "null": None,
    "empty": {},
    "list": [GOOD],
    "one field more": GOOD | {"note": ""},
    "one field less": {
        name: value for name, value in GOOD.items() if name != "obligations"
    },
    "effect in capitals": GOOD | {"effect": "PERMIT"},
    "effect in a list": GOOD | {"effect": ["permit"]},
    "effect in an object": GOOD | {"effect": {"permit": True}},
    "no reasons": GOOD | {"reasons": []},
    "reasons in an object": GOOD | {"reasons": {"0": {}}},
    "reason of text": GOOD | {"reasons": ["granted"]},
    "reason without rule": GOOD | {"reasons": [{"code": "granted", "parameters": {}}]},
    "reason under the engine's name": GOOD
    | {"reasons": [{"code": "granted", "rule": "pdp", "parameters": {}}]},
    "reason under the runtime's name": GOOD
    | {"reasons": [{"code": "granted", "rule": "runtime", "parameters": {}}]},
    "reason with a number": GOOD
    | {"reasons": [{"code": 1, "rule": "test", "parameters": {}}]},
    "obligation of text": GOOD | {"obligations": ["reserve"]},
    "obligation with more": GOOD
    | {"obligations": [{"kind": "reserve", "parameters": {}, "optional": True}]},
    "revision of a number": GOOD | {"revision": 1},
    "a float": GOOD
    | {
        "obligations": [
            {"kind": "approve", "parameters": {"role": "reviewer", "ttl_s": 0.5}}
        ]
    },
}


async def carried(
    folder: Path, pdp: DecisionPoint, action_class: ActionClass, text: str
) -> tuple[Any, list[str]]:
    """Propose one note through the door over *pdp*; return what became of it and the effects."""
    effects = Effects()
    async with World(
        folder, tools=[effects.tool("note", action_class)], pdp=pdp
    ) as world:
        async with asyncio.timeout(10):
            outcome = await world.pep.enforce(
                await world.start(), tool="note", arguments={"text": text}, call_id="1"
            )
        assert [
            each["state"]
            for each in await world.entries()
            if each["event"] == "decision"
        ] in (
            [],
            ["denied"],
        )
        assert (await world.verify()).problems == []
    return outcome, effects.done


PERMIT = json.dumps({"result": GOOD}).encode()
