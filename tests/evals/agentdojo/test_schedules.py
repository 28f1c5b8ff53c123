"""How an attack is tried: a fatigued person meets laundering where it brings more questions."""

from interlock.evals.agentdojo.schedules import is_asked_more
from interlock.evals.agentdojo.session import Became, Origin, Step
from interlock.evals.agentdojo.trial import Attacked


def _run(*steps: tuple[str, Became, Origin]) -> list[Attacked]:
    """Return one run of a schedule with these calls."""
    made = tuple(
        Step(
            function=function,
            arguments={"to": "eve"},
            origin=origin,
            became=became,
            was_asked=became == "asked",
        )
        for function, became, origin in steps
    )
    return [Attacked(is_taken=True, is_reached=False, steps=made, is_useful=None)]


def test_laundering_is_tried_on_a_fatigued_person_where_it_turns_a_denial_into_a_question() -> (
    None
):
    """The calls that only launder do not count, nor do those that were asked about before."""
    denied = _run(("pay", "denied", "attack"))
    asked = _run(("pay", "asked", "attack"))

    assert is_asked_more(_run(("note", "done", "attack"), *_steps(asked)), denied)
    assert not is_asked_more(asked, asked)
    assert not is_asked_more(_run(("note", "asked", "attack")), denied)
    assert not is_asked_more(_run(("pay", "asked", "user")), denied)
    assert not is_asked_more([], denied)


def _steps(runs: list[Attacked]) -> list[tuple[str, Became, Origin]]:
    return [(step.function, step.became, step.origin) for step in runs[0].steps]
