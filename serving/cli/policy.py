"""The command `interlock policy check|explain`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.serving.audit import entries
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import shown
from interlock.serving.home import Home
from interlock.serving.policy.check import check as sound
from interlock.serving.policy.opa import find_opa
from interlock.serving.policy.replay import recorded

application = typer.Typer(
    help="The rules: check them, ask them why.", no_args_is_help=True, add_completion=False
)


@application.command()
def check(as_json: AsJson = False) -> None:
    """Check format, types, tests, coverage and that the compiled bundle is in step with its sources; needs `opa`."""
    found = sound(find_opa())
    if as_json:
        session.print_json([{"check": each.check, "detail": each.detail} for each in found])
    else:
        for each in found:
            out.print(shown(f"{each.check}: {each.detail}"))
        out.print("The policy is sound." if not found else f"{len(found)} findings.")
    session.leave(session.FAILED_CLOSED if found else session.DONE)


@application.command()
def explain(
    action_id: Annotated[str, typer.Argument(help="An action's id, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Say why an action was decided as it was, and how the policy in force would decide the same request now."""
    told = session.run(lambda home: _explained(home, action_id))
    if as_json:
        session.print_json(told)
        return
    table = Table(
        "",
        "Effect",
        "Revision",
        "Reasons",
        title=f"{told['tool']} {told['action'][:16]}",
        expand=True,
    )
    for name in ("recorded", "now"):
        reasons = "\n".join(
            f"{each['rule']}/{each['code']}: {each['message']}" for each in told[name]["reasons"]
        )
        table.add_row(name, told[name]["effect"], told[name]["revision"][:12], shown(reasons))
    out.print(table)


async def _explained(home: Home, action_id: str) -> dict[str, Any]:
    """Return the recorded decision on the action and the one the bundle gives now."""
    of_action = [
        each
        for each in await entries(home, None)
        if str(each["body"].get("action", "")).startswith(action_id) and "action" in each["body"]
    ]
    found = [each for each in of_action if "context" in (each["payload"] or {})]
    ids = {str(each["body"]["action"]) for each in found}
    if not found or not action_id:
        raise NotFound(
            kind="action",
            name=action_id,
            next_step="See the ids with `interlock run show RUN --json`.",
        )
    if len(ids) > 1:
        raise BadInput(
            what=f"action {action_id!r}",
            why=f"{len(ids)} actions begin so",
            next_step="Write more of its id.",
        )
    body, payload = (
        found[-1]["body"],
        found[-1]["payload"],
    )  # the newest: an action is decided again after its verdict
    point = EmbeddedPoint(home.bundle)
    now = await point.decide(recorded(body, payload))
    point.close()
    then = {
        "effect": body["effect"],
        "state": next(
            entry["body"]["state"] for entry in reversed(of_action) if "state" in entry["body"]
        ),
        "revision": body["revision"],
        "reasons": payload["reasons"],
    }
    reasons = [
        {"code": each.code, "rule": each.rule, "message": each.message} for each in now.reasons
    ]
    obligations = [each.kind for each in now.obligations]
    return {
        "action": body["action"],
        "tool": body["tool"],
        "arguments": payload["arguments"],
        "recorded": then,
        "now": {
            "effect": now.effect,
            "revision": now.revision,
            "obligations": obligations,
            "reasons": reasons,
        },
    }
