"""Handling on the page: forms that work without scripts, and what they say is shown."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import yaml

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.account import Account, keep_account
from interlock.runtime.run.approval import Asked, ask
from interlock.runtime.run.handling import Delegation
from interlock.runtime.run.quorum import Seat, one_of
from interlock.runtime.run.run import Run
from interlock.runtime.run.verdict import Shown
from interlock.serving.home import Home
from interlock.serving.queue.fields import brought, read

from .conftest import ask_for_mail, asked_for

RHEA = Principal(id="rhea", tenant="default", roles=("reviewer",))


async def test_what_people_do_before_the_verdict_is_shown(
    home: Home, browser: Any, waiting: str
) -> None:
    """A claim, a question, its answer and a delegation go by forms; a claim of another's is a 409
    that says whose it is, and the page and the list show who looks at it.
    """
    people = [{"id": name, "roles": ["reviewer"]} for name in ("rhea", "rolf")]
    home.settings.people.write_text(yaml.safe_dump({"people": people}))
    place = f"/approvals/{waiting}"
    rhea, rolf, ana = browser("rhea"), browser("rolf"), browser("ana")

    async def send(client: Any, what: str, **said: str) -> Any:
        page = (await client.get(place)).text
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        return await client.post(f"{place}/{what}", data={"csrf": token, **said})

    assert (await send(rhea, "claim")).status_code == 303
    conflict = await send(rolf, "claim")
    assert conflict.status_code == 409
    assert "already_claimed" in conflict.text
    assert "rhea</b> looks at it" in conflict.text
    assert "rhea looks at it" in (await rolf.get("/approvals")).text
    assert (await send(rhea, "question", note="Whose address is it?")).is_redirect
    assert (await send(rolf, "answer", note="No idea.")).status_code == 403
    assert (await send(ana, "answer", note="<b>Our</b> counsel's.")).is_redirect
    assert (await send(rhea, "delegate", to="ana", note="hers")).status_code == 400
    assert (await send(rhea, "delegate", to="rolf", note="knows him")).is_redirect
    page = (await rolf.get(place)).text
    assert "asked of you" in (await rolf.get("/approvals")).text
    for client, count in ((rhea, 0), (rolf, 1)):
        listed = (await client.get("/approvals?whose=for_me")).text
        assert (waiting in listed) is bool(count)
        assert f"<b>{count}</b> for you" in (await client.get("/")).text
    assert "&lt;b&gt;Our&lt;/b&gt; counsel" in page
    assert (await send(rolf, "escalate", to="administrator", note="large")).is_redirect
    steps = (await home.approvals.read(waiting)).steps
    assert [step.kind for step in steps] == [
        "claimed",
        "asked",
        "answered",
        "delegated",
        "escalated",
    ]
    assert (await send(rolf, "release")).status_code == 403


async def test_nobody_of_another_tenant_is_asked_by_name(
    home: Home, browser: Any, waiting: str
) -> None:
    """Whoever has the role by the list and an account of another tenant decides nothing here."""
    people = [{"id": name, "roles": ["reviewer"]} for name in ("rhea", "remy")]
    home.settings.people.write_text(yaml.safe_dump({"people": people}))
    await home.store.write(
        lambda tx: keep_account(
            tx, home.vault, Account(name="remy", tenant="other"), by="root"
        ),
        logs=("other",),
    )
    rhea = browser("rhea")
    place = f"/approvals/{waiting}"
    token = (await rhea.get(place)).text.partition('name="csrf" value="')[2]
    said = {"csrf": token.partition('"')[0], "to": "remy", "note": "knows him"}
    answer = await rhea.post(f"{place}/delegate", data=said)

    assert answer.status_code == 400
    assert "role_missing" in answer.text
    assert (await home.approvals.read(waiting)).steps == ()


async def test_an_edit_rejects_and_says_what_would_do(
    home: Home, browser: Any, waiting: str
) -> None:
    """The form has a field for each argument, plain where the tool's schema is flat, and reads back
    as it is; what is no JSON, is the same, does not fit, or was shown as something else is named
    and keeps what was typed; a good one rejects, and the page shows the proposed arguments.
    """
    place = f"/approvals/{waiting}"
    rhea = browser("rhea")
    asked: Any = (await home.approvals.read(waiting)).evidence
    page = (await rhea.get(place)).text
    offered = fields(page)

    async def send(evidence: str = asked_digest(page), **changed: str) -> Any:
        values = {name: changed.get(name, text) for name, (_, text) in offered.items()}
        form = {
            "csrf": hidden(page, "csrf"),
            "evidence_digest": evidence,
            "argument": [f"{kind} {name}" for name, (kind, _) in offered.items()],
            "value": list(values.values()),
            "note": "too long",
        }
        return await rhea.post(f"{place}/edit", data=form)

    better: Any = {
        **asked["arguments"],
        "subject": "A <b>short</b> one",
        "cc": ["a@b", "c@d"],
    }
    change = {"subject": better["subject"], "cc": "a@b\r\n\r\n c@d "}
    no_json = await send(attachments='[{"name": ')
    same = await send()
    unfit = await send(attachments='[{"name": 7}]')
    long = await send(body="x" * 70_000)
    hides = await send(evidence="0" * 64, subject="A \u202e one\\n")
    stale = await send(evidence="0" * 64, **change)
    good = await send(**change)
    after = await home.approvals.read(waiting)
    shown = (await rhea.get(place)).text

    assert {name: kind for name, (kind, _) in offered.items()} == {
        "attachments": "json",
        "body": "text",
        "cc": "lines",
        "subject": "text",
        "to": "lines",
    }
    assert "You approve none of it" in page
    assert [answer.status_code for answer in (no_json, same, unfit, stale, good)] == [
        400,
        400,
        400,
        409,
        303,
    ]
    assert "attachments.0." in unfit.text
    for answer in (unfit, long):
        assert "arguments_unfit" in answer.text
    assert "it is no JSON" in no_json.text
    assert fields(no_json.text)["attachments"] == ("json", '[{"name": ')
    assert "same_arguments" in same.text
    assert "evidence_changed" in stale.text
    assert fields(stale.text)["subject"] == ("text", change["subject"])
    assert fields(hides.text)["subject"] == ("json", '"A \\u202e one\\\\n"')
    assert (after.state, after.steps[-1].proposal) == ("rejected", better)
    assert "A &lt;b&gt;short&lt;/b&gt; one" in shown.partition("would agree to")[2]
    assert "You approve none of it" not in shown


def hidden(page: str, name: str) -> str:
    """Return what a hidden field of the page has."""
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def asked_digest(page: str) -> str:
    """Return the digest of the evidence that the page shows."""
    return hidden(page, "evidence_digest")


def fields(page: str) -> dict[str, tuple[str, str]]:
    """Return kind and text of each argument that the form of an edit offers."""
    parts = unescape(page).split('name="argument" value="')[1:]
    found = {}
    for part in parts:
        kind, _, name = part.partition('"')[0].partition(" ")
        text = part.partition("<textarea")[2].partition(">\n")[2]
        found[name] = (kind, text.partition("</textarea>")[0])
    return found


async def test_an_editor_is_offered_no_verdict(
    home: Home, browser: Any, waiting: str, hostile: str
) -> None:
    """Whoever rejected with an edit may neither decide nor pass on what the tool asks for next."""
    question: Any = await home.approvals.read(hostile)
    run = await home.runs.read(question.run_id)
    await home.approvals.decide_together(
        [Shown(approval=hostile, evidence=question.evidence_digest)],
        reviewer=RHEA,
        verdict="rejected",
        note="whose address is it?",
        proposal={"to": []},
    )
    anew = await ask_for_mail(home, run, {**question.evidence["arguments"], "cc": []})
    rhea, rolf = browser("rhea"), browser("rolf")
    page = (await rhea.get(f"/approvals/{anew}")).text

    assert "data-approve" not in page
    assert "another person decides" in page
    assert f"/approvals/{anew}/delegate" not in page
    assert "data-approve" in (await rolf.get(f"/approvals/{anew}")).text


async def put(home: Home, asked: Asked, run: Run) -> str:
    """Put a question before people, as the door does; return its id."""
    return await home.store.write(
        lambda tx: ask(tx, run=run, vault=home.vault, asked=asked, now=tx.now),
        logs={run.tenant},
    )


async def agree(home: Home, approval: str) -> None:
    """Approve as rhea."""
    await home.approvals.decide(
        approval,
        reviewer=RHEA,
        verdict="approved",
        shown=(await home.approvals.read(approval)).evidence_digest,
        note="looked at it",
    )


async def test_a_list_has_what_its_person_could_decide(
    home: Home, browser: Any, waiting: str
) -> None:
    """Of several who are missing all are asked at once; what somebody has decided on, or has no
    seat for any more, is not on that person's list.
    """
    question: Any = await home.approvals.read(waiting)
    run = await home.runs.read(question.run_id)
    seats = (*one_of("legal"), *one_of("reviewer"))
    asked = replace(asked_for(run, question.evidence["arguments"]), quorum=seats)
    both = await put(home, asked, run)
    mine = "/approvals?whose=for_me"
    assert both in (await browser("rolf").get(mine)).text
    assert "not your role" not in (await browser("rolf").get(mine)).text
    rolf = Principal(id="rolf", tenant="default", roles=("reviewer",))
    leo = Principal(id="leo", tenant="default", roles=("legal",))
    await home.approvals.handle(both, Delegation(to=rolf, note="his"), person=leo)

    for name in ("rolf", "rhea"):
        assert both in (await browser(name).get(mine)).text
    await agree(home, both)
    assert both not in (await browser("rolf").get(mine)).text
    two = (Seat(role="reviewer", count=2, by="reviewer"),)
    pair = await put(home, replace(asked, quorum=two, action_id="another"), run)
    await agree(home, pair)
    assert pair in (await browser("rolf").get(mine)).text
    assert pair not in (await browser("rhea").get(mine)).text


async def test_an_edit_keeps_what_nobody_sees(
    home: Home, browser: Any, hostile: str
) -> None:
    """Characters that hide or reorder stand in the form as escapes of JSON, and come back as they
    were; a form that no page sent is refused.
    """
    rhea = browser("rhea")
    page = (await rhea.get(f"/approvals/{hostile}")).text
    offered = fields(page)
    asked = (await home.approvals.read(hostile)).evidence["arguments"]
    tags = [f"{kind} {name}" for name, (kind, _) in offered.items()]
    texts = [text for _, text in offered.values()]

    assert any("\\u202e" in text for text in texts)
    assert read(brought(tags, texts)) == asked
    for argument, value in (
        (tags[:1] * 2, texts[:2]),
        (tags, texts[1:]),
        (["x y"], [""]),
    ):
        with pytest.raises(BadInput):
            brought(argument, value)


async def test_a_refused_form_keeps_what_was_typed(browser: Any, waiting: str) -> None:
    """Whom and why, a question and a reason for a verdict are there again when they are refused,
    each in its own form, which is open.
    """
    rhea = browser("rhea")
    place = f"/approvals/{waiting}"
    page = (await rhea.get(place)).text

    async def refused(form: str, **said: str) -> str:
        answer = await rhea.post(
            f"{place}/{form}", data={"csrf": hidden(page, "csrf"), **said}
        )
        assert answer.status_code in {400, 403}
        assert unescape(answer.text).count(said["note"]) == 1
        return unescape(answer.text)

    delegated = await refused("delegate", to="nobody", note="she knows <b>")
    escalated = await refused("escalate", to="queen", note="it is large")
    asked = await refused("question", note="?!")
    answered = await refused("verdict", note="no choice")

    assert hidden(delegated, "to") == "nobody"
    assert "Nothing was done" in delegated
    assert hidden(escalated, "note") == ""
    assert "?!</textarea>" in asked
    assert [text.count("<details open>") for text in (delegated, asked, answered)] == [
        1,
        1,
        0,
    ]
