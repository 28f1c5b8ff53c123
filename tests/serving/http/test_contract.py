"""The OpenAPI document and the server are one: every route, every role, every tenant."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import pytest
import yaml

from interlock.evals.api.things import Things
from interlock.evals.api.trial import attempt
from interlock.runtime.policy.request import Principal
from interlock.serving.http.openapi import ACTS, operations

ROOT: Final = Path(__file__).resolve().parents[3]
DOCUMENT: Final = ROOT / "docs" / "openapi.json"
ROLES: Final = (
    "analyst",
    "reviewer",
    "administrator",
    "auditor",
    "enforcement_point",
)
ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
NOBODY: Final = Principal(id="nemo", tenant="default", roles=())
STRANGER: Final = Principal(id="ana", tenant="other", roles=ROLES)
OPEN: Final = frozenset({"alive", "ready", "access_metadata", "access_keys"})
#: Of the application that opened the task alone: tests/serving/access
OTHER_RULES: Final = ("role_missing", "egress_host", "not_requester")
TASKS: Final = frozenset({"access_task", "cancel_access_task"})
ASKED: Final = {
    "subject": {"type": "user", "id": "rick"},
    "action": {"name": "todo.read"},
    "resource": {"type": "todo", "id": "1"},
}
#: Of the whole home: whoever is granted it sees the same from every tenant
OF_HOME: Final = frozenset({"get_release", "get_rollout"})
STREAMS: Final = frozenset({"follow_run"})
ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "start_run": {"json": ORDER},
    "submit_job": {
        "data": {"job": json.dumps({"agent": "contract_review"})},
        "files": [("files", ("a.txt", b"This Agreement is made. " * 20))],
    },
    "decide_approval": {
        "json": {"verdict": "rejected", "evidence_digest": "0", "note": "No."}
    },
    "hand_in_document": {
        "files": [("file", ("b.txt", b"This Agreement is kept. " * 20))]
    },
    "edit_approval": {
        "json": {"evidence_digest": "0", "arguments": {}, "note": "Shorter."}
    },
    "delegate_approval": {"json": {"to": "rick", "note": "He knows it."}},
    "escalate_approval": {"json": {"to": "administrator", "note": "Too large."}},
    "ask_about_approval": {"json": {"note": "Whose address is it?"}},
    "answer_about_approval": {"json": {"note": "It is our counsel's."}},
    "widen_run": {"json": {"effects": {"message.send": None}, "note": "It may."}},
    "raise_budget": {"json": {"kind": "tokens", "amount": 1}},
    "access_evaluation": {"json": ASKED},
    "access_evaluations": {"json": ASKED},
    "access_request": {"json": ASKED},
    "add_webhook": {"json": {"url": "https://hook.example/", "events": ["job.ended"]}},
    "rotate_webhook": {"json": {}},
    "set_budget": {"json": {"kind": "tokens", "limit": 10**9}},
    **{
        name: {"json": {"note": "Read and agreed."}}
        for name in (
            "promote_release",
            "roll_back_release",
            "pause_rollout",
            "resume_rollout",
            "stop_rollout",
        )
    },
}
QUERIES: Final = {"prove_inclusion": "?seq=0", "prove_consistency": "?first=1"}


@pytest.fixture
async def used(serve: Any, reviewed: Path, tmp_path: Path) -> AsyncIterator[Any]:
    """A home with a run, an approval, a job and a document, served."""
    folder = Path(shutil.copytree(reviewed, tmp_path / "copy"))
    async with serve(folder, rate=10**6, burst=10**6) as served:
        yield served


async def _ids(used: Any) -> dict[str, str]:
    reviewer = Principal(id="rhea", tenant="default", roles=("reviewer",))
    listed = await used.ask(reviewer, "GET", "/v1/approvals")
    [approval] = listed.json()["data"]
    job = await used.ask(ANALYST, "POST", "/v1/jobs", **BODIES["submit_job"])
    run = approval["run_id"]
    kept = await used.ask(
        ANALYST,
        "POST",
        "/v1/documents",
        files={"file": ("a.txt", b"It binds nobody.", "text/plain")},
    )
    things = Things(home=used.home, client=used.client)
    return {
        **await things.webhook(),
        **await things.release(),
        **await things.rollout(),
        "approval_id": approval["id"],
        "run_id": run,
        "document_id": run,
        "budget_id": run,
        "digest": kept.json()["digest"],
        "job_id": job.json()["job"],
        "task_id": run,
    }


def _where(path: str, name: str, ids: dict[str, str]) -> str:
    """Return the address of what is there; what is erased is no document that a run has read."""
    known = ids | {"document_id": ids["digest"]} if name == "erase_document" else ids
    return path.format(**known) + QUERIES.get(name, "")


def _body(name: str, ids: dict[str, str]) -> dict[str, Any]:
    """Return what is sent to the operation."""
    if name == "start_rollout":
        return {"json": {"release": ids["release"], "note": "Read and agreed."}}
    return BODIES.get(name, {})


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in OPEN | STREAMS
    ]


async def test_the_document_is_the_one_that_is_committed(served: Any) -> None:
    """It is what is served; `python -m interlock.evals.api -o docs/openapi.json` writes it anew."""
    assert json.loads(DOCUMENT.read_text("utf-8")) == served.app.openapi()


async def test_the_document_tells_everything(served: Any) -> None:
    """Every operation has words, an act, an example of its answer that fits its schema, and says
    how it refuses whoever may not.
    """
    document = served.app.openapi()
    schemas = document["components"]["schemas"]
    named = {operation["operationId"] for operation in operations(document)}
    incomplete = []
    for operation in operations(document):
        texts = [operation.get("summary"), operation.get("description")]
        answers = [a for a in operation["responses"].values() if "content" in a]
        examples = [
            one
            for answer in answers
            for content in answer["content"].values()
            for one in ("example" in content, "examples" in content)
        ]
        is_open = operation["operationId"] in OPEN
        is_refused = {"401", "403"} <= set(operation["responses"])
        if not all(texts) or not any(examples) or is_open == is_refused:
            incomplete.append(operation["operationId"])
        for answer in answers:
            content = answer["content"].get("application/json")
            if content:
                jsonschema.validate(
                    content["example"],
                    {**content["schema"], "components": {"schemas": schemas}},
                )

    assert incomplete == []
    assert named == set(ACTS) | OPEN


async def test_nobody_gets_in_without_a_credential(served: Any) -> None:
    """Every route but health asks who is asking, before anything else."""
    answers = {}
    for method, path, operation in _operations(served.app.openapi()):
        for headers in ({}, {"Authorization": "Bearer ilk_wrong"}, {"Cookie": "a=b"}):
            answer = await served.ask(None, method, path, headers=headers)
            answers[operation["operationId"], answer.status_code] = answer.json()[
                "code"
            ]

    assert {status for _, status in answers} == {401}
    assert set(answers.values()) == {"not_authenticated"}


async def test_a_role_does_what_the_policy_grants_it_and_nothing_else(
    used: Any,
) -> None:
    """Route by role: 403 exactly where the data of the policy has no grant."""
    config = yaml.safe_load((ROOT / "policies/rails/config/data.yaml").read_text())
    ids = await _ids(used)
    wrong = []
    for method, path, operation in _operations(used.app.openapi()):
        name = operation["operationId"]
        where = _where(path, name, ids)
        for role in (*ROLES, ""):
            who = Principal(
                id=role or "nemo", tenant="default", roles=(role,) if role else ()
            )
            answer = await used.ask(who, method, where, **_body(name, ids))
            granted = any(
                ACTS[name] in config["grants"].get(holder, ())
                for holder in (role, "everyone")
            )
            is_missing = answer.status_code == 404 and name not in TASKS
            # Whoever is granted it is still not asked while nobody passes it up, goes to no host
            # that is not listed, and widens no run of somebody else.
            is_other_rule = "not_granted" not in answer.text and any(
                code in answer.text for code in OTHER_RULES
            )
            is_let_in = answer.status_code != 403 or is_other_rule
            if is_let_in != granted or is_missing:
                wrong.append((name, role, answer.status_code, answer.text[:200]))

    assert wrong == []


async def test_nothing_of_a_tenant_is_there_for_another(used: Any) -> None:
    """Route by tenant: a foreign id is 404 as an unknown one, and no list holds anything of it;
    a release is of the home.
    """
    ids = await _ids(used)
    of_home = {ids["release"], ids["rollout"]}
    secrets = {*ids.values(), "legal@example.com", "opera"} - of_home
    wrong = []
    for method, path, operation in _operations(used.app.openapi()):
        name = operation["operationId"]
        where = _where(path, name, ids)
        answer = await used.ask(STRANGER, method, where, **_body(name, ids))
        shown = [secret for secret in secrets if secret in answer.text]
        expected = 404 if "{" in path else None
        expected = 200 if name in OF_HOME else expected
        is_wrong = expected is not None and answer.status_code != expected
        if is_wrong or shown or answer.status_code >= 500:
            wrong.append((name, answer.status_code, shown, answer.text[:200]))

    assert wrong == []
    assert (await used.home.runs.read(ids["run_id"])).status == "waiting"


def test_made_up_requests_bring_about_no_defect(tmp_path: Path) -> None:
    """Whatever is sent, the answer is documented; `python -m interlock.evals.api` sends more."""
    outcome = attempt(tmp_path, examples=2)

    assert outcome.failures == []
    assert outcome.held
