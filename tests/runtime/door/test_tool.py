"""Tools: what `tool` reads from a function, and what it refuses."""

from typing import Any

import pytest

from interlock.runtime.door.tool import Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Amounts, Resource


class Refund(Value):
    """The arguments."""

    order: str


async def test_a_tool_is_told_by_its_docstring() -> None:
    """A planner is told the docstring of the function, its indentation removed."""

    @tool("refund.pay", action="irreversible")
    async def pay(permit: Permit, refund: Refund) -> Refund:
        """Pay a refund.

        Once for each order.
        """
        return refund

    assert pay.description == "Pay a refund.\n\nOnce for each order."
    assert (pay.name, pay.action_class) == ("refund.pay", "irreversible")
    assert (pay.arguments, pay.result) == (Refund, Refund)


async def test_the_defaults_of_a_tool_promise_least() -> None:
    """Without a resource the tool is a sink for public data only; without a cost it costs a
    step.
    """

    @tool("refund.pay", action="write")
    async def pay(permit: Permit, refund: Refund) -> Refund:
        """Pay a refund."""
        return refund

    refund = Refund(order="1")

    assert pay.resource(refund) == Resource(type="refund", id="", clearance="public")
    assert pay.cost(refund) == Amounts(steps=1, effects=1)
    assert not pay.repeatable


async def test_a_tool_without_a_docstring_is_refused() -> None:
    """A planner would not know what the tool does, so there is no such tool."""

    async def pay(permit: Permit, refund: Refund) -> Refund:
        return refund

    with pytest.raises(TypeError, match="docstring"):
        tool("refund.pay", action="write")(pay)


async def test_a_tool_of_other_types_is_refused() -> None:
    """Arguments and result are `Value`s, so that they can be checked, recorded and replayed."""

    async def pay(permit: Permit, order: str) -> Refund:
        """Pay a refund."""
        return Refund(order=order)

    with pytest.raises(TypeError, match="Value"):
        tool("refund.pay", action="write")(pay)  # type: ignore[type-var]  # on purpose a wrong type


async def test_a_tool_takes_objects_in_an_argument_that_it_has() -> None:
    """A misspelt argument would be proved by no number, and nobody would know why."""

    async def pay(permit: Permit, refund: Refund) -> Refund:
        """Pay a refund."""
        return refund

    with pytest.raises(TypeError, match="'ordre'"):
        tool("refund.pay", action="write", takes={"ordre": "order"})(pay)


def pay_at_once(permit: Permit, refund: Refund) -> Refund:
    """Pay a refund."""
    return refund


async def pay_nothing() -> Refund:
    """Pay a refund."""
    return Refund(order="")


@pytest.mark.parametrize("function", [pay_at_once, pay_nothing])
async def test_a_function_that_cannot_be_awaited_with_a_permit_is_refused(
    function: Any,
) -> None:
    """What the door could not await would act first and then be recorded as unknown."""
    with pytest.raises(TypeError, match="async"):
        tool("refund.pay", action="write")(function)
