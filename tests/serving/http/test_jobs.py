"""`/v1/jobs` and `/v1/documents`: many documents in one request, and what became of them."""

import json
from pathlib import Path
from typing import Any, Final

from interlock.runtime.policy.request import Principal
from interlock.serving.worker import Worker

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
STRANGER: Final = Principal(id="ana", tenant="other", roles=("analyst",))
JOB: Final = json.dumps({"agent": "contract_review"})


async def _submit(served: Any, *files: tuple[str, bytes]) -> Any:
    return await served.ask(
        ANALYST,
        "POST",
        "/v1/jobs",
        data={"job": JOB},
        files=[("files", file) for file in files],
    )


async def test_each_document_gets_one_run(served: Any, contract: Path) -> None:
    """What is no document is told with its reason, and handing in again begins nothing twice."""
    files = (("a.pdf", contract.read_bytes()), ("b.png", b"\x89PNG\r\n\x1a\n"))
    first = (await _submit(served, *files)).json()
    again = (await _submit(served, *files)).json()
    shown = await served.ask(ANALYST, "GET", f"/v1/jobs/{first['job']}?limit=1")
    rest = await served.ask(
        ANALYST, "GET", f"/v1/jobs/{first['job']}?cursor={shown.json()['next']}"
    )
    listed = await served.ask(ANALYST, "GET", "/v1/jobs")

    assert len(first["runs"]) == len(first["skipped"]) == 1
    assert (again["job"], again["runs"], again["before"]) == (first["job"], [], 2)
    assert [item["path"] for item in shown.json()["items"]] == ["a.pdf"]
    assert [item["path"] for item in rest.json()["items"]] == ["b.png"]
    assert [row["job"] for row in listed.json()["data"]] == [first["job"]]


async def test_a_job_is_turned_and_its_results_are_exported(
    served: Any, contract: Path
) -> None:
    """Paused, let go on, worked off, exported; and nobody of another tenant comes near it."""
    text = b"This Agreement is governed by the laws of England. " * 20
    job = (await _submit(served, ("a.txt", text))).json()["job"]
    states = []
    for turn in ("pause", "resume", "retry"):
        answer = await served.ask(ANALYST, "POST", f"/v1/jobs/{job}/{turn}")
        foreign = await served.ask(STRANGER, "POST", f"/v1/jobs/{job}/{turn}")
        states.append(answer.json()["status"])
        assert foreign.status_code == 404
    worker = Worker(
        served.home.runtime,
        pace=served.home.settings.worker,
        shares={},
        told=lambda turn: None,
    )
    await worker.work("idle")
    results = await served.ask(ANALYST, "GET", f"/v1/jobs/{job}/results")
    workbook = await served.ask(ANALYST, "GET", f"/v1/jobs/{job}/results?format=xlsx")
    documents = (await served.ask(ANALYST, "GET", "/v1/documents/read")).json()["data"]
    whole = await served.ask(
        ANALYST, "GET", f"/v1/documents/{documents[0]['digest']}/text"
    )
    foreign = [
        await served.ask(STRANGER, "GET", f"/v1/documents/{documents[0]['digest']}"),
        await served.ask(STRANGER, "GET", f"/v1/jobs/{job}/results"),
    ]
    cancelled = await served.ask(ANALYST, "POST", f"/v1/jobs/{job}/cancel")
    after = await served.ask(ANALYST, "POST", f"/v1/jobs/{job}/pause")

    assert states == ["paused", "open", "open"]
    assert len(results.text.splitlines()) == 1
    assert workbook.content[:2] == b"PK"
    assert whole.json()["text"].startswith("This Agreement")
    assert {one.status_code for one in foreign} == {404}
    assert cancelled.json()["status"] == "cancelled"
    assert (after.status_code, after.json()["code"]) == (409, "job_ended")
