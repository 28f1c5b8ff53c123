"""The commands `interlock policy check|build|test|sync|replay|diff|explain|activate`."""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from rich.text import Text

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.act import CLASSES
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.cli import session
from interlock.serving.cli.policy_activate import activate
from interlock.serving.cli.policy_diff import diff
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, shown, whole
from interlock.serving.policy import catalogue, rules
from interlock.serving.policy.build import extended
from interlock.serving.policy.check import check as checked
from interlock.serving.policy.finding import Finding
from interlock.serving.policy.in_force import in_force
from interlock.serving.policy.opa import find_opa
from interlock.serving.policy.overlay import COMPILED, overlaid
from interlock.serving.workspace import POLICIES, Workspace

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home
    from interlock.serving.policy.replay import Replay

application = typer.Typer(
    help="The rules: check, build and test them, ask them why.",
    no_args_is_help=True,
    add_completion=False,
)
application.command()(activate)
application.command()(diff)
_OPA_FOR_RULES: Final = "Rules need `opa`, data does not."


@application.command(epilog=_OPA_FOR_RULES)
def check(as_json: AsJson = False) -> None:
    """Find every mistake in the data and the rules of the workspace.

    Outside a workspace the rails that come with Interlock are checked.
    """
    from interlock.serving.policy.inspection import inspect

    folder = _folder(session.opened_workspace())
    if folder is not None:
        _tell(asyncio.run(inspect(folder, find_opa)), as_json=as_json)
    _tell(checked(find_opa()), as_json=as_json)


@application.command(epilog=_OPA_FOR_RULES)
def build(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write the whole bundle, for an OPA server, here."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compile the rules of the workspace, and say which revision its policy is now.

    Without rules nothing is compiled. What is changed is in force once somebody activates it.
    """
    workspace = session.opened_workspace()
    bundle = load(workspace.settings.bundle)
    folder = _folder(workspace)
    if folder is not None:
        if rules.sources(folder):
            (folder / COMPILED).write_bytes(pack(extended(folder, find_opa()).files))
        bundle = overlaid(bundle, folder)
    if output is not None:
        output.write_bytes(pack(bundle.files))
    _tell_revision(bundle, output, as_json=as_json)


@application.command("test", epilog=_OPA_FOR_RULES)
def run_tests(as_json: AsJson = False) -> None:
    """Run the tests of the workspace's rules; 5 when one fails."""
    from interlock.serving.policy.inspection import own_test_results

    folder = _folder(session.opened_workspace())
    results = [] if folder is None else own_test_results(folder, find_opa())
    failed = [
        result["name"]
        for result in results
        if result.get("fail") or result.get("error")
    ]
    if as_json:
        session.print_json(
            [{"test": one["name"], "ok": one["name"] not in failed} for one in results]
        )
    else:
        for name in failed:
            session.say(f"{name} fails")
        session.say(f"{len(results) - len(failed)} of {len(results)} tests pass.")
    session.leave(session.FAILED_CLOSED if failed else session.DONE)


@application.command()
def sync(
    *,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help=f"Put the entries into {POLICIES}/{catalogue.FILE}."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Propose policy entries for tools whose code is new or has changed; print them for review.

    Such a tool is denied until its entry says what its code says.
    """
    folder = _folder(session.opened_workspace())
    proposal = session.run(_proposed)
    if write and proposal:
        if folder is None:
            raise _no_workspace()
        file = catalogue.write(proposal, folder)
    else:
        file = None
    if as_json:
        session.print_json(proposal)
        return
    if not proposal:
        session.say("Every tool is in step with its entry.")
        return
    for line in catalogue.rendered(proposal).splitlines():
        session.say(line)
    if file is not None:
        session.say(f"Wrote {file}")
        session.next_step("review the entries, then: interlock policy check")


@application.command("replay")
def replay_decisions(
    *,
    bundle: Annotated[
        Path | None, typer.Option(help="Another bundle; default: the policy in force.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which recorded decisions would be others under a new policy, before it is in force."""
    settings = session.configured()
    other = in_force(settings) if bundle is None else load(bundle)
    replay = session.read(lambda storage: _replayed(storage, other), using=settings)
    if as_json:
        session.print_json(asdict(replay))
        return
    for flip in replay.flips:
        change = f"{flip.action[:12]} {flip.tool}: {flip.before} -> {flip.after}"
        session.say(f"{change} ({', '.join(flip.reasons)})")
    counts = f"{replay.count('permit')} permit -> deny, {replay.count('deny')} deny -> permit"
    session.say(f"{replay.asked} recorded decisions: {counts}.")


@application.command()
def explain(
    action_id: Annotated[str, typer.Argument(help="An action's id, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Say why an action was decided as it was, and how the policy in force would decide it now."""
    settings = session.configured()
    current = in_force(settings)
    explanation = session.read(
        lambda storage: _explained(storage, action_id, current), using=settings
    )
    if as_json:
        session.print_json(explanation)
        return
    session.say(f"{explanation['tool']} {explanation['action']}")
    table = grid(whole("Decided"), whole("Effect"), whole("Revision"), "Reasons")
    for name in ("recorded", "now"):
        decision = explanation[name]
        reasons = Text("\n").join(map(_reason, decision["reasons"]))
        table.add_row(name, decision["effect"], decision["revision"][:12], reasons)
    out.print(table)


async def _proposed(home: "Home") -> dict[str, Any]:
    config = home.bundle.data["rails"]["config"]
    tools = [tool for name, tool in home.pep.tools.items() if name not in CLASSES]
    return catalogue.proposed([*tools, *await home.servers.all()], config)


async def _replayed(storage: "Storage", bundle: Bundle) -> "Replay":
    from interlock.runtime.policy.engine.embedded import EmbeddedPoint
    from interlock.serving.audit import entries
    from interlock.serving.policy.replay import replay

    with closing(EmbeddedPoint(bundle)) as point:
        return await replay(await entries(storage), point)


def _no_workspace() -> BadInput:
    return BadInput(
        what="policy sync --write",
        why="there is no workspace here",
        next_step="Make one with `interlock init`.",
    )


async def _explained(
    storage: "Storage", action_id: str, bundle: Bundle
) -> dict[str, Any]:
    from interlock.runtime.policy.engine.embedded import EmbeddedPoint
    from interlock.serving.audit import entries
    from interlock.serving.policy.explanation import explained

    with closing(EmbeddedPoint(bundle)) as point:
        return await explained(await entries(storage), action_id, point)


def _reason(reason: dict[str, str]) -> Text:
    return shown(f"{reason['rule']}/{reason['code']}: {reason['message']}")


def _folder(workspace: Workspace) -> Path | None:
    """Return the folder of the workspace's policies, or None outside a workspace."""
    if workspace.settings.policies is not None:
        return workspace.settings.policies
    return None if workspace.file is None else workspace.file.parent / POLICIES


def _tell(findings: Sequence[Finding], *, as_json: bool) -> NoReturn:
    if as_json:
        session.print_json(
            [
                {"code": one.code, "where": one.where, "detail": one.detail}
                for one in findings
            ]
        )
    else:
        for finding in findings:
            session.say(str(finding))
        session.say(
            f"Findings: {len(findings)}" if findings else "The policy is sound."
        )
    session.leave(session.FAILED_CLOSED if findings else session.DONE)


def _tell_revision(bundle: Bundle, output: Path | None, *, as_json: bool) -> None:
    if as_json:
        written = None if output is None else str(output)
        session.print_json({"revision": bundle.revision, "output": written})
        return
    session.say(f"Policy revision {bundle.revision}")
    if output is not None:
        session.say(f"Bundle {output}")
