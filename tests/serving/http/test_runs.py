"""`/v1/runs`: a run is there before the answer, once for each key, and read by its own tenant."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries
from interlock.serving.worker import Worker

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
OTHER: Final = Principal(id="ben", tenant="default", roles=("analyst",))
STRANGER: Final = Principal(id="ana", tenant="other", roles=("analyst",))
ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}


async def _start(served: Any, who: Principal = ANALYST, **more: Any) -> Any:
    return await served.ask(who, "POST", "/v1/runs", **{"json": ORDER, **more})


async def test_a_run_is_recorded_before_the_answer(served: Any) -> None:
    """202 means that the run and its permit are durable, and that a worker carries it on."""
    answer = await _start(served)
    run_id = answer.json()["run_id"]
    run = await served.home.runs.read(run_id)
    recorded = await entries(served.home.store, served.home.vault, run_id=run_id)

    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/runs/{run_id}"
    assert (run.status, run.fence) == ("queued", 0)
    assert {one["body"]["event"] for one in recorded} >= {"run_started", "act"}


async def test_the_same_key_begins_one_run(served_twice: Any) -> None:
    """The same order under a key is answered with the run that it began, however often it comes."""
    key = {"Idempotency-Key": "one"}
    first = await _start(served_twice, headers=key)
    again = await _start(served_twice, headers=key)
    without = await _start(served_twice)
    of_other = await _start(served_twice, OTHER, headers=key)

    assert again.json()["run_id"] == first.json()["run_id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len({a.json()["run_id"] for a in (first, without, of_other)}) == 3


async def test_a_key_stands_for_one_order(served: Any) -> None:
    """Another order under a key that was used begins nothing."""
    key = {"Idempotency-Key": "one"}
    await _start(served, headers=key)
    other = await _start(served, headers=key, json={**ORDER, "priority": 5})

    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert len(await served.home.runs.list()) == 1


async def test_the_document_of_a_form_is_what_the_run_reads(
    served: Any, contract: Path
) -> None:
    """A file comes with its order in one request, and is kept with the run, not with the server."""
    order = json.dumps({"agent": "contract_review"})
    answer = await served.ask(
        ANALYST,
        "POST",
        "/v1/runs",
        data={"order": order},
        files={"file": ("../../etc/contract.pdf", contract.read_bytes())},
    )
    assert answer.status_code == 202, answer.text
    run_id = answer.json()["run_id"]
    kept = await served.home.library.submitted(run_id)
    again = await _start(served, json={"agent": "contract_review", "document": run_id})
    copied = await served.home.library.submitted(again.json()["run_id"])

    assert kept.path == Path("contract.pdf")
    assert kept.data == copied.data == contract.read_bytes()


async def test_a_run_of_the_api_reads_no_file_of_the_server(
    served: Any, contract: Path
) -> None:
    """A path in an order opens nothing: the run has the document that came with it, or none."""
    order = {"agent": "contract_review", "request": {"path": str(contract)}}
    run_id = (await _start(served, json=order)).json()["run_id"]
    worker = Worker(
        served.home.runtime,
        pace=served.home.settings.worker,
        shares={},
        told=lambda turn: None,
    )
    await worker.work("idle")
    shown = (await served.ask(ANALYST, "GET", f"/v1/runs/{run_id}")).json()

    assert shown["status"] == "failed"
    assert shown["decisions"][-1]["failure"]["code"] == "not_submitted"


async def test_the_list_is_walked_by_cursors(served_twice: Any) -> None:
    """Page follows page without a gap, and a cursor is of one list and one tenant."""
    made = [(await _start(served_twice)).json()["run_id"] for _ in range(3)]
    first = (await served_twice.ask(ANALYST, "GET", "/v1/runs?limit=2")).json()
    rest = (
        await served_twice.ask(
            ANALYST, "GET", f"/v1/runs?limit=2&cursor={first['next']}"
        )
    ).json()
    elsewhere = [
        await served_twice.ask(ANALYST, "GET", f"/v1/approvals?cursor={first['next']}"),
        await served_twice.ask(STRANGER, "GET", f"/v1/runs?cursor={first['next']}"),
        await served_twice.ask(ANALYST, "GET", "/v1/runs?cursor=AAAA"),
    ]

    assert {row["run_id"] for row in first["data"] + rest["data"]} == set(made)
    assert (len(first["data"]), len(rest["data"]), rest["next"]) == (2, 1, None)
    assert {(a.status_code, a.json()["code"]) for a in elsewhere} == {
        (422, "bad_cursor")
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/runs/{run}"),
        ("GET", "/v1/runs/{run}/events"),
        ("POST", "/v1/runs/{run}/cancel"),
        ("POST", "/v1/runs/{run}/resume"),
    ],
)
async def test_a_foreign_run_is_answered_as_one_that_nobody_has(
    served: Any, method: str, path: str
) -> None:
    """The two answers differ in nothing but the id of the request."""
    run_id = (await _start(served)).json()["run_id"]
    answers = []
    for asked in (run_id, "run-000000000000"):
        answer = await served.ask(STRANGER, method, path.format(run=asked))
        answers.append(answer.json() | {"request_id": ""})
        assert answer.status_code == 404

    assert answers[0] == answers[1]
    assert (await served.home.runs.read(run_id)).status == "queued"


async def test_a_run_is_cancelled_once(served: Any) -> None:
    """Whoever may, ends a run; ending it again is a conflict."""
    run_id = (await _start(served)).json()["run_id"]
    first = await served.ask(ANALYST, "POST", f"/v1/runs/{run_id}/cancel")
    again = await served.ask(ANALYST, "POST", f"/v1/runs/{run_id}/resume")

    assert first.json() == {"run_id": run_id, "status": "cancelled"}
    assert (again.status_code, again.json()["code"]) == (409, "ended")
