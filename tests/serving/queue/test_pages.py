"""The other pages: each shows its own thing, to whoever the policy lets look."""

import json
import os
import re
import socket
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import update

from interlock.runtime.record.store import tables
from interlock.serving.home import Home

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs/howto/verify-the-ledger.md"


async def run_of(home: Home, waiting: str) -> str:
    """Return the run whose approval waits."""
    return (await home.approvals.read(waiting)).run_id


async def test_the_home_page_says_what_needs_whom(browser: Any, waiting: str) -> None:
    """A reviewer finds there what to decide, and whoever asked for it does not."""
    pages = {name: (await browser(name).get("/")).text for name in ("rhea", "ana")}

    assert f'href="/approvals/{waiting}"' in pages["rhea"]
    assert f'href="/approvals/{waiting}"' not in pages["ana"]


async def test_a_run_tells_its_whole_history(
    home: Home, browser: Any, waiting: str
) -> None:
    """The page of a run shows every action with its codes, who decided, and why."""
    rhea = browser("rhea")
    run = await run_of(home, waiting)
    shown = (await home.approvals.read(waiting)).evidence_digest
    form = {"csrf": "token-of-rhea-1", "evidence_digest": shown}
    await rhea.post(
        f"/approvals/{waiting}/verdict",
        data=form | {"verdict": "rejected", "note": "The wrong <b>addressee</b>"},
    )

    page = (await rhea.get(f"/runs/{run}")).text

    assert f'href="/runs/{run}"' in (await rhea.get("/runs")).text
    for tool in ("document.read", "contracts.review", "report.write", "mail.send"):
        assert tool in page
    assert "The wrong &lt;b&gt;addressee&lt;/b&gt;" in page
    assert "by <b>rhea</b>" in page
    assert "granted" in page


@pytest.mark.parametrize("page", ["runs", "approvals"])
async def test_the_time_of_people_is_shown(
    home: Home, browser: Any, waiting: str, page: str
) -> None:
    """The pages of a run and of its approval say what is spent, set aside, and its limit."""
    name = waiting if page == "approvals" else await run_of(home, waiting)
    text = unescape((await browser("rhea").get(f"/{page}/{name}")).text)
    meter = text.partition("reviewers' time</dt>")[2].partition("</div>")[0]

    assert "0.0 s of 60.0 min" in meter
    assert "and 2.0 min set aside" in meter


async def test_the_page_of_a_run_says_all_that_is_known_of_what_may_have_happened(
    home: Home, browser: Any, waiting: str
) -> None:
    """What was to be done, since when, on which machine, and what a person says then."""
    run = await run_of(home, waiting)
    action = tables.action.c
    report = (action.run_id == run, action.tool == "report.write")
    lost = update(tables.action).where(*report).values(state="unknown", result=None)
    await home.store.write(lambda tx: tx.connection.execute(lost), logs=("default",))
    page = (await browser("rhea").get(f"/runs/{run}")).text

    assert "Nobody knows whether this happened" in page
    assert f"<code>{socket.gethostname()}</code>, process {os.getpid()}" in page
    assert f"interlock run resolve {run}" in page
    assert "--did-not-happen --note" in page


async def test_who_asked_for_a_run_lets_it_do_more(
    home: Home, browser: Any, waiting: str
) -> None:
    """The page shows what the words ask for; its form adds a kind of effect for whoever asked for
    the run, keeps what was typed where it is refused, and is neither shown nor taken to others.
    """
    run = await run_of(home, waiting)
    await home.store.write(
        lambda tx: tx.connection.execute(
            update(tables.run)
            .where(tables.run.c.id == run)
            .values(intent=json.dumps({"message.send": 1}))
        ),
        logs=("default",),
    )
    people = {name: browser(name) for name in ("ana", "rhea")}

    async def sent(name: str, **form: str) -> Any:
        form |= {"csrf": f"token-of-{name}-1", "note": "<b>Why</b> not"}
        return await people[name].post(f"/runs/{run}/widen", data=form)

    pages = {name: (await one.get(f"/runs/{run}")).text for name, one in people.items()}
    denied = await sent("rhea", effect="file.delete")
    wrong = [
        await sent("ana", effect="file.delete", number=number)
        for number in ("0", "-1", "x", "9" * 400)
    ] + [await sent("ana", effect=kind) for kind in ("file.delte", "event.create")]
    before = (await home.runs.read(run)).intent
    taken = await sent("ana", effect="file.delete", number="2")

    assert all("<code>message.send</code> at most 1" in page for page in pages.values())
    assert 'name="effect"' in pages["ana"]
    assert 'name="effect"' not in pages["rhea"]
    assert denied.status_code == 403
    assert {answer.status_code for answer in wrong} == {400}
    assert all("&lt;b&gt;Why&lt;/b&gt; not" in answer.text for answer in wrong)
    assert before == {"message.send": 1}
    assert taken.status_code == 303
    assert (await home.runs.read(run)).intent == {"file.delete": 2, "message.send": 1}


async def test_a_run_of_another_tenant_is_not_there(
    home: Home, browser: Any, waiting: str
) -> None:
    """Runs, budgets and entries of one tenant are shown to no other."""
    otto = browser("otto")
    run = await run_of(home, waiting)

    assert (await otto.get(f"/runs/{run}")).status_code == 404
    for path in ("/", "/runs", "/budgets"):
        assert run not in (await otto.get(path)).text


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("rhea", "/policy", 200),
        ("rhea", "/budgets", 200),
        ("rhea", "/keys", 200),
        ("rhea", "/audit", 403),
        ("root", "/audit", 200),
        ("root", "/approvals/none", 404),
        ("rhea", "/nowhere", 404),
        ("root", "/audit?below=x", 400),
        ("root", f"/audit?below={10**20}", 400),
        ("root", f"/audit/entries/{10**20}", 400),
        ("root", f"/live?after={10**20}", 400),
        ("root", f"/jobs/none?after={10**20}", 400),
        ("root", f"/runs/none/documents/none/pages/{10**20}", 400),
        ("rhea", f"/approvals?after={'9' * 5_000}-a&hours={'9' * 5_000}", 200),
    ],
)
async def test_each_page_is_for_whoever_may_look(
    browser: Any, name: str, path: str, status: int
) -> None:
    """A page that the policy denies is refused with its code, and what is nowhere is not found."""
    answer = await browser(name).get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_log_is_verified_from_its_page(home: Home, browser: Any) -> None:
    """The button of the audit page verifies the tenant's log and says what came of it."""
    root = browser("root")
    head = await home.ledger.head("default")
    page = (await root.get("/audit")).text

    answer = await root.post("/audit/verify", data={"csrf": "token-of-root-1"})

    assert head.root in page
    assert f"{head.size} entries" in answer.text
    assert "Valid" in answer.text


def named(page: Path) -> Any:
    """Return the function by which the page about the ledger checks a proof."""
    code = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code is what is tested
    return names["root_of"]


async def test_an_entry_is_proved_step_by_step_and_elsewhere(
    home: Home, browser: Any, tmp_path: Path
) -> None:
    """For the first, a middle and the last entry the steps lead to the root of the signed
    checkpoint, and so does the file by the code of the guide; an entry that was altered does not,
    and one of another tenant is not there.
    """
    root = browser("root")
    root_of = named(GUIDE)
    note = home.ledger.witness.newest("default") or ""
    size, signed = note.splitlines()[1:3]
    roots = set()
    file = tmp_path / "proof.json"
    for seq in (0, int(size) // 2, int(size) - 1):
        page = await root.get(f"/audit/entries/{seq}")
        assert "<b>Proved:</b>" in page.text
        file.write_bytes((await root.get(f"/audit/entries/{seq}/proof")).content)
        roots.add(root_of(file))
    altered = json.loads(file.read_bytes()) | {"entry": "e30="}
    file.write_text(json.dumps(altered))

    assert roots == {signed}
    assert root_of(file) != signed
    assert (await root.get(f"/audit/entries/{2**40}")).status_code == 404
    assert (await browser("rhea").get("/audit/entries/0")).status_code == 403
