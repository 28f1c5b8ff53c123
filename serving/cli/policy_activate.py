"""The command `interlock policy activate`."""

from typing import TYPE_CHECKING

from interlock.serving.cli import session
from interlock.serving.cli.asker import asker
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.serving.desk import Desk


def activate(
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Put the policy of the workspace in force; the one in force until then decides who may."""

    async def work(desk: "Desk") -> tuple[str, str]:
        from interlock.serving.operations import policies

        before = await policies.activate(
            desk.policy,
            desk.acts,
            person=await asker(desk, person),
        )
        return before, desk.policy.candidate()

    before, revision = session.act(work)
    if as_json:
        session.print_json({"previous": before, "revision": revision})
        return
    if before == revision:
        session.say(f"Policy revision {revision} was in force already.")
        return
    session.say(f"In force: policy revision {revision}")
    if before:
        session.say(f"Before: {before}")
