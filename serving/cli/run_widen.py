"""The command `interlock run widen`."""

from typing import TYPE_CHECKING, Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.runtime.policy.intent import Intent
    from interlock.serving.home import Home


def widen(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")
    ],
    effects: Annotated[
        list[str],
        typer.Argument(metavar="EFFECT...", help="Kinds of effect, as message.send."),
    ],
    *,
    note: Annotated[str, typer.Option(help="Why, for the record.")],
    number: Annotated[
        int | None,
        typer.Option(min=1, help="How many of each; without it, any number."),
    ] = None,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Let a run of yours have more effects than the words of its request ask for."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> tuple[str, "Intent"]:
        from interlock.serving.names import run_named
        from interlock.serving.operations import runs

        whole_id = await run_named(home.store, run_id)
        more = dict.fromkeys(effects, number)
        intent = await runs.widen(home, whole_id, person=who, effects=more, note=note)
        return whole_id, intent

    _tell(*session.run(work, using=settings), as_json=as_json)


def _tell(run_id: str, intent: "Intent", *, as_json: bool) -> None:
    """Say what the run may do from now on."""
    if as_json:
        session.print_json({"run_id": run_id, "intent": intent})
        return
    for kind, most in intent.items():
        session.say(f"{kind}: {'any number' if most is None else most}")
    session.next_step(f"interlock run resume {run_id}")
