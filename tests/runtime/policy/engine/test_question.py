"""What the engine is asked: no text of a document, whatever argument an agent puts it into."""

import asyncio
import json
from typing import Any

import pytest

from interlock.runtime.canonical import Json
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.question import listed, question
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    Resource,
    RunFacts,
)
from interlock.runtime.testing import AGENT
from interlock.serving.policy.build import BUNDLES, POLICIES
from interlock.serving.policy.ordinary import ordinary

WORDS = "the lighthouse costs 4711"
ROOM = BudgetFacts(limits=Amounts(), spent=Amounts(), reserved=Amounts())
ARGUMENTS = {
    "text": {"max_chars": 9},
    "to": {"max_items": 3, "shown": True},
    "kind": {"one_of": ["a", "b"]},
    "more": {},
}
DATA = {"rails": {"config": {"tools": {"note": {"arguments": ARGUMENTS}}}}}


def asked(
    arguments: dict[str, Json],
    *,
    tool: str = "note",
    resource: str = "r",
    valid: bool = True,
    data: Any = DATA,
) -> Any:
    """Return what the engine is asked about a call of a tool."""
    context = Context(
        now=1,
        run=RunFacts(id="run", agent="a", autonomy=2, refusals=0, revision="0"),
        schema_valid=valid,
        labels=dict.fromkeys(arguments, TRUSTED),
        actionable=dict.fromkeys(arguments, TRUSTED),
        cost=Amounts(steps=1),
        budget=ROOM,
    )
    request = AccessRequest(
        principal=AGENT,
        action=Action(tool=tool, action_class="write", arguments=arguments),
        resource=Resource(type="note", id=resource),
        context=context,
    )
    return json.loads(question(request, listed(data)))


HIDING: dict[str, Json] = {
    "a text": WORDS,
    "a list": [WORDS, WORDS],
    "an object": {"text": WORDS},
    "a key": {WORDS: 1},
    "an object in a list": [{"text": [WORDS]}],
}


@pytest.mark.parametrize("where", HIDING)
def test_no_text_of_an_argument_is_shown(where: str) -> None:
    """Whatever the value's form, the engine gets sizes and digests instead of its words."""
    document = asked({"text": HIDING[where], "more": 7})

    assert "lighthouse" not in json.dumps(document)
    assert document["action"]["arguments"]["more"] == 7


def test_sizes_stay_known() -> None:
    """A rule can limit what it does not read: a text has its characters, a list its items."""
    arguments = asked({"text": WORDS, "more": ["a", "b"]})["action"]["arguments"]

    assert arguments["text"]["chars"] == len(WORDS)
    assert [item["chars"] for item in arguments["more"]] == [1, 1]


def test_what_a_rule_reads_is_shown() -> None:
    """An argument is shown when its entry says so, or says which texts it may be."""
    arguments: dict[str, Json] = {"to": ["ann@example.com"], "kind": "b"}

    assert asked(arguments)["action"]["arguments"] == arguments


def test_what_is_shown_is_small() -> None:
    """A long text and a long list are not shown, whatever their entry says."""
    for value in ("x" * 1025, ["x"] * 65, ["x" * 1025]):
        assert "xx" not in json.dumps(asked({"to": value})["action"]["arguments"])
    assert '"x", "x"' not in json.dumps(asked({"to": ["x"] * 65}))


def test_an_unknown_tool_and_a_policy_without_entries_are_shown_nothing() -> None:
    """What nobody listed is not shown (fails closed)."""
    for document in (
        asked({"to": WORDS}, tool="unknown"),
        asked({"to": WORDS}, data={}),
        asked({"to": WORDS}, data={"rails": {"config": {"tools": 7}}}),
    ):
        assert "lighthouse" not in json.dumps(document)


def test_the_names_of_arguments_are_an_agents_words_too() -> None:
    """A name that stands in no schema and no entry is a digest, with its label under the same."""
    document = asked({WORDS: 1, "text": "a"}, valid=False)

    assert "lighthouse" not in json.dumps(document)
    assert (
        document["action"]["arguments"].keys()
        == document["context"]["labels"].keys()
        == document["context"]["actionable"].keys()
    )
    assert "text" in document["action"]["arguments"]


@pytest.mark.parametrize(
    ("resource", "is_shown"),
    [
        ("r", True),
        ("ann@example.com", True),
        (WORDS, False),
        (f"file:{WORDS}", False),
        ("r" * 1024, True),
        ("r" * 1025, False),
    ],
)
def test_a_resource_names_no_text(resource: str, is_shown: bool) -> None:
    """The name of the resource is a digest where it repeats a text that is not shown, and where it
    is longer than an argument may be.
    """
    arguments: dict[str, Json] = {"text": WORDS, "to": ["ann@example.com"]}
    name = asked(arguments, resource=resource)["resource"]["id"]

    assert (name == resource) is is_shown
    assert is_shown or name.startswith("sha256:")


def _mail(bundle: Bundle, body: str) -> AccessRequest:
    """Return an ordinary mail with other words in it."""
    (mail,) = (
        request
        for request in ordinary(bundle)
        if request.action.tool == "mail.send"
        and request.principal.roles == ("contract_review",)
    )
    arguments = {**mail.action.arguments, "subject": WORDS, "body": body}
    action = Action(tool="mail.send", action_class="irreversible", arguments=arguments)
    return AccessRequest(
        principal=mail.principal,
        action=action,
        resource=mail.resource,
        context=mail.context,
    )


async def test_the_shipped_policy_is_shown_no_text_of_a_mail() -> None:
    """Subject and body of a mail never reach the engine; its recipients do, for the rules."""
    bundle = load(BUNDLES[POLICIES])
    filled = _mail(bundle, WORDS)
    sent = question(filled, listed(bundle.data))
    point = EmbeddedPoint(bundle, deadline_s=5)
    decision = await point.decide(filled)
    point.close()

    assert b"lighthouse" not in sent
    assert b"@example.com" in sent
    assert decision.effect == "permit"


@pytest.mark.parametrize(("chars", "at_once"), [(10, True), (70_000, False)])
async def test_a_large_question_leaves_the_event_loop_to_others(
    chars: int, at_once: bool
) -> None:
    """What takes long is worked on in another thread; what does not is answered at once."""
    bundle = load(BUNDLES[POLICIES])
    point = EmbeddedPoint(bundle, deadline_s=5)
    deciding = asyncio.create_task(point.decide(_mail(bundle, "a" * chars)))
    await asyncio.sleep(0)
    was_done = deciding.done()
    decision = await deciding
    point.close()

    assert was_done == at_once
    assert not decision.unanswered
