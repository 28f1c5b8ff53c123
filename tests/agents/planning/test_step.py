"""One step of a plan: what the form takes, and what a model may not write into it."""

import json

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import pytest

from interlock.agents.planning.step import FINISH, Offer, form, listed, read

SEND = Offer(name="mail.send", about="Send", arguments={"to": {"type": "string"}})
FITTING = (
    {"tool": "mail.send", "arguments": {"to": "ann@x.example"}},
    {"tool": FINISH, "arguments": {}},
)
UNFIT = (
    {"tool": "mail.send", "arguments": {}},
    {"tool": "mail.send", "arguments": {"to": "a", "cc": "b"}},
    {"tool": FINISH, "arguments": {"to": "a"}},
    {"tool": "mail.read", "arguments": {}},
)


@pytest.mark.parametrize("step", FITTING)
def test_a_step_that_fits_the_form_is_read(step: dict[str, object]) -> None:
    """The form takes the offered tools with all their arguments, and the end."""
    jsonschema.validate(step, form([SEND]))
    chosen = read(json.dumps(step))

    assert {"tool": chosen.tool, "arguments": chosen.arguments} == step
    assert chosen.is_last is (step["tool"] == FINISH)
    assert chosen.tool in listed([SEND])


@pytest.mark.parametrize("step", UNFIT)
def test_the_form_takes_nothing_else(step: dict[str, object]) -> None:
    """No other tool, no other argument and no missing one fits the form."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(step, form([SEND]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"tool": "mail.send"}',
        '{"tool": 1, "arguments": {}}',
        '{"tool": "mail.send", "arguments": []}',
        '{"tool": "mail.send", "arguments": {}, "then": {}}',
        '{"tool": "mail.send", "arguments": {"to":',
        "[" * 100_000,
    ],
)
def test_half_a_step_is_none(text: str) -> None:
    """A text that is no step, or more than one, is not read."""
    with pytest.raises(ValueError, match=r"tool|nested|line 1"):
        read(text)
