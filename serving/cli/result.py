"""How a run ended: what is printed of it, what to do next, and the exit code."""

from typing import Any, Final

from interlock.serving.cli import session
from interlock.serving.cli.panel import run_panel
from interlock.serving.cli.session import out
from interlock.serving.cli.show import moment

#: The classes of actions whose end a caller must hear of
_EFFECTS: Final = frozenset({"write", "irreversible"})
#: What does not go on before something is mended
_STUCK: Final = frozenset({"held", "dead"})


def report(view: dict[str, Any], *, as_json: bool) -> int:
    """Print one run with what to do next, and return its exit code."""
    if as_json:
        session.print_json(view)
    elif view["status"] == "erased":
        when = moment(view["created"])
        session.say(
            f"{view['run_id']} of {when} was erased. Its entries in the ledger stay."
        )
        session.next_step(f"interlock audit show {view['run_id']}")
    else:
        out.print(run_panel(view))
        _next_steps(view)
    code = exit_code(view)
    if code in {session.BAD_INPUT, session.FAILED_CLOSED} and view["stopped"]:
        session.complain(view["stopped"]["why"])
    return code


def _next_steps(view: dict[str, Any]) -> None:
    run_id = view["run_id"]
    if view["report"]:
        session.next_step(f"interlock run report {run_id} -o report.html")
    for approval in view["waiting"]:
        session.next_step(f"interlock approvals show {approval}")
    for step in view["decisions"]:
        if step["state"] == "unknown":
            options = "--happened (or --did-not-happen) --as REVIEWER --note WHY"
            command = f"interlock run resolve {run_id} {step['id'][:12]} {options}"
            session.next_step(f"look whether {step['tool']} happened, then: {command}")
    if any(
        reason["code"] == "clearance"
        for step in view["decisions"]
        for reason in step["reasons"]
    ):
        session.next_step(
            "if such data may go there, say so in interlock.toml: a domain under [clearances], "
            "or clearance under [model]. See interlock config show"
        )
    if view["status"] == "queued":
        session.next_step("interlock worker carries it on")
    if view["status"] in _STUCK:
        session.next_step(f"mend what stopped it, then: interlock run resume {run_id}")


def exit_code(view: dict[str, Any]) -> int:
    """Return what a run's end means to a caller."""
    if view["undo"] is not None:
        return _undo_code(view)
    if view["stopped"]:
        return stopped_code(view["stopped"])
    states = {step["state"] for step in view["decisions"] if step["class"] in _EFFECTS}
    if view["status"] in _STUCK or "failed" in states:
        return session.FAILED_CLOSED
    if view["status"] == "waiting" or states & {
        "unknown",
        "expired",
    }:  # somebody must look
        return session.WAITING
    denied = any(step["state"] == "denied" for step in view["decisions"])
    return session.DENIED if denied else session.DONE


def _undo_code(view: dict[str, Any]) -> int:
    """Return whether all that a cancelled run did is undone, or somebody must look."""
    if view["status"] in _STUCK:
        return session.FAILED_CLOSED
    is_over = view["status"] == "cancelled" and not view["undo"]["not_undone"]
    return session.DONE if is_over else session.WAITING


def stopped_code(stopped: Any) -> int:
    """Return what it means to a caller that an agent was *stopped*, as the agent's outcome says."""
    if stopped["kind"] == "failed" and stopped["code"].startswith("document_"):
        return session.BAD_INPUT
    return session.DENIED if stopped["kind"] == "denied" else session.FAILED_CLOSED
