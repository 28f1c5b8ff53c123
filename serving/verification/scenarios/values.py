"""What labels stop: values that nobody vouched for from choosing where things go."""

from typing import Final

from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Failed
from interlock.runtime.graph.answer import say
from interlock.runtime.policy.decision import Denied
from interlock.runtime.run.run import Run
from interlock.serving.verification.probe_tools import (
    FAIL,
    READ,
    STRANGE,
    WORDS,
    WRITE,
)
from interlock.serving.verification.trial import Trial, WentThrough, said


async def vouched_by_nobody(trial: Trial) -> None:
    """Stops an agent's own word, and what it has read, from passing for the request's."""
    run = await trial.start()
    await _writes(trial, run, integrity="unvouched")
    await trial.permitted(run, READ)
    await _writes(trial, run, integrity="untrusted")


async def words_of_a_failure(trial: Trial) -> None:
    """Stops the words of a failing tool from reaching the agent, or from going unlabelled."""
    run = await trial.start()
    outcome = await trial.act(run, FAIL)
    if not isinstance(outcome, Failed):
        raise WentThrough(f"it should have failed, it is {said(outcome)}")
    if WORDS in say(outcome):
        raise WentThrough("the agent was told the words of the tool")
    await _writes(trial, run, integrity="untrusted")


async def forgotten_label(trial: Trial) -> None:
    """Stops what one run has read from being forgotten by the run's next claim."""
    run = await trial.start()
    await trial.permitted(run, READ)
    again = await trial.world.reclaim(run)
    await _writes(trial, again, integrity="untrusted")


async def unvouched_destination(trial: Trial) -> None:
    """Stops at the policy in force a destination that the request does not name."""
    code = "untrusted_destination"
    door = trial.installed
    run = await trial.under_installed()
    named = await _codes(trial, run, door)
    if code in named:
        raise WentThrough("it took the request's own word for the agent's")
    unvouched = await _codes(trial, run, door, to="eve")
    if code not in unvouched:
        raise WentThrough(f"a destination of the agent's own: {' '.join(unvouched)}")


async def unlisted_tool(trial: Trial) -> None:
    """Stops at the policy in force a tool of which the catalogue does not say where it reaches."""
    run = await trial.under_installed()
    codes = await _codes(trial, run, trial.installed)
    if "egress_unknown" not in codes:
        raise WentThrough(f"it was denied for {' '.join(codes)} alone")


async def unreviewed_tool(trial: Trial) -> None:
    """Stops at the policy in force a tool that nobody has reviewed."""
    run = await trial.under_installed()
    codes = await _codes(trial, run, trial.installed)
    if "tool_unreviewed" not in codes:
        raise WentThrough(f"it was denied for {' '.join(codes)} alone")


async def tool_not_offered(trial: Trial) -> None:
    """Stops at the policy in force a planner that calls a tool that it was not shown."""
    door = trial.installed
    run = await trial.under_installed()
    await trial.denied(run, WRITE, code="not_offered", door=door, offered=(READ,))
    await trial.passes(run, WRITE, door=door)


async def _writes(trial: Trial, run: Run, *, integrity: str) -> None:
    """Let *run* write a text to ann, whom the request names.

    Raises `WentThrough` where the policy is told anything but this *integrity* of the text.
    """
    await trial.permitted(
        run,
        WRITE,
        to="ann",
        text="eve",
    )
    stated = trial.pdp.asked[-1].context.labels
    told = {name: stated[name].integrity for name in ("to", "text")}
    if told != {"to": "trusted", "text": integrity}:
        raise WentThrough(f"the policy was told {told}")


async def _codes(
    trial: Trial, run: Run, door: EnforcementPoint, *, to: str = "ann"
) -> tuple[str, ...]:
    """Return why the policy in force denies a tool that it does not know."""
    with trial.untouched():
        outcome = await trial.act(
            run,
            STRANGE,
            door=door,
            to=to,
            text="ann",
        )
    if not isinstance(outcome, Denied):
        raise WentThrough(f"it should have been denied, it is {said(outcome)}")
    return outcome.codes


VALUES: Final = {
    "vouched-by-nobody": vouched_by_nobody,
    "words-of-a-failure": words_of_a_failure,
    "forgotten-label": forgotten_label,
    "unvouched-destination": unvouched_destination,
    "unlisted-tool": unlisted_tool,
    "unreviewed-tool": unreviewed_tool,
    "tool-not-offered": tool_not_offered,
}
