"""Approvals that bind nothing: other arguments, another use, another person, another time."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import select

from interlock.evals.bypass import lax
from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import ANA, HONEST, OURS, RITA, RUTH, Counter
from interlock.evals.bypass.tools import PAY
from interlock.evals.guarantees.door import APPROVALS as GUARDS
from interlock.evals.guarantees.patch import both, nothing, replacing
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.door.asking import Asking
from interlock.runtime.errors import InterlockError
from interlock.runtime.record.store import tables
from interlock.runtime.run import verdict

_UNSEEN: Final = GUARDS["unseen-evidence"]
_LIFE_S: Final = 86_400


async def _rejected(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    await counter.judge(question, verdict="rejected")
    for _ in range(2):
        await visit.pays(as_call="one")
    return counter.beyond()


async def _changed_arguments(counter: Counter) -> str:
    visit = await counter.begin()
    await counter.judge(await counter.question(await visit.asked(as_call="one")))
    for _ in range(2):
        await visit.tried(
            PAY,
            as_call="one",
            recipient=OURS,
            amount=900,
        )
    return counter.beyond(50)


async def _used_again(counter: Counter) -> str:
    visit = await counter.begin()
    await counter.judge(await counter.question(await visit.asked(as_call="one")))
    await visit.must(
        PAY,
        as_call="one",
        **HONEST,
    )
    for _ in range(2):
        await visit.pays(as_call="two")
    return counter.beyond(50)


async def _by_requester(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    for name in ("ana", "ANA", " ana ", "a\u200bna", "\uff41na"):
        await _judged(counter, question, replace(ANA, id=name))
    await visit.pays(as_call="one")
    return counter.beyond()


async def _by_agent(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    itself = replace(visit.run.principal, roles=("reviewer",))
    await _judged(counter, question, itself)
    await _judged(counter, question, replace(itself, on_behalf_of=None))
    await visit.pays(as_call="one")
    return counter.beyond()


async def _by_nobody_entitled(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    await _judged(counter, question, replace(RITA, roles=("analyst",)))
    await visit.pays(as_call="one")
    return counter.beyond()


async def _stale(counter: Counter) -> str:
    visit = await counter.begin()
    await counter.judge(await counter.question(await visit.asked(as_call="one")))
    counter.clock.advance(_LIFE_S + 1)
    await visit.pays(as_call="one")
    return counter.beyond()


async def _two_verdicts(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    given = await asyncio.gather(
        counter.judge(
            question,
            person=RITA,
            verdict="rejected",
        ),
        counter.judge(question, person=RUTH),
        return_exceptions=True,
    )
    for refusal in given:
        if refusal is not None and not isinstance(refusal, InterlockError):
            raise refusal  # a crash refuses nothing
    taken = [one for one in given if one is None]
    return f"{len(taken)} verdicts count" if len(taken) != 1 else ""


async def _one_stale_of_two(counter: Counter) -> str:
    visit = await counter.begin()
    one = await counter.question(await visit.asked(as_call="one"))
    two = await counter.question(await visit.asked(as_call="two"))
    await _judged(counter, one, RITA, replace(two, evidence_digest="0" * 64))
    for call in ("one", "two"):
        await visit.pays(as_call=call)
    return counter.beyond()


async def _other_evidence(counter: Counter) -> str:
    visit = await counter.begin()
    question = await counter.question(await visit.asked(as_call="one"))
    await _judged(counter, replace(question, evidence_digest="0" * 64), RITA)
    await visit.pays(as_call="one")
    return counter.beyond()


async def _nobody_answered(counter: Counter) -> str:
    visit = await counter.begin()
    waiting = await visit.asked(as_call="one")
    counter.clock.advance(_LIFE_S + 1)
    await visit.pays(as_call="one")
    here = tables.action.c.id == waiting.action_id
    (row,) = await counter.rows(select(tables.action.c.state).where(here))
    return "" if row["state"] == "expired" else f"silence is recorded as {row['state']}"


async def _judged(counter: Counter, question: Any, person: Any, *others: Any) -> None:
    """Let *person* agree, who should not be let."""
    try:
        await counter.judge(question, *others, person=person)
    except InterlockError:
        return


APPROVALS: Final[Mapping[str, Bypass]] = {
    "approvals.rejected": Bypass(
        program=_rejected,
        without=without_rule("four_eyes"),
    ),
    "approvals.changed-arguments": Bypass(
        program=_changed_arguments, without=lax.UNBOUND
    ),
    "approvals.used-again": Bypass(
        program=_used_again,
        without=lax.UNBOUND,
    ),
    "approvals.by-requester": Bypass(
        program=_by_requester,
        without=both(lax.OTHERS, without_rule("own_request")),
    ),
    "approvals.by-agent": Bypass(
        program=_by_agent,
        without=both(lax.OTHERS, without_rule("actor", "autonomy", "own_request")),
    ),
    "approvals.by-nobody-entitled": Bypass(
        program=_by_nobody_entitled,
        without=both(
            lax.OTHERS,
            replacing(verdict, "seat_for", lambda seats, _: seats[0]),
            without_rule("asked_role", "rails"),
        ),
    ),
    "approvals.stale": Bypass(
        program=_stale,
        without=lax.facts_with(expires=2**40),
    ),
    "approvals.two-verdicts": Bypass(
        program=_two_verdicts,
        without=lax.LAST_WINS,
    ),
    "approvals.one-stale-of-two": Bypass(
        program=_one_stale_of_two,
        without=_UNSEEN,
    ),
    "approvals.other-evidence": Bypass(
        program=_other_evidence,
        without=_UNSEEN,
    ),
    "approvals.nobody-answered": Bypass(
        program=_nobody_answered,
        without=replacing(Asking, "expire", nothing),
    ),
}
