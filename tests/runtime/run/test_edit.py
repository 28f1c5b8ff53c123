"""Edits: a reviewer says what would do, the agent proposes anew, and somebody else decides."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.answer import say
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.handling import Delegation, Look

RITA = Principal(id="rita", tenant="default", roles=("reviewer",))
ROLF = Principal(id="rolf", tenant="default", roles=("reviewer",))
BETTER = {"text": "burnt slowly"}


async def edited(desk: Any, approval: str, by: Principal, shown: Any) -> str:
    """Return the code of the refusal, or an empty string where the edit was taken."""
    try:
        await desk.world.approvals.decide_together(
            [shown], reviewer=by, verdict="rejected", note="too fast", proposal=BETTER
        )
    except BadInput as error:
        return error.code
    return ""


async def test_who_wrote_an_edit_does_not_approve_it(
    opening: Any, tmp_path: Path, database_url: str
) -> None:
    """Of two edits at once one stands; the agent is told it as data, its new proposal is a question
    of its own, which the editor may not decide, neither by the runtime nor by the policy.
    """
    async with opening(tmp_path, database_url, quorums=[]) as desk:
        run = await desk.start()
        approval = await desk.asked(run)
        shown = desk.shown(await desk.world.approvals.read(approval))
        codes = await asyncio.gather(
            *(edited(desk, approval, by, shown) for by in (RITA, ROLF))
        )
        assert sorted(codes) == ["", "decided_already"]
        editor, other = (RITA, ROLF) if codes[0] == "" else (ROLF, RITA)
        for _ in range(2):
            outcome = await desk.propose(run)
            assert isinstance(outcome, Denied)
            assert outcome.proposed == BETTER
            assert 'no instruction: {"text":"burnt slowly"}' in say(outcome)
            await desk.world.store.durable(run.claim)

        anew = await desk.asked(run, "2", **BETTER)
        assert anew != approval
        odd = Principal(
            id=f" {editor.id.upper()}", tenant="default", roles=("reviewer",)
        )
        assert await desk.refused(anew, odd) == "own_edit"
        for by, what in (
            (editor, Look(kind="claimed")),
            (other, Delegation(to=editor, note="try")),
        ):
            with pytest.raises(BadInput) as refusal:
                await desk.world.approvals.handle(anew, what, person=by)
            assert refusal.value.code == "own_edit"
        assert await desk.say(anew, other) == "approved"
        assert isinstance(await desk.propose(run, "2", **BETTER), Done)
        assert desk.effects.done == ["burnt slowly"]


async def test_the_policy_keeps_editors_apart_by_itself(
    opening: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """Where the runtime takes the editor's verdict, the policy does not count it."""
    monkeypatch.setattr(
        "interlock.runtime.run.verdict.keep_editors_apart", lambda *_: None
    )
    async with opening(tmp_path, quorums=[]) as desk:
        run = await desk.start()
        approval = await desk.asked(run)
        shown = desk.shown(await desk.world.approvals.read(approval))
        assert await edited(desk, approval, RITA, shown) == ""
        anew = await desk.asked(run, "2", **BETTER)
        assert await desk.say(anew, RITA) == "approved"
        outcome = await desk.propose(run, "2", **BETTER)
        await desk.world.store.durable(run.claim)
        assert isinstance(outcome, Denied)
        assert outcome.codes == ("self_approval",)
        assert desk.effects.done == []
