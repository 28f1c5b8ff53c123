"""An open desk under the shipped policy."""

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.run.approval.filing import DONE, Desk, approve_record

from interlock.runtime.door.tool import schema_digest
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.testing import FixedClock, World
from interlock.serving.policy.build import BUNDLES, POLICIES


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The shipped policy, which knows this test's tool."""
    shipped = load(BUNDLES[POLICIES])
    data = copy.deepcopy(shipped.data)
    config = data["rails"]["config"]
    config["grants"]["administrator"] = ["records.approve"]
    config["tools"]["records.approve"] = {
        "action_class": "irreversible",
        "egress": "none",
        "schema": schema_digest(approve_record),
        "arguments": {"document": {}, "note": {}},
        "trusted_arguments": [],
    }
    return replace(shipped, data=data)


@pytest.fixture
async def desk(tmp_path: Path, bundle: Bundle) -> AsyncIterator[Desk]:
    DONE.clear()
    clock, point = FixedClock(), EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[approve_record], pdp=point, clock=clock) as world:
        yield Desk(world, clock)
        report = await world.verify()
    point.close()
    assert report.problems == []
