"""Evaluation: an application outside asks before it acts, and the answer is recorded first."""

import json
from dataclasses import replace
from typing import Any

import pytest

from interlock.errors import BadInput, NotPermitted
from interlock.runtime.door.evaluations import Evaluations
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.policy.engine.absent import AbsentPoint
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import exported
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.serving.policy.ordinary import ordinary

#: The application of this folder's conftest
App = Any


def asked(name: str, *, who: str = "rick", **more: Any) -> dict[str, Any]:
    """Return the question whether *who* may do *name* to the first to-do."""
    return {
        "subject": {"type": "user", "id": who},
        "action": {"name": name},
        "resource": {"type": "todo", "id": "1"},
    } | more


DENIED: Any = [
    (asked("todo.update", who="beth"), "not_granted"),
    (asked("todo.update"), "argument_missing"),
    (asked("todo.fly"), "unknown_tool"),
    (asked("run.start"), "unknown_tool"),
    (asked("mail.send"), "unknown_tool"),
    (asked("todo.read", context={"extra": 1}), "argument_unknown"),
    (
        asked("todo.read", subject={"type": "service", "id": "rick"}),
        "argument_limit",
    ),
    (
        asked(
            "todo.update",
            resource={"type": "todo", "id": "1", "properties": {"owner": "beth"}},
        ),
        "argument_limit",
    ),
    (
        asked(
            "todo.delete",
            who="beth",
            subject={
                "type": "user",
                "id": "beth",
                "properties": {"roles": ["analyst"]},
            },
        ),
        "not_granted",
    ),
]
UNREADABLE: Any = [
    None,
    {},
    {"subject": {"type": "user", "id": "rick"}},
    asked("todo.read", subject={"type": "user"}),
    asked("todo.read", action="todo.read"),
    asked("todo.read", context=[]),
    asked("todo.read", context={"amount": 1.5}),
    asked("todo.read", context={f"c{n}": n for n in range(80)}),
    asked("todo.read", context={"text": "x" * 20_000}),
]


async def entries(app: App) -> list[tuple[str, str]]:
    """Return what was asked for and the effect, in the order of the ledger."""
    records: list[dict[str, str | int]] = []
    await exported(app.home.store, app.home.ledger, records.append, log=None)
    bodies = [json.loads(str(r["body"])) for r in records if r["kind"] == "entry"]
    return [(b["tool"], b["effect"]) for b in bodies if b["event"] == "act"]


async def test_who_has_the_role_may(app: App) -> None:
    """A subject may do what a role grants that the list of people gives, on what is its own."""
    owner = {"type": "todo", "id": "1", "properties": {"owner": "rick"}}
    answer = await app.may(asked("todo.update", resource=owner))

    assert (answer["decision"], answer["context"]["reason"]) == (True, "granted")
    assert await entries(app) == [("todo.update", "permit")]


async def test_what_the_policy_does_not_grant_is_denied(app: App) -> None:
    """Nothing that an application leaves out, adds or claims helps, or can be requested."""
    for question, code in DENIED:
        answer = await app.may(question)
        context = answer["context"]

        assert answer["decision"] is False
        assert code in [reason["code"] for reason in context["reasons"]]
        assert "access_request" not in context
    assert [effect for _, effect in await entries(app)] == ["deny"] * len(DENIED)


async def test_what_a_person_must_approve_is_denied_and_requestable(app: App) -> None:
    """A permit that needs a person first is a denial, to the application and in the ledger."""
    answer = await app.may(asked("todo.delete"))

    assert answer["decision"] is False
    assert answer["context"]["reason"] == "approval_required"
    assert answer["context"]["access_request"]["template"] == "reviewer"
    assert await entries(app) == [("todo.delete", "deny")]


async def test_a_kill_switch_stops_applications_too(app: App) -> None:
    """What is stopped is denied to whoever asks."""
    await KillSwitches(app.home.store).engage("tool", "todo.read", by="ada")
    answer = await app.may(asked("todo.read"))

    assert answer["context"]["reason"] == "killed"


async def test_only_an_enforcement_point_asks(app: App) -> None:
    """Who has not the role is refused, and the refusal is recorded."""
    nobody = Principal(id="nemo", tenant="default", roles=("analyst",))
    with pytest.raises(NotPermitted):
        await app.may(asked("todo.read"), nobody)

    assert await entries(app) == [("access.evaluate", "deny")]


async def test_what_cannot_be_read_is_no_question(app: App) -> None:
    """A document that is no query, or that two readers may read differently, is refused whole."""
    for question in UNREADABLE:
        with pytest.raises(BadInput):
            await app.may(question)

    assert await entries(app) == []


async def test_many_questions_share_their_parts(app: App) -> None:
    """Parts beside the list fill what items leave out; the semantic says where to stop."""
    items = [{"action": {"name": name}} for name in ("todo.read", "x", "todo.read")]
    wanted = {
        "execute_all": [True, False, True],
        "deny_on_first_deny": [True, False],
        "permit_on_first_permit": [True],
    }
    for semantic, decisions in wanted.items():
        document = {
            **asked("todo.delete"),
            "evaluations": items,
            "options": {"evaluations_semantic": semantic},
        }
        answers = await app.access.evaluate_all(document, asker=app.asker)

        assert [one["decision"] for one in answers["evaluations"]] == decisions
    assert len(await entries(app)) == sum(map(len, wanted.values()))


async def test_no_list_is_one_question(app: App) -> None:
    """Without questions in a list the document is one."""
    answer = await app.access.evaluate_all(
        asked("todo.read") | {"evaluations": []}, asker=app.asker
    )

    assert answer["decision"] is True


async def test_an_engine_that_is_away_permits_nothing(app: App) -> None:
    """The answer is a denial with the engine's code; it is recorded, and not requestable."""
    store, vault = app.home.store, app.home.vault
    policy = PolicyInForce(
        store=store, vault=vault, configured=AbsentPoint("gone"), bundle=None
    )
    evaluations = Evaluations(store=store, vault=vault, policy=policy)
    point = replace(app.access.point, evaluations=evaluations)
    access = replace(app.access, point=point)
    answer = await access.evaluate(asked("todo.delete"), asker=app.asker)

    assert answer["decision"] is False
    assert [one["rule"] for one in answer["context"]["reasons"]] == ["pdp"]
    assert "access_request" not in answer["context"]
    assert await entries(app) == [("todo.delete", "deny")]


async def test_what_a_grant_gives_an_application_can_be_had(app: App) -> None:
    """The ordinary request that is made of each grant of an external tool is permitted."""
    made = [
        one for one in ordinary(app.home.bundle) if one.action.tool.startswith("todo.")
    ]
    effects = [(await app.home.pdp.decide(one)).effect for one in made]

    assert {one.action.tool for one in made} == {
        "todo.read",
        "todo.update",
        "todo.delete",
    }
    assert effects == ["permit"] * len(made)
