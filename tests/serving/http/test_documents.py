"""`/v1/documents`: handed in once, listed, and taken up by runs and jobs that begin later."""

import json
from dataclasses import replace
from typing import Any, Final

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import verified
from interlock.runtime.record.state import differences

ADMIN: Final = Principal(id="ada", tenant="default", roles=("administrator",))
ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
STRANGER: Final = Principal(id="ana", tenant="other", roles=("analyst",))
TEXT: Final = b"This Agreement is governed by the laws of England. " * 20
PLACE: Final = "/v1/documents"


async def _hand_in(served: Any, name: str, data: bytes) -> Any:
    files = {"file": (name, data)}
    return await served.ask(ANALYST, "POST", PLACE, files=files)


async def test_a_document_is_kept_once_and_begins_runs(served: Any) -> None:
    """The same bytes are one document; runs and jobs read exactly it, and no other tenant does."""
    first = await _hand_in(served, "../a.txt", TEXT)
    again = await _hand_in(served, "b.txt", TEXT)
    digest = first.json()["digest"]
    order = {"agent": "contract_review", "document": digest}
    run = (await served.ask(ANALYST, "POST", "/v1/runs", json=order)).json()["run_id"]
    asked = json.dumps({"agent": "contract_review", "documents": [digest]})
    form = {"files": {"job": (None, asked)}}
    job = await served.ask(ANALYST, "POST", "/v1/jobs", **form)
    foreign = [
        await served.ask(STRANGER, "GET", f"{PLACE}/{digest}"),
        await served.ask(STRANGER, "POST", "/v1/runs", json=order),
        await served.ask(STRANGER, "POST", "/v1/jobs", **form),
    ]
    read = await served.home.library.submitted(run)
    home = served.home

    assert (first.status_code, first.json()["name"]) == (201, "a.txt")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (str(read.path), read.data) == ("a.txt", TEXT)
    assert len(job.json()["runs"]) == 1
    assert {one.status_code for one in foreign} == {404}
    assert (await served.ask(STRANGER, "GET", PLACE)).json()["data"] == []
    assert await differences(home.store, home.vault) == []
    assert (await verified(home.store, home.vault, home.ledger)).problems == []


async def test_documents_are_listed_page_by_page(served: Any) -> None:
    """Newest first, each once; what is no document is not kept, and says which part is at fault."""
    sent = [
        (await _hand_in(served, f"{number}.txt", TEXT + b"%d" % number)).json()
        for number in range(3)
    ]
    wrong = await _hand_in(served, "c.png", b"\x89PNG\r\n\x1a\n")
    first = (await served.ask(ANALYST, "GET", f"{PLACE}?limit=2")).json()
    rest = await served.ask(ANALYST, "GET", f"{PLACE}?limit=2&cursor={first['next']}")
    names = [row["digest"] for row in [*first["data"], *rest.json()["data"]]]
    one = await served.ask(ANALYST, "GET", f"{PLACE}/{sent[0]['digest']}")

    assert sorted(names) == sorted(row["digest"] for row in sent)
    assert (len(first["data"]), rest.json()["next"]) == (2, None)
    assert one.json() == sent[0]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "file")


async def test_a_document_is_erased_once_no_run_needs_it(served: Any) -> None:
    """Who may not, another tenant and an open run keep it from going; once gone nothing of it is
    there, the ledger says so and verifies, and the same bytes may come again.
    """
    text = TEXT + b"To be erased."
    digest = (await _hand_in(served, "e.txt", text)).json()["digest"]
    order = {"agent": "contract_review", "document": digest}
    run = (await served.ask(ANALYST, "POST", "/v1/runs", json=order)).json()["run_id"]
    place = f"{PLACE}/{digest}"
    other = replace(ADMIN, tenant="other")
    codes = [
        (await served.ask(person, "DELETE", place)).json()["code"]
        for person in (ANALYST, other, ADMIN)
    ]
    await served.home.runs.cancel(run, by="ana")
    gone = await served.ask(ADMIN, "DELETE", place)
    after = [
        (await served.ask(ANALYST, "GET", place)).status_code,
        (await served.ask(ANALYST, "POST", "/v1/runs", json=order)).status_code,
        (await served.ask(ADMIN, "DELETE", place)).status_code,
    ]
    home = served.home

    assert codes == ["not_permitted", "not_found", "in_use"]
    assert (gone.status_code, gone.content) == (204, b"")
    assert after == [404] * 3
    assert await differences(home.store, home.vault) == []
    assert (await verified(home.store, home.vault, home.ledger)).problems == []
    again = await _hand_in(served, "f.txt", text)
    assert (again.status_code, again.json()["name"]) == (201, "f.txt")
    assert await differences(home.store, home.vault) == []
