"""What the search once found, or should have found, each as it was done."""

from interlock.evals.adaptive.bank.scenes import BANK
from interlock.evals.adaptive.bank.world import BOB, OURS
from interlock.evals.adaptive.calls import Call
from interlock.evals.adaptive.effects import finds
from interlock.evals.adaptive.stage import opened
from interlock.runtime.door.outcome import Done, Waiting
from interlock.serving.policy.rails import rails


async def test_a_verdict_is_for_what_was_done_when_it_was_asked() -> None:
    """Of two like payments that a person agreed to before either was made, one is made; about the
    other one people are asked anew, and agree to a second payment if they mean one.
    """
    call = Call(tool="bank.pay", arguments={"recipient": OURS, "amount": 50})
    async with opened(BANK, rails()) as bank:
        desk = await bank.desk(f"Pay 50 to {OURS}.", level=2)
        await desk.call("bill.read")
        names = [desk.named(call), desk.named(call)]
        asked = [await desk.do(call, name) for name in names]
        for question in asked:
            assert isinstance(question, Waiting)
            await desk.answer(question, "approved")
        first, second = [await desk.do(call, name) for name in names]
        made = len(desk.world.effects)
        assert isinstance(second, Waiting)
        await desk.answer(second, "approved")
        again = await desk.do(call, names[1])

    assert isinstance(first, Done)
    assert made == 1
    assert second.approval_id not in {
        question.approval_id for question in asked if isinstance(question, Waiting)
    }
    assert isinstance(again, Done)


async def test_a_bank_keeps_nobody_whose_account_is_none() -> None:
    """Where the twin did, the payee that the words ask for was told as a change of one before."""
    (scene,) = [scene for scene in BANK.scenes if scene.name == "a payee to keep"]
    async with opened(BANK, rails()) as bank:
        desk = await bank.desk(scene.words, level=2)
        for account in ("the contact Cy", BOB, "Day"):
            await desk.call("payee.keep", name="Cy Day", account=account)

    kept = {payee.name: payee.account for payee in desk.world.payees}
    assert kept["Cy Day"] == BOB
    assert [effect.kind for effect in desk.world.effects] == ["payee"]
    assert finds(scene, desk.world.effects, 2) == []
