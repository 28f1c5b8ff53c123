"""What approvals stop: effects that nobody entitled has seen, and verdicts on something else."""

from dataclasses import replace
from typing import Final

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.run import Run
from interlock.runtime.testing import AGENT, REVIEWER
from interlock.serving.verification.probe_tools import WAIT, WRITE
from interlock.serving.verification.trial import NOTE, Trial, WentThrough, refused, said

_REQUESTER: Final = AGENT.on_behalf_of or ""
#: The requester in other letters: capitals, spaces, full width, and a character nobody sees
_ALIASES: Final = (
    _REQUESTER,
    _REQUESTER.upper(),
    f" {_REQUESTER} ",
    "".join(chr(ord(letter) + 0xFEE0) for letter in _REQUESTER),
    "\u200b".join(_REQUESTER),
)


async def unapproved_effect(trial: Trial) -> None:
    """Stops what waits until another, entitled person has agreed, with a reason."""
    run = await trial.start()
    waiting = await trial.asked(run, call="approval")
    unentitled = replace(REVIEWER, roles=("analyst",))
    foreign = replace(REVIEWER, tenant="probe-elsewhere")
    with refused("a verdict without the role", BadInput, code="role_missing"):
        await trial.approve(waiting, unentitled)
    with refused("a verdict of another tenant", BadInput, code="wrong_tenant"):
        await trial.approve(waiting, foreign)
    with trial.untouched():
        await trial.act(run, WAIT, call="approval")
    await trial.approve(waiting, REVIEWER)
    await trial.permitted(run, WAIT, call="approval")


async def own_verdict(trial: Trial) -> None:
    """Stops the requester, in whatever letters, from approving what was asked for the requester."""
    run = await trial.start()
    waiting = await trial.asked(run)
    for name in _ALIASES:
        alias = replace(REVIEWER, id=name)
        with refused(f"a verdict of {name!r}", BadInput, code="own_request"):
            await trial.approve(waiting, alias)


async def unseen_evidence(trial: Trial) -> None:
    """Stops a verdict on something else than what waits."""
    run = await trial.start()
    waiting = await trial.asked(run)
    with refused("a verdict on other evidence", BadInput, code="evidence_changed"):
        await trial.approve(waiting, REVIEWER, shown="0" * 64)


async def second_verdict(trial: Trial) -> None:
    """Stops a second verdict on one question, and a verdict after the run has ended."""
    run = await trial.start()
    waiting = await trial.asked(run)
    ended = await trial.asked(run)
    await trial.approve(waiting, REVIEWER)
    with refused("a second verdict", BadInput, code="decided_already"):
        await trial.approve(waiting, REVIEWER)
    await trial.world.runs.end(run, "done", {})
    with refused("a verdict after the end", BadInput, code="not_waiting"):
        await trial.approve(ended, REVIEWER)


async def moved_verdict(trial: Trial) -> None:
    """Stops a verdict on one action from serving another action, however alike."""
    run = await trial.start()
    first = await trial.asked(
        run,
        call="first",
        text="probe",
    )
    await trial.asked(
        run,
        call="second",
        text="probe",
    )
    await trial.approve(first, REVIEWER)
    await trial.asked(
        run,
        call="second",
        text="probe",
    )


async def re_pinned_verdict(trial: Trial) -> None:
    """Stops a verdict from serving a run that was pinned anew: everything is asked anew."""
    run = await trial.start(pins={"transport": "one"})
    first = await trial.asked(run, call="pinned")
    await trial.approve(first, REVIEWER)
    again = await _pinned_anew(trial, run)
    outcome = await trial.act(again, WAIT, call="pinned")
    if not isinstance(outcome, Waiting) or outcome.approval_id == first.approval_id:
        raise WentThrough(f"it should be asked anew, it is {said(outcome)}")


async def unreviewed_write(trial: Trial) -> None:
    """Stops at the policy in force what a run may not do alone, until a person agrees."""
    door = trial.installed
    run = await trial.under_installed(autonomy=1)
    waiting = await trial.asked(
        run,
        WRITE,
        call="alone",
        door=door,
    )
    approval = await trial.world.approvals.read(waiting.approval_id)
    reviewer = Principal(id="rita", tenant=AGENT.tenant, roles=(approval.role,))
    await trial.world.approvals.decide(
        waiting.approval_id,
        reviewer=reviewer,
        verdict="approved",
        shown=approval.evidence_digest,
        note=NOTE,
    )
    outcome = await trial.act(
        run,
        WRITE,
        call="alone",
        door=door,
    )
    if not isinstance(outcome, Done):
        raise WentThrough(f"what was approved should be done, it is {said(outcome)}")


async def _pinned_anew(trial: Trial, run: Run) -> Run:
    runs = trial.world.runs
    runs.give_back(run)
    await runs.end(run, "waiting", {})
    pins = Pins(revision=run.revision, others={"transport": "another"})
    await runs.repin(run.id, pins=pins, by="probe")
    return await runs.claim(run.id)


APPROVALS: Final = {
    "unapproved-effect": unapproved_effect,
    "own-verdict": own_verdict,
    "unseen-evidence": unseen_evidence,
    "second-verdict": second_verdict,
    "moved-verdict": moved_verdict,
    "re-pinned-verdict": re_pinned_verdict,
    "unreviewed-write": unreviewed_write,
}
