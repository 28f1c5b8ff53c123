"""Verdicts passed on, given twice, given on one's own edit, or overtaken before they are used."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from interlock.evals.bypass import lax
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import ANA, HONEST, OURS, RITA, RUTH, Counter
from interlock.evals.bypass.tools import PAY, WIRE
from interlock.evals.guarantees.patch import both, nothing, replacing
from interlock.evals.guarantees.record import SWITCHES
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.door.handlings import handle
from interlock.runtime.errors import InterlockError
from interlock.runtime.run import approval_facts, handling, verdict
from interlock.runtime.run.handling import Delegation, Look
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.question import Approval
from interlock.runtime.run.verdict import Shown

_NOTE: Final = "by the probe"


async def _own_edit(counter: Counter) -> str:
    visit = await counter.begin(f"Pay 50 or 60 to {OURS}.")
    question = await counter.question(await visit.asked(as_call="one"))
    edited: Any = {"recipient": OURS, "amount": 60, "subject": ""}
    await counter.runtime.verdicts.edit(
        Shown(
            approval=question.id,
            evidence=question.evidence_digest,
        ),
        person=RITA,
        arguments=edited,
        note=_NOTE,
    )
    asked = await visit.asked(
        as_call="two",
        **edited,
    )
    with suppress(InterlockError):
        await counter.judge(await counter.question(asked), person=RITA)
    await visit.tried(
        PAY,
        as_call="two",
        **edited,
    )
    return counter.beyond()


async def _passed_to_requester(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    with suppress(InterlockError):
        await _handled(
            counter,
            question,
            Delegation(
                to=ANA,
                note=_NOTE,
            ),
        )
    with suppress(InterlockError):
        await counter.judge(question, person=ANA)
    await visit.pays(as_call="one")
    return counter.beyond()


async def _one_person_twice(counter: Counter) -> str:
    visit = await counter.begin()
    counter.outside.gate.set()
    question = await counter.question(await visit.asked(WIRE, as_call="one"))
    for name in ("rita", "\uff52ita", "r\u200bita", "RITA"):
        with suppress(InterlockError):
            await counter.judge(question, person=replace(RITA, id=name))
    await visit.tried(
        WIRE,
        as_call="one",
        **HONEST,
    )
    wired = counter.outside.of(WIRE)
    return f"one person wired {wired}" if wired else ""


async def _claimed_away(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    await _handled(counter, question, Look(kind="claimed"))
    with suppress(InterlockError):
        await _handled(counter, question, Look(kind="claimed"), person=RUTH)
        return "a claim was taken from whoever had it"
    return ""


async def _killed_meanwhile(counter: Counter) -> str:
    visit = await counter.begin()
    await counter.judge(await counter.question(await visit.asked(as_call="one")))
    switches = KillSwitches(counter.runtime.store)
    await switches.engage("tool", PAY, by="ada")
    await visit.pays(as_call="one")
    return counter.beyond()


async def _handled(
    counter: Counter, question: Approval, what: Any, *, person: Any = RITA
) -> None:
    runtime = counter.runtime
    await handle(
        runtime.approvals,
        runtime.acts,
        question.id,
        what,
        person=person,
    )


VERDICTS: Final[Mapping[str, Bypass]] = {
    "verdicts.own-edit": Bypass(
        program=_own_edit,
        without=both(
            lax.OTHERS,
            replacing(verdict, "keep_editors_apart", nothing),
            without_rule("own_request"),
        ),
    ),
    "verdicts.passed-to-requester": Bypass(
        program=_passed_to_requester,
        without=both(
            lax.OTHERS,
            without_rule("own_request"),
        ),
    ),
    "verdicts.one-person-twice": Bypass(
        program=_one_person_twice,
        without=both(
            replacing(verdict, "identity", str),
            replacing(approval_facts, "identity", str),
        ),
    ),
    "verdicts.claimed-away": Bypass(
        program=_claimed_away,
        without=replacing(handling._Desk, "refuse_claimed", nothing),  # noqa: SLF001 - a guard taken apart
    ),
    "verdicts.killed-meanwhile": Bypass(
        program=_killed_meanwhile,
        without=both(
            SWITCHES["killed-effect"],
            without_rule("kill_switch"),
        ),
    ),
}
