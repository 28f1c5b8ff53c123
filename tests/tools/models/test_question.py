"""What goes out with a question: the tenant's salt, the time that is left, and the trace."""

import re
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from tests.tools.models.asking import LONGEST, asked, endpoint

from interlock.runtime.door.outcome import Done
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import World
from interlock.testing import ModelServer
from interlock.tools.models.generate import Served, model_tools
from interlock.tools.models.openai import DEADLINE, EndpointModel


async def ask(world: World, model: EndpointModel) -> None:
    """Ask once through the door."""
    served = Served(model=model, longest_answer=LONGEST)
    (generate,) = model_tools({"planner": served})
    world.add(generate)
    run = await world.start()
    outcome = await world.pep.enforce(
        run, tool="model.generate", arguments=asked(), call_id="1"
    )
    assert isinstance(outcome, Done)


async def test_each_tenant_has_a_salt_and_no_server_learns_its_name(
    tmp_path: Path,
) -> None:
    """The salt is made of the tenant by whoever holds the home's key; the name does not go out."""
    async with ModelServer() as server, World(tmp_path, trusting=True) as world:
        world.pdp.effects = {"model.generate": "permit"}  # type: ignore[attr-defined]  # a StaticPoint

        def salt(tenant: str) -> str:
            return world.vault.mark(b"model cache", tenant.encode()).hex()

        await ask(world, endpoint(server.url, salt=salt))

        (question,) = server.asked
        assert question.body["cache_salt"] == salt("default")
        assert salt("default") != salt("other")
        assert "default" not in str(question.body)


async def test_a_server_that_knows_no_salt_is_sent_none(tmp_path: Path) -> None:
    """Without a salt the question holds no word that the API does not know."""
    async with ModelServer() as server, World(tmp_path) as world:
        world.pdp.effects = {"model.generate": "permit"}  # type: ignore[attr-defined]  # a StaticPoint
        await ask(world, endpoint(server.url))

    assert "cache_salt" not in server.asked[0].body


async def test_the_endpoint_is_told_how_long_it_is_waited_for(tmp_path: Path) -> None:
    """What the run's time and the bounds allow goes out with the question."""
    async with ModelServer() as server, World(tmp_path) as world:
        world.pdp.effects = {"model.generate": "permit"}  # type: ignore[attr-defined]  # a StaticPoint
        await ask(world, endpoint(server.url))

    assert server.asked[0].headers[DEADLINE] == "2000"


@pytest.mark.parametrize("is_traced", [True, False])
async def test_a_trace_goes_on_at_the_endpoint(tmp_path: Path, is_traced: bool) -> None:
    """The open span is the parent of what the server does; without one there is no header."""
    spans = Telemetry(TracerProvider()) if is_traced else None
    async with ModelServer() as server, World(tmp_path, spans=spans) as world:
        world.pdp.effects = {"model.generate": "permit"}  # type: ignore[attr-defined]  # a StaticPoint
        await ask(world, endpoint(server.url))

    parent = server.asked[0].headers.get("traceparent", "")
    assert (
        bool(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", parent)) == is_traced
    )
