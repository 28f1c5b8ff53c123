"""What keeps text unread: from the planner, from other runs, from a better label, from no count."""

from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.outcome import Unread
from interlock.runtime.graph.answer import reply
from interlock.runtime.run.run import Run
from interlock.serving.verification.probe_tools import READ, WORDS, WRITE
from interlock.serving.verification.trial import Trial, WentThrough, said


async def shown_text(trial: Trial) -> None:
    """Stops the text of an unread result from being shown to the planner."""
    outcome = await _read(trial, await trial.start())
    told = reply(outcome, call_id="probe", tool=READ)
    if WORDS in told.text:
        raise WentThrough("the planner was told the text")


async def handle_of_another_run(trial: Trial) -> None:
    """Stops a handle of another run from leading to what that run holds."""
    text = _text(await _read(trial, await trial.start()))
    await trial.denied(
        await trial.under_installed(),
        WRITE,
        text=text,
        door=trial.installed,
        code="handle_unknown",
        rule="unread",
    )


async def vouched_for_by_a_handle(trial: Trial) -> None:
    """Stops a value that is passed on unread from losing the label of the result it came from."""
    run = await trial.start()
    text = _text(await _read(trial, run))
    await _unread(trial, run, WRITE, to="ann", text=text)
    label = trial.pdp.asked[-1].context.labels["text"]
    if label.integrity != "untrusted" or trial.calls.done[-1] != WORDS:
        raise WentThrough(f"the policy was told {label.integrity}")


async def uncounted_answers(trial: Trial) -> None:
    """Stops answers about an unread text from going uncounted, for enough answers spell it out."""
    run = await trial.start()
    await _read(trial, run)
    first = trial.pdp.asked[-1].context.unread
    await _read(trial, run)
    second = trial.pdp.asked[-1].context.unread
    if not first.bits or second.told != first.told + first.bits:
        raise WentThrough(f"{first.bits} bits were told, {second.told} are counted")


async def _read(trial: Trial, run: Run) -> Unread:
    """Read a text that is to stay unread."""
    return await _unread(trial, run, READ, text=WORDS, unread=True)


async def _unread(trial: Trial, run: Run, name: str, **options: Any) -> Unread:
    """Propose one call, and insist that the planner is given a handle."""
    outcome = await trial.act(run, name, **options)
    if not isinstance(outcome, Unread):
        raise WentThrough(f"the result should stay unread, it is {said(outcome)}")
    return outcome


def _text(read: Unread) -> Json:
    """Return the argument that passes on the text of an unread result."""
    return {"unread": read.handle.unread, "of": "text"}


UNREAD: Final = {
    "shown-text": shown_text,
    "handle-of-another-run": handle_of_another_run,
    "vouched-for-by-a-handle": vouched_for_by_a_handle,
    "uncounted-answers": uncounted_answers,
}
