"""Requests for approval: a denial is put before people, and the policy is asked once more."""

import asyncio
from typing import Any

import pytest

from interlock.errors import NotPermitted
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.record.state import differences
from interlock.runtime.testing import StaticPoint
from interlock.serving.access.problem import AccessProblem
from interlock.serving.deadlines import Deadlines
from interlock.serving.policy.replay import replay

#: The application of this folder's conftest
App = Any
OTHER = Principal(id="other-app", tenant="default", roles=("enforcement_point",))


def asked(name: str = "todo.delete", **more: Any) -> dict[str, Any]:
    """Return the question whether rick may do *name* to the first to-do."""
    return {
        "subject": {"type": "user", "id": "rick"},
        "action": {"name": name},
        "resource": {"type": "todo", "id": "1"},
    } | more


async def refused(app: App, request: dict[str, Any], asker: Principal) -> str:
    """Return why a request for approval was not taken."""
    with pytest.raises(AccessProblem) as caught:
        await app.access.request(request, asker=asker)
    return caught.value.code


async def reason(app: App, question: dict[str, Any]) -> tuple[bool, str, str]:
    """Return the answer to a question that refers to an approval."""
    answer = await app.may(question)
    context = answer["context"]
    return answer["decision"], context["reason"], context.get("next_action", "")


async def test_an_approval_serves_once(app: App) -> None:
    """Approved, the policy permits exactly what was asked about, one time; the ledger agrees."""
    question = asked(context={"channel": "web"})
    approved = await app.approved(question)

    assert await reason(app, approved) == (True, "approved", "")
    assert await reason(app, approved) == (False, "approval_used", "request")
    assert await differences(app.home.store, app.home.vault) == []


async def test_nothing_but_what_was_approved_is_permitted(app: App) -> None:
    """Another subject, action, resource, context or application finds no use in the approval."""
    approved = await app.approved(asked())
    context = approved["context"]
    forged = {"approval": context["approval"] | {"id": "apr-000000000000"}}
    swapped = {"approval": context["approval"] | {"state": "e30.e30.e30"}}
    changed: list[tuple[dict[str, Any], str]] = [
        ({"resource": {"type": "todo", "id": "2"}}, "out_of_scope"),
        ({"subject": {"type": "user", "id": "beth"}}, "out_of_scope"),
        ({"action": {"name": "todo.read"}}, "out_of_scope"),
        ({"context": context | {"channel": "web"}}, "out_of_scope"),
        ({"context": forged}, "approval_unverifiable"),
        ({"context": swapped}, "approval_unverifiable"),
        ({"context": {"approval": "yes"}}, "approval_unverifiable"),
    ]
    for change, code in changed:
        decision, why, _ = await reason(app, approved | change)
        assert (decision, why) == (False, code)
    theirs = await app.may(approved, OTHER)

    assert theirs["context"]["reason"] == "approval_unverifiable"
    assert await reason(app, approved) == (True, "approved", "")


async def test_time_and_a_reference_are_no_part_of_what_is_approved(app: App) -> None:
    """The machinery of the protocol may differ between the denial and the answer."""
    approved = await app.approved(asked(context={"time": "2026-11-27T05:00:00Z"}))
    later = approved["context"] | {"time": "2026-11-27T06:00:00Z"}

    assert (await reason(app, approved | {"context": later}))[0] is True


async def test_what_people_say_is_what_the_task_says(app: App) -> None:
    """A task is pending until somebody decides, and a no is a denial that ends it."""
    question = asked()
    task_id = await app.requested(question)
    pending = await app.access.task(task_id, asker=app.asker)
    reference = {"context": {"approval": {"id": pending.approval.id}}}

    assert pending.status == "pending"
    assert await reason(app, question | reference) == (
        False,
        "approval_pending",
        "retry",
    )
    await app.decide(task_id, "rejected")
    assert (await app.access.task(task_id, asker=app.asker)).status == "denied"
    assert await reason(app, question | reference) == (
        False,
        "approval_rejected",
        "none",
    )


@pytest.mark.parametrize("by", ["the application", "a worker"])
async def test_a_task_expires_by_itself(app: App, by: str) -> None:
    """Nobody decided in time: whoever looks first records that, once, and the task's run ends."""
    question = asked()
    task_id = await app.requested(question)
    approval = (await app.access.task(task_id, asker=app.asker)).approval
    app.clock.now = approval.expires
    if by == "a worker":
        await Deadlines(app.home.approvals).settle()
    else:
        assert (await app.access.task(task_id, asker=app.asker)).status == "expired"
    run = await app.home.runs.read(task_id)
    recorded = [
        entry["body"]["event"]
        for entry in await entries(app.home.store, app.home.vault)
    ]

    assert (run.status, await app.home.runs.outcome(task_id)) == (
        "failed",
        {"error": "approval_expired"},
    )
    assert recorded.count("approval_expired") == 1
    assert (await app.access.task(task_id, asker=app.asker)).status == "expired"
    reference = {"context": {"approval": {"id": approval.id}}}
    assert (await reason(app, question | reference))[1] == "approval_expired"
    assert await differences(app.home.store, app.home.vault) == []


async def test_the_application_takes_a_task_back(app: App) -> None:
    """A cancelled task waits for nobody, stays cancelled and is cancelled once."""
    task_id = await app.requested(asked())
    cancelled = await app.access.cancel(task_id, asker=app.asker)

    assert cancelled.status == "cancelled"
    assert await app.home.approvals.list(state="waiting") == []
    with pytest.raises(AccessProblem) as caught:
        await app.access.cancel(task_id, asker=app.asker)
    assert caught.value.code == "invalid_task_state"


async def test_a_denial_is_put_before_people_once(app: App) -> None:
    """The same denial gives the same task, however often it is sent."""
    request = await app.denied(asked())
    first = await app.access.request(request, asker=app.asker)
    second = await app.access.request(request, asker=app.asker)

    assert first.id == second.id
    assert len(await app.home.approvals.list()) == 1


async def test_only_a_denial_of_this_home_can_be_requested(app: App) -> None:
    """A denial that is forged, changed, another's or about something else is refused."""
    request = await app.denied(asked())
    denial = request["denial"]
    wrong: list[dict[str, Any]] = [
        request | {"denial": None},
        request | {"denial": {**denial, "binding_token": "e30.e30.e30"}},
        request | {"denial": {**denial, "expires_at": "2030-01-01T00:00:00Z"}},
        request | {"denial": {**denial, "evaluation_id": "eval-0"}},
        request | {"resource": {"type": "todo", "id": "2"}},
        request | {"subject": {"type": "user", "id": "beth"}},
    ]
    codes = [await refused(app, one, app.asker) for one in wrong]

    assert codes == ["invalid_denial_binding"] * len(wrong)
    assert await refused(app, request, OTHER) == "invalid_denial_binding"
    assert await app.home.approvals.list() == []


async def test_an_approval_token_is_no_denial(app: App) -> None:
    """A signed state of an approval cannot be sent as the binding of a denial."""
    question = asked()
    request = await app.denied(question)
    approved = await app.approved(question)
    state = approved["context"]["approval"]["state"]
    until = approved["context"]["approval"]["approved_until"]
    swapped = {"binding_token": state, "expires_at": until}

    assert await refused(app, request | {"denial": swapped}, app.asker) == (
        "invalid_denial_binding"
    )


async def test_a_task_is_of_its_application_alone(app: App) -> None:
    """Another application learns nothing of a task, not even that it is there."""
    task_id = await app.requested(asked())
    codes = []
    for name in (task_id, "run-000000000000"):
        for act in (app.access.task, app.access.cancel):
            with pytest.raises(AccessProblem) as caught:
                await act(name, asker=OTHER)
            codes.append(caught.value.code)

    assert codes == ["unknown_task"] * 4


async def test_the_application_and_its_subject_decide_nothing(app: App) -> None:
    """Four eyes: neither who asks nor the one who is asked about approves."""
    task = await app.access.task(await app.requested(asked()), asker=app.asker)
    subject = Principal(id="Rick", tenant="default", roles=("reviewer",))
    with pytest.raises(NotPermitted):
        await app.home.runtime.decide(
            task.approval.id,
            person=subject,
            verdict="approved",
            shown=task.approval.evidence_digest,
            note="fine by me",
        )


async def test_what_the_policy_denies_in_the_meantime_stays_denied(app: App) -> None:
    """An approval overrides no rule: whoever lost the role meanwhile is denied."""
    approved = await app.approved(asked())
    app.home.settings.people.write_text("people: []\n", "utf-8")

    assert (await reason(app, approved))[:2] == (False, "out_of_scope")


async def test_of_many_who_come_back_at_once_one_may_act(app: App) -> None:
    """However often the approval is presented at the same time, it serves once."""
    approved = await app.approved(asked())
    answers = await asyncio.gather(*(reason(app, approved) for _ in range(4)))

    assert sorted(permit for permit, _, _ in answers) == [False, False, False, True]


async def test_what_an_application_asks_is_replayed_with_all_else(app: App) -> None:
    """Another policy is asked what applications asked, too, and what it would flip is told."""
    await app.may(asked())
    await app.may(asked("todo.read"))
    recorded = await entries(app.home.store, app.home.vault)
    outcome = await replay(recorded, StaticPoint())

    assert [(flip.tool, flip.before) for flip in outcome.flips] == [
        ("todo.read", "permit")
    ]
