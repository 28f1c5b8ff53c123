"""The command `interlock audit recover`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.runtime.run.recovery import Recovery
    from interlock.serving.desk import Desk


def recover(
    note: Annotated[
        str, typer.Option(help="Why the database was put back, and what you know.")
    ],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Let the ledger go on after its database was put back. Takes an administrator.

    The gap is recorded. Every run that was open ends, and what it may have done is unknown.
    """

    async def work(desk: "Desk") -> "Recovery":
        from interlock.serving.operations import recoveries

        who = await asker(desk, person)
        return await recoveries.recover(
            desk,
            person=who,
            note=note,
        )

    done = session.act(work)
    if as_json:
        session.print_json(asdict(done))
        return
    _tell(done)


def _tell(done: "Recovery") -> None:
    for gap in done.gaps:
        known = f"{gap.known_size} entries were witnessed"
        session.say(f"{gap.log}: {known}, {gap.size} are here, it goes on from there")
    for run_id in done.ended:
        session.say(f"ended    {run_id}")
    for action in done.unknown:
        session.say(f"unknown  {action}")
    session.say(
        "Not known any more: runs that began since, verdicts, and erasures, which have to be made "
        "again."
    )
    if done.is_stopped:
        session.say("Kill switches may be lost, so everything is stopped.")
        session.next_step("interlock kill release all --as ADMINISTRATOR")
    if done.unknown:
        session.next_step("find out what happened, then: interlock run resolve RUN")
