"""`/v1/audit`, `/v1/decisions`, `/v1/policies`, `/v1/budgets` and `/metrics`: read and checked."""

import json
from typing import Any, Final

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.tlog import opened
from interlock.serving.http.server import Place, Server
from interlock.serving.worker import Worker

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
ADMINISTRATOR: Final = Principal(id="ada", tenant="default", roles=("administrator",))
AUDITOR: Final = Principal(id="otto", tenant="default", roles=("auditor",))
STRANGER: Final = Principal(id="otto", tenant="other", roles=("auditor",))
ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}


async def _start(served: Any) -> str:
    answer = await served.ask(ANALYST, "POST", "/v1/runs", json=ORDER)
    run_id: str = answer.json()["run_id"]
    return run_id


async def _get(served: Any, path: str, who: Principal = AUDITOR) -> Any:
    answer = await served.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_export_is_what_the_verifier_takes(served: Any) -> None:
    """The tenant's own log is whole and valid, and what was done in it is there."""
    await _start(served)
    answer = await served.ask(AUDITOR, "POST", "/v1/audit/export")
    records = [json.loads(line) for line in answer.text.splitlines()]
    header, *rest = records
    report = verify(
        iter(rest),
        key=bytes.fromhex(header["public_key"]),
        origin=header["origin"],
        remembered=None,
    )
    tools = [
        json.loads(record["body"]).get("tool")
        for record in rest
        if record["kind"] == "entry"
    ]

    assert (header["log"], report.problems) == ("default", [])
    assert "run.start" in tools


async def test_the_checkpoint_the_entry_and_the_proof_belong_together(
    served_twice: Any,
) -> None:
    """What one asks for piece by piece is one tree, under the key that the head names."""
    await _start(served_twice)
    head = await _get(served_twice, "/v1/audit/log")
    [checkpoint, *_] = (await _get(served_twice, "/v1/audit/checkpoints"))["data"]
    proof = await _get(
        served_twice, f"/v1/audit/inclusion?seq=0&size={checkpoint['size']}"
    )
    grown = await _get(
        served_twice, f"/v1/audit/consistency?first={checkpoint['size']}"
    )
    signed = opened(
        checkpoint["note"],
        origin=head["origin"],
        public=bytes.fromhex(head["public_key"]),
    )
    entries = await _get(served_twice, "/v1/audit/entries?limit=100")

    assert signed == (head["size"], bytes.fromhex(head["root"]))
    assert proof["root"] == grown["root"] == head["root"]
    assert [one["seq"] for one in entries["data"]] == list(range(head["size"]))
    assert await _get(served_twice, "/v1/audit/entries", STRANGER) == {
        "data": [],
        "next": None,
        "shadows": {},
    }


async def test_decisions_are_of_people_and_agents_of_the_own_tenant(
    served: Any,
) -> None:
    """What was decided about a run is listed by run, and nobody else's."""
    run_id = await _start(served)
    of_all = await _get(served, "/v1/decisions")
    of_run = await _get(served, f"/v1/decisions?run={run_id}")
    foreign = await served.ask(STRANGER, "GET", f"/v1/decisions?run={run_id}")

    assert [(one["tool"], one["effect"]) for one in of_run["data"]] == [
        ("run.start", "permit")
    ]
    assert of_all["data"][0]["revision"] == served.home.pdp.revision
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert (await _get(served, "/v1/decisions", STRANGER))["data"] == []


async def test_the_policy_in_force_is_shown_with_its_codes(served: Any) -> None:
    """Whoever may look sees which revision decides, since when, and who is granted what."""
    await _start(served)
    current = await _get(served, "/v1/policies/current")
    changes = await _get(served, "/v1/policies")

    assert current["revision"] == changes["data"][0]["revision"]
    assert "own_request" in current["rules"]["own_request"]
    assert "run.start" in current["grants"]["analyst"]


async def test_a_budget_is_raised_and_set_by_who_may(served: Any) -> None:
    """Limits change by an act that the policy permits, and the answer shows what stands now."""
    run_id = await _start(served)
    path = f"/v1/budgets/{run_id}"
    before = (await _get(served, path))["amounts"]["tokens"]["limit"]
    more = {"kind": "tokens", "amount": 5}
    refused = await served.ask(ANALYST, "POST", f"{path}/raise", json=more)
    raised = await served.ask(ADMINISTRATOR, "POST", f"{path}/raise", json=more)
    limit = {"kind": "steps", "limit": 7}
    tenant = "/v1/budgets/tenant:default"
    changed = await served.ask(ADMINISTRATOR, "PUT", f"{tenant}/limit", json=limit)
    listed = await _get(served, "/v1/budgets")
    foreign = [
        await served.ask(STRANGER, "GET", path),
        await served.ask(STRANGER, "GET", tenant),
    ]

    assert refused.status_code == 403
    assert raised.json()["amounts"]["tokens"]["limit"] == before + 5
    assert changed.json()["amounts"]["steps"]["limit"] == 7
    assert {one["id"] for one in listed["data"]} == {run_id, "tenant:default"}
    assert {one.status_code for one in foreign} == {404}


async def test_tenants_see_what_is_theirs_whoever_asked_before(
    served_twice: Any,
) -> None:
    """Two tenants ask in turn, and each is shown the own runs alone every time."""
    other = Principal(id="ana", tenant="other", roles=("analyst",))
    begun = {}
    for who in (ANALYST, other):
        answer = await served_twice.ask(who, "POST", "/v1/runs", json=ORDER)
        begun[who.tenant] = answer.json()["run_id"]
    for who in (ANALYST, other):
        listed = await _get(served_twice, "/v1/runs", who)
        assert [row["run_id"] for row in listed["data"]] == [begun[who.tenant]]


class Stumbling:
    """A chore that has met defects and went on."""

    defects = 3

    async def work(self) -> None:
        """Do nothing."""

    async def settle(self) -> None:
        """Do nothing."""


async def test_metrics_count_the_own_tenant(served: Any) -> None:
    """Counts are of the caller's tenant, and no label names a thing or a person; how the process
    does is told to the tenant of the settings alone, for it tells of all tenants.
    """
    worker = Worker(
        served.home.runtime,
        pace=served.home.settings.worker,
        shares={},
        told=lambda turn: None,
        chores=[Stumbling()],
    )
    Server(served.app, Place(port=0), worker=worker)
    run_id = await _start(served)
    text = (await served.ask(ADMINISTRATOR, "GET", "/metrics")).text
    other = Principal(id="ada", tenant="other", roles=("administrator",))
    foreign = (await served.ask(other, "GET", "/metrics")).text

    assert 'interlock_runs{status="queued"} 1.0' in text
    assert 'interlock_runs{status="queued"} 0.0' in foreign
    assert 'route="/v1/runs",status="202"' in text.replace('method="POST",', "")
    assert "interlock_worker_defects 3.0" in text
    assert "interlock_http" not in foreign
    assert "interlock_worker" not in foreign
    assert run_id not in text
    assert (await served.ask(AUDITOR, "GET", "/metrics")).status_code == 403
