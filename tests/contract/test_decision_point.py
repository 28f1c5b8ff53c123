"""What every decision point does, whichever engine is behind it."""

import asyncio
import copy
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.server import ServerPoint
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Principal,
    Resource,
    RunFacts,
)
from interlock.runtime.testing import AGENT, StaticPoint
from interlock.serving.policy.build import BUNDLES, POLICIES

ROOM = BudgetFacts(
    limits=Amounts(steps=9, effects=9, tokens=9, money_micro=9, wall_ms=9),
    spent=Amounts(),
    reserved=Amounts(),
)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The committed bundle; one serves both engines."""
    return load(BUNDLES[POLICIES])


@pytest.fixture(params=["static", "embedded", "server"])
async def point(
    request: pytest.FixtureRequest, bundle: Bundle
) -> AsyncIterator[DecisionPoint]:
    """Each decision point that exists, all under one revision."""
    if request.param == "static":
        yield StaticPoint(effects={"document.read": "permit"}, revision=bundle.revision)
    elif request.param == "embedded":
        embedded = EmbeddedPoint(
            bundle, deadline_s=5
        )  # the machine that runs the tests may be busy
        yield embedded
        embedded.close()
    else:
        port = request.getfixturevalue("opa_server")
        async with ServerPoint(
            host="127.0.0.1",
            port=port,
            revision=bundle.revision,
            messages=bundle.messages,
            deadline_s=5,
        ) as made:
            yield made


def asked(
    bundle: Bundle,
    tool: str = "document.read",
    *,
    principal: Principal = AGENT,
    path: str = "a.pdf",
) -> AccessRequest:
    """Return a request that the policy permits when it is for `document.read`."""
    return AccessRequest(
        principal=principal,
        action=Action(tool=tool, action_class="read", arguments={"path": path}),
        resource=Resource(type="document", id="a.pdf"),
        context=Context(
            now=1000,
            run=RunFacts(
                id="r1", agent="test", autonomy=2, refusals=0, revision=bundle.revision
            ),
            schema_valid=True,
            proposer="steps",
            labels={"path": TRUSTED},
            tool_schema=bundle.data["rails"]["config"]["tools"]["document.read"][
                "schema"
            ],
            cost=Amounts(steps=1),
            budget=ROOM,
        ),
    )


async def test_it_permits_what_is_granted(point: DecisionPoint, bundle: Bundle) -> None:
    """A granted request is permitted, with a reason, under the pinned revision."""
    decision = await point.decide(asked(bundle))

    assert decision.effect == "permit"
    assert decision.reasons
    assert decision.revision == point.revision == bundle.revision
    assert {each.kind for each in decision.obligations} <= {"reserve"}


async def test_it_denies_what_is_not(point: DecisionPoint, bundle: Bundle) -> None:
    """What nothing grants is denied, with the code of the reason and no obligations."""
    decision = await point.decide(asked(bundle, "shell.run"))

    assert decision.effect == "deny"
    assert "not_granted" in {reason.code for reason in decision.reasons}
    assert decision.obligations == ()
    assert decision.revision == bundle.revision


async def test_it_names_its_engine(point: DecisionPoint, bundle: Bundle) -> None:
    """A decision says which engine gave it."""
    decision = await point.decide(asked(bundle))

    assert decision.engine == getattr(point, "engine", None)
    assert decision.engine


async def test_it_is_a_function_of_the_request(
    point: DecisionPoint, bundle: Bundle
) -> None:
    """The same request always gets the same answer, alone or among many others at once."""
    good, bad = asked(bundle), asked(bundle, "shell.run")
    first = [await point.decide(good), await point.decide(bad)]
    crowd = await asyncio.gather(*(point.decide(each) for each in [good, bad] * 20))

    assert crowd == first * 20


async def test_it_changes_nothing_it_is_given(
    point: DecisionPoint, bundle: Bundle
) -> None:
    """The request is read, never written to."""
    request = asked(bundle)
    before = copy.deepcopy(request)
    await point.decide(request)

    assert request == before


async def test_it_answers_large_arguments(point: DecisionPoint, bundle: Bundle) -> None:
    """An argument of a megabyte is decided like any other, and refused by its size where there is a
    limit.
    """
    decision = await point.decide(asked(bundle, path="x" * 1_000_000))

    if isinstance(point, StaticPoint):
        return  # it reads the tool's name only
    assert [reason.code for reason in decision.reasons] == ["argument_limit"]


async def test_it_denies_an_unreadable_request(
    point: DecisionPoint, bundle: Bundle
) -> None:
    """A request that cannot be written as JSON is denied; the decision point does not raise."""
    request = asked(bundle)
    broken = replace(request.context, labels={"p\u00e4th": TRUSTED})
    decision = await point.decide(replace(request, context=broken))

    if isinstance(point, StaticPoint):
        return  # it reads the tool's name only
    assert decision.effect == "deny"
    assert [reason.code for reason in decision.reasons] == ["pdp_unavailable"]
