"""What a planner does not read: sealed, passed on by handles, judged as what it is."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from interlock.runtime.door.outcome import Done, Failed, Unread, Waiting
from interlock.runtime.door.unread.given import LARGEST
from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Denied
from interlock.runtime.record.store import tables
from interlock.runtime.run.question import Approval
from interlock.runtime.run.run import label_of
from interlock.runtime.testing import REVIEWER, tampering

from .conftest import CANARY, STRANGER, Letter, Note, Office

FIRST = "items[0].text"


async def run_label(office: Office) -> Any:
    """Return the label of what the planner of the run has read."""
    await office.world.store.durable(office.run.claim)

    def look(connection: Any) -> str:
        query = select(tables.run.c.label).where(tables.run.c.id == office.run.id)
        return str(connection.execute(query).scalar_one())

    return label_of(await office.world.store.read(look))


async def test_a_handle_says_a_shape_and_no_character(office: Office) -> None:
    """The planner is told sizes up to a power of two, a label and a commitment."""
    handle = await office.handle()

    label: Any = handle["label"]
    assert CANARY not in str(handle)
    assert (handle["tool"], handle["size"], handle["items"]) == ("letter.list", 128, 1)
    assert label["integrity"] == "untrusted"
    assert (await run_label(office)).integrity == "trusted"


async def test_what_is_read_taints_and_what_stays_unread_does_not(
    office: Office,
) -> None:
    """The same call, shown, has the run hold the label of what it read."""
    await office.handle()
    assert (await run_label(office)).integrity == "trusted"

    shown = await office.call("letter.list", call_id="shown")

    assert isinstance(shown, Done)
    assert (await run_label(office)).integrity == "untrusted"


async def test_a_handle_is_followed_after_the_proposal(office: Office) -> None:
    """The tool is given the value, and the policy judges the value with its label."""
    handle = await office.handle()
    outcome = await office.call(
        "note.file", text={**handle, "of": FIRST}, name="eve", also={"a": [handle]}
    )

    assert isinstance(outcome, Unread)
    (note,) = office.filed
    also: Any = note.also
    assert (note.text, note.name) == (CANARY, "eve")
    assert also["a"][0]["items"][0]["text"] == CANARY
    request = office.point.asked[-1]
    assert request.action.arguments["text"] == CANARY
    assert request.context.unread.given == ("also", "text")
    labels = request.context.labels
    assert [labels[name].integrity for name in ("text", "also", "name")] == [
        "untrusted",
        "untrusted",
        "unvouched",
    ]
    assert labels["text"].confidentiality == "internal"
    assert STRANGER.sources[0] in labels["text"].sources
    assert labels["name"].confidentiality == "public"
    assert (await run_label(office)).integrity == "trusted"


async def test_labels_of_several_handles_join(office: Office) -> None:
    """An argument of a note of a note and a letter is as bad as the worst of them."""
    handle = await office.handle()
    filed = await office.call("note.file", text={**handle, "of": FIRST})
    assert isinstance(filed, Unread)
    both = [{"unread": filed.handle.unread, "of": "name"}, handle]
    await office.call("note.file", text="x", also=both)

    assert office.asked.labels["also"].integrity == "untrusted"
    assert STRANGER.sources[0] in office.asked.labels["also"].sources


async def test_a_value_that_the_words_name_is_trusted_unread(office: Office) -> None:
    """Value equality proves what stands unread as it proves what was read."""
    handle = await office.handle()
    office.run = await office.world.start(
        agent=office.run.agent, request={"text": CANARY}
    )
    handle = await office.handle()
    await office.call("note.file", text={**handle, "of": FIRST})

    assert office.asked.labels["text"].integrity == "trusted"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"of": "items[7].text"}, "empty"),
        ({"of": "items[0"}, "malformed"),
        ({"of": 7}, "malformed"),
        ({"of": "items", "and": "more"}, "malformed"),
        ({"of": "'" + "a" * 2_000 + "'"}, "malformed"),
        ({"size": 1.5}, "malformed"),
        ({"unread": "0" * 64}, "unknown"),
    ],
)
async def test_a_handle_that_leads_nowhere_is_refused(
    office: Office, change: dict[str, Any], fault: str
) -> None:
    """The refusal is recorded with its fault, and nothing is done, whatever the policy grants."""
    handle = await office.handle()
    outcome = await office.call("note.file", text={**handle, **change})

    assert isinstance(outcome, Denied)
    assert office.asked.unread.fault == fault
    assert outcome.codes == ("not_callable",)
    assert office.filed == []


async def test_many_handles_are_no_larger_than_one(office: Office) -> None:
    """However often a proposal names what stays unread, what is followed has one bound."""
    office.letters = [Letter(sender="eve", text="x" * (LARGEST // 4))]
    handle = await office.handle()
    pages = {**handle, "of": "items[0].pages"}
    faults: list[str] = []
    for handles in ([handle] * 3, [pages] * 64, [handle] * 4, [pages] * 65):
        await office.call("note.file", text="x", also=handles)
        faults.append(office.asked.unread.fault)

    assert faults == ["", "", "too_large", "too_large"]


async def test_a_handle_of_another_run_leads_nowhere(office: Office) -> None:
    """What one run holds unread is no other run's, of this tenant or of another."""
    handle = await office.handle()
    office.run = await office.world.start(agent=office.run.agent)
    outcome = await office.call("note.file", text={**handle, "of": FIRST})

    assert isinstance(outcome, Denied)
    assert office.asked.unread.fault == "unknown"


async def test_a_result_that_was_shown_has_no_handle(office: Office) -> None:
    """Only what stayed unread is passed on by a handle: of the rest no label is kept."""
    shown = await office.call("letter.list", call_id="shown")
    assert isinstance(shown, Done)
    await office.call("note.file", text={"unread": shown.action_id, "of": FIRST})

    assert office.asked.unread.fault == "unknown"


async def test_what_stands_unread_is_never_followed_itself(office: Office) -> None:
    """A stranger who writes a handle into a letter has written a text."""
    handle = await office.handle()
    inner = '{"unread": "' + str(handle["unread"]) + '"}'
    office.letters = [Letter(sender="eve", text=inner)]
    second = await office.handle("second")
    await office.call("note.file", text={**second, "of": FIRST})

    assert office.filed == [Note(text=inner)]


async def test_shown_and_unread_are_two_actions(office: Office) -> None:
    """A planner that proposes an unread call again in the clear is told nothing of the record."""
    unread = await office.call("letter.list", unread=True, call_id="1")
    office.letters = []
    shown = await office.call("letter.list", call_id="1")

    assert isinstance(unread, Unread)
    assert isinstance(shown, Done)
    assert shown.action_id != unread.action_id


async def test_a_literal_is_told_nothing_of_a_call_with_a_handle(
    office: Office,
) -> None:
    """A planner that guesses what stands unread proposes another action."""
    handle = await office.handle()
    first = await office.call("note.file", text={**handle, "of": FIRST}, call_id="1")
    guess = await office.call("note.file", text=CANARY, call_id="1")

    assert isinstance(first, Unread)
    assert isinstance(guess, Done)
    assert guess.action_id != first.action_id


async def test_equal_results_have_other_digests(office: Office) -> None:
    """Two handles do not say by themselves whether they hold the same."""
    one, other = await office.handle("1"), await office.handle("2")

    assert one["digest"] != other["digest"]


async def test_an_answer_is_shown_with_its_label_in_counted_bits(
    office: Office,
) -> None:
    """An answer of one bit costs nine; the run stays unvouched, and is internal from then on."""
    handle = await office.handle()
    outcome = await office.call(
        "letter.same", one={**handle, "of": FIRST}, other="another"
    )

    assert isinstance(outcome, Done)
    assert outcome.value.model_dump() == {"is_so": False}
    assert outcome.label is not None
    assert outcome.label.integrity == "untrusted"
    assert (office.asked.unread.bits, office.asked.unread.told) == (9, 16)
    label = await run_label(office)
    assert (label.integrity, label.confidentiality) == ("unvouched", "internal")


async def test_answers_are_counted_while_others_are_under_way(office: Office) -> None:
    """Of many questions at once, each knows the bits of those before; so does the next claim."""
    handle = await office.handle()
    questions = [
        office.call("letter.same", one={**handle, "of": FIRST}, other=str(number))
        for number in range(4)
    ]
    await asyncio.gather(*questions)
    told = [request.context.unread.told for request in office.point.asked[1:]]
    office.run = await office.world.reclaim(office.run)
    await office.call("letter.same", one={**handle, "of": FIRST}, other="last")

    assert sorted(told) == [16, 25, 34, 43]
    assert office.asked.unread.told == 52


async def test_a_refusal_tells_its_code_and_is_counted(office: Office) -> None:
    """What a rule quotes is not told: neither arguments nor messages nor what a person would agree
    to.
    """
    handle = await office.handle()
    office.point.effects = {"letter.list": "permit", "letter.same": "permit"}
    outcome = await office.call("note.file", text={**handle, "of": FIRST})
    await office.call("letter.same", one={**handle, "of": FIRST}, other="x")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("not_granted",)
    assert CANARY not in repr(outcome)
    assert office.asked.unread.told == 32


async def test_where_no_more_may_be_told_a_refusal_says_only_that(
    office: Office,
) -> None:
    """Whether an expression gives anything is no answer to a run whose bits are spent."""
    handle = await office.handle()
    office.point.codes = ("handle_empty", "unread_spent")
    outcome = await office.call("note.file", text={**handle, "of": "items[7]"})

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("unread_spent",)


async def test_a_failure_tells_its_code(office: Office) -> None:
    """The words of a tool that fails are not told, and the run has not read them."""
    office.fails = CANARY
    outcome = await office.call("letter.list", unread=True)

    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.detail) == ("no_letters", "")
    assert (await run_label(office)).integrity == "trusted"


async def test_a_handle_outlives_its_worker(office: Office) -> None:
    """After a crash the same calls give the same handles, and nothing is done twice."""
    handle = await office.handle()
    arguments: dict[str, Any] = {"text": {**handle, "of": FIRST}}
    first = await office.call("note.file", call_id="1", **arguments)
    office.run = await office.world.reclaim(office.run)
    again = await office.handle()
    second = await office.call("note.file", call_id="1", **arguments)

    assert again == handle
    assert isinstance(first, Unread)
    assert second == first
    assert len(office.filed) == 1


async def test_an_approval_binds_what_the_handle_holds(office: Office) -> None:
    """A person is shown the value and approves the value: the same call over another part waits."""
    office.point.waiting = frozenset({"note.file"})
    office.letters *= 2
    handle = await office.handle()
    waiting = await office.call("note.file", text={**handle, "of": FIRST}, call_id="1")
    assert isinstance(waiting, Waiting)
    shown = await approved(office, waiting.approval_id)
    assert CANARY in str(shown.evidence)
    other = await office.call(
        "note.file", text={**handle, "of": "items[1].sender"}, call_id="1"
    )

    assert isinstance(other, Waiting)
    assert other.approval_id != waiting.approval_id
    assert office.asked.approvals == ()
    assert office.filed == []


async def test_nothing_is_done_with_another_result_in_the_place_of_an_approved_one(
    office: Office,
) -> None:
    """The ledger commits to the result: a handle holds what was approved, or nothing is done."""
    office.point.waiting = frozenset({"note.file"})
    handle = await office.handle()
    arguments: dict[str, Any] = {"text": {**handle, "of": FIRST}}
    waiting = await office.call("note.file", call_id="1", **arguments)
    assert isinstance(waiting, Waiting)
    await approved(office, waiting.approval_id)
    await replaced(office, str(handle["unread"]))
    with pytest.raises(Tampered):
        await office.call("note.file", call_id="1", **arguments)

    assert office.asked.approvals == ()
    assert office.filed == []


async def approved(office: Office, approval_id: str) -> Approval:
    """Have a person agree to what is shown; return that."""
    approval = await office.world.approvals.read(approval_id)
    await office.world.approvals.decide(
        approval_id,
        reviewer=REVIEWER,
        verdict="approved",
        shown=approval.evidence_digest,
        note="read",
    )
    return approval


async def replaced(office: Office, action: str) -> None:
    """Put another result in the place of a sealed one, as whoever holds the key could."""
    key = office.world.vault.known(office.run.id)
    sealed = key.seal(
        b'{"items":[{"sender":"eve","text":"another"}]}', place=f"action/{action}"
    )
    await office.world.store.durable(office.run.claim)
    with tampering(office.world.store) as connection:
        changed = update(tables.action).where(tables.action.c.id == action)
        connection.execute(changed.values(result=sealed))


async def test_an_approved_handle_acts_once(office: Office) -> None:
    """With the verdict on it, the same call goes through with the value that was shown."""
    office.point.waiting = frozenset({"note.file"})
    handle = await office.handle()
    arguments: dict[str, Any] = {"text": {**handle, "of": FIRST}}
    waiting = await office.call("note.file", call_id="1", **arguments)
    assert isinstance(waiting, Waiting)
    await approved(office, waiting.approval_id)
    done = await office.call("note.file", call_id="1", **arguments)

    assert isinstance(done, Unread)
    assert office.filed == [Note(text=CANARY)]


async def test_the_ledger_verifies_with_results_that_stay_unread(
    office: Office,
) -> None:
    """Labels of unread results are committed to, and the bits stand in the clear."""
    handle = await office.handle()
    await office.call("note.file", text={**handle, "of": FIRST})
    audit = await office.world.verify()
    entries = await office.world.entries()

    assert audit.valid, audit
    assert [entry["bits"] for entry in entries if "bits" in entry] == [16, 16, 16]
    assert CANARY not in str(entries)


def _tells(bits: object, _: object) -> object:
    return bits


async def test_a_tool_that_tells_too_much_is_not_shown(office: Office) -> None:
    """An answer without a sound bound stays unread, whatever its tool declares."""
    handle = await office.handle()
    compare = office.world.pep.by_agent[office.run.agent]["letter.same"]
    for bits in (0, -1, 33, True, None, 1.0):
        known = office.world.pep.by_agent[office.run.agent]
        tells: Any = partial(_tells, bits)
        known["letter.same"] = replace(compare, tells=tells)
        outcome = await office.call(
            "letter.same", one={**handle, "of": FIRST}, call_id=str(bits)
        )
        assert isinstance(outcome, Unread)


async def test_what_is_given_unread_is_decided_on_the_effects_that_are_there(
    office: Office,
) -> None:
    """Where another effect begins while the policy decides, the policy is asked again."""
    office.run = await office.world.start(
        agent=office.run.agent, intent={"file.create": None}
    )
    handle = await office.handle()
    note = {"text": {**handle, "of": FIRST}}

    async def file_another() -> None:
        await office.world.pep.enforce(
            office.run, tool="note.file", arguments=note, call_id="other"
        )

    office.point.meanwhile = [file_another]
    await office.call("note.file", text=note["text"])

    done = [dict(request.context.done) for request in office.point.asked[-3:]]
    assert done == [{}, {}, {"note.file": 1}]
    assert len(office.filed) == 2
