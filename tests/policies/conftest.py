"""Requests to start from, and the committed bundle behind each engine."""

import contextlib
import dataclasses
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson
import pytest
from opapywasm import OpaWasmPolicy, PolicyConfig

from interlock.runtime.policy.act import Act, persons_act
from interlock.runtime.policy.engine.archive import unpack
from interlock.runtime.policy.label import TRUSTED, Label
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    ApprovalFact,
    BudgetFacts,
    Context,
    IntentFacts,
    KillFact,
    Principal,
    Resource,
    RunFacts,
    SubjectFacts,
)
from interlock.serving.policy.build import BUNDLES, ENTRYPOINT, POLICIES
from interlock.serving.policy.opa import Opa, find_opa

#: Parsed JSON
Json: TypeAlias = Any
Document: TypeAlias = dict[str, Json]
#: One engine: the bytes of an input document in, the decision out
Engine: TypeAlias = Callable[[bytes], Json]


@pytest.fixture(scope="session")
def opa() -> Opa:
    """The OPA of this machine; without one these tests fail."""
    return find_opa()


@pytest.fixture(scope="session")
def bundle() -> dict[str, bytes]:
    """The files of the committed bundle."""
    return unpack(BUNDLES[POLICIES].read_bytes())


@pytest.fixture(scope="session")
def data(bundle: dict[str, bytes]) -> Document:
    """What the bundle knows: configuration, revision, messages."""
    rails: Document = json.loads(bundle["data.json"])["rails"]
    return rails


@pytest.fixture(scope="session")
def module(bundle: dict[str, bytes]) -> Iterator[OpaWasmPolicy]:
    """The Wasm module of the bundle, without data."""
    with OpaWasmPolicy.from_wasm_bytes(
        bundle["policy.wasm"], PolicyConfig(parse_raw_json_input=False)
    ) as policy:
        yield policy


@pytest.fixture
def embedded(module: OpaWasmPolicy, bundle: dict[str, bytes]) -> Engine:
    """The engine in this process."""
    module.set_data(bundle["data.json"])
    return lambda document: module.evaluate(document, ENTRYPOINT)


@pytest.fixture(scope="session")
def served(opa_server: int) -> Iterator[Engine]:
    """An OPA server on the same bundle."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", opa_server, timeout=10)
    ) as connection:
        yield lambda document: _ask(connection, document)


def _ask(connection: http.client.HTTPConnection, document: bytes) -> Json:
    connection.request(
        "POST", f"/v1/data/{ENTRYPOINT}", body=b'{"input":' + document + b"}"
    )
    response = connection.getresponse()
    content = response.read()
    assert response.status == 200, content
    return orjson.loads(content)["result"]


@pytest.fixture(scope="session")
def permitted(data: Document) -> dict[str, Document]:
    """Requests that every rule lets through, by what they are."""
    revision = data["build"]["revision"]
    mail = _request(
        data,
        Action(
            tool="mail.send",
            action_class="irreversible",
            arguments={
                "to": ["bob@example.com"],
                "cc": ["Ann@example.com"],
                "subject": "Review",
                "body": "x" * 9,
            },
        ),
        Resource(type="mail", id="example.com", clearance="internal"),
    )
    writing = Action(
        tool="report.write", action_class="write", arguments={"document": "d1"}
    )
    write = _request(data, writing, Resource(type="report", id="d1"))
    reading = Action(
        tool="document.read", action_class="read", arguments={"path": "contracts/a.pdf"}
    )
    verdict = _act(
        revision,
        "approval.decide",
        Principal(id="rita", tenant="demo", roles=("reviewer",)),
        {
            "approval": "a1",
            "verdict": "approved",
            "shown": "0" * 64,
            "note": "Checked.",
        },
        SubjectFacts(
            tenant="demo",
            person="rita",
            requester="ann",
            agent="contract_review",
            role="reviewer",
            canaries=(),
        ),
    )
    analyst = Principal(id="ann", tenant="demo", roles=("analyst",))
    own = SubjectFacts(tenant="demo", person="ann", requester="ann")
    cancel = _act(revision, "run.cancel", analyst, {"run": "r1"}, own)
    administrator = Principal(id="ada", tenant="demo", roles=("administrator",))
    stop = _act(
        revision, "kill_switch.engage", administrator, {"scope": "all", "id": ""}, None
    )
    return {
        "read": _request(data, reading, Resource(type="document", id="a.pdf")),
        "write": write,
        "write that waits": changed(write, "context.run.autonomy", to=1),
        "mail that waits": mail,
        "mail that waits again": approved(mail, expires=900),
        "mail approved": approved(mail),
        "mail approved at level 1": changed(
            approved(mail), "context.run.autonomy", to=1
        ),
        "verdict": verdict,
        "cancel": cancel,
        "stop of everything": stop,
        "release while everything is stopped": changed(
            changed(stop, "action.tool", to="kill_switch.release"),
            "context.kill_switches",
            to=[_written(KillFact(scope="all", id=""))],
        ),
    }


@pytest.fixture(scope="session")
def denied(permitted: dict[str, Document]) -> dict[str, Document]:
    """Requests that one reason refuses, by the code of the reason."""
    read, write, mail = (
        permitted["read"],
        permitted["write"],
        permitted["mail that waits"],
    )
    verdict, cancel = permitted["verdict"], permitted["cancel"]
    untrusted = _written(
        Label(
            integrity="untrusted", confidentiality="internal", sources=("document:d1",)
        )
    )
    secret = _written(Label(integrity="trusted", confidentiality="confidential"))
    return {
        "not_granted": changed(read, "principal.roles", to=["reviewer"]),
        "not_offered": changed(write, "context.offered", to=["mail.send"]),
        "class_mismatch": changed(write, "action.action_class", to="read"),
        "approval_rejected": approved(mail, verdict="rejected"),
        "approval_unentitled": approved(mail, reviewer_roles=("analyst",)),
        "self_approval": approved(mail, reviewer="ann"),
        "approvals_unknown": changed(mail, "context.approvals", to=None),
        "budget_exceeded": changed(write, "context.budget.spent.tokens", to=2**53 - 1),
        "budget_unknown": changed(write, "context.cost.tokens", to=-1),
        "too_many_questions": changed(mail, "context.open_approvals.run", to=10),
        "too_many_refusals": changed(write, "context.run.refusals", to=5),
        "schema_invalid": changed(write, "context.schema_valid", to=False),
        "arguments_unknown": changed(write, "action.arguments", to=None),
        "argument_unknown": changed(write, "action.arguments.force", to=True),
        "argument_limit": changed(
            read, "action.arguments.path", to={"chars": 4097, "sha256": "0"}
        ),
        "egress_recipient": changed(
            mail, "action.arguments.to", to=["bob@evil.test@example.com"]
        ),
        "egress_domain": changed(mail, "action.arguments.to", to=["eve@evil.test"]),
        "untrusted_destination": changed(mail, "context.labels.to", to=untrusted),
        "clearance": changed(mail, "context.labels.body", to=secret),
        "unknown_label": changed(mail, "context.labels.body.integrity", to="blessed"),
        "autonomy_level": changed(write, "context.run.autonomy", to=0),
        "killed": changed(
            write,
            "context.kill_switches",
            to=[_written(KillFact(scope="tool", id="report.write"))],
        ),
        "kill_switch_unknown": changed(write, "context.kill_switches", to=None),
        "not_a_person": changed(
            changed(verdict, "principal.id", to="agent:1"), "context.run.autonomy", to=2
        ),
        "not_an_agent": changed(write, "principal.on_behalf_of", to=None),
        "own_edit": changed(verdict, "context.subject.editors", to=["bob", "rita"]),
        "own_request": changed(verdict, "context.subject.requester", to="rita"),
        "outside_plan": changed(write, "context.plan.stated", to=True),
        "requester_unknown": changed(verdict, "context.subject.requester", to=""),
        "wrong_tenant": changed(cancel, "context.subject.tenant", to="other"),
        "note_missing": changed(verdict, "action.arguments.note", to=" . "),
        "role_missing": changed(verdict, "context.subject.role", to="counsel"),
        "tool_drifted": changed(write, "context.tool_schema", to="0" * 64),
        "handle_unknown": changed(
            changed(write, "context.unread.bits", to=16),
            "context.unread.fault",
            to="unknown",
        ),
        "unread_spent": changed(write, "context.unread.bits", to=2**53 - 1),
        "unread_unknown": changed(write, "context.unread", to=None),
        "revision_mismatch": changed(write, "context.run.revision", to="another"),
    }


def _act(
    revision: str,
    act: Act,
    person: Principal,
    arguments: dict[str, Json],
    subject: SubjectFacts | None,
) -> Document:
    request = persons_act(
        act,
        person=person,
        arguments=arguments,
        resource=Resource(type="run", id="r1"),
        subject=subject,
        now=1000,
        revision=revision,
    )
    return request.document()


def changed(document: Document, path: str, *, to: object) -> Document:
    """Return a copy of *document* with one place set."""
    copy: Document = orjson.loads(orjson.dumps(document))
    *parents, last = path.split(".")
    place = copy
    for parent in parents:
        place = place[parent]
    place[last] = to
    return copy


def approved(document: Document, **facts: Json) -> Document:
    """Return a copy of *document* with one verdict on it: a good one, but for *facts*."""
    good = ApprovalFact(
        id="a1",
        verdict="approved",
        reviewer="rita",
        reviewer_roles=("reviewer",),
        requester="ann",
        expires=2000,
        revision=document["context"]["run"]["revision"],
        used=False,
        seat="reviewer",
        role="reviewer",
    )
    return changed(
        document, "context.approvals", to=[_written(dataclasses.replace(good, **facts))]
    )


def _request(data: Document, action: Action, resource: Resource) -> Document:
    revision = data["build"]["revision"]
    limits = Amounts(money_micro=100, tokens=100, steps=100, effects=100, wall_ms=100)
    spent = Amounts(money_micro=5, tokens=40, steps=3)
    request = AccessRequest(
        principal=Principal(
            id="agent:1", tenant="demo", roles=("contract_review",), on_behalf_of="ann"
        ),
        action=action,
        resource=resource,
        context=Context(
            now=1000,
            run=RunFacts(
                id="r1",
                agent="contract_review",
                autonomy=2,
                refusals=0,
                revision=revision,
            ),
            schema_valid=True,
            labels=dict.fromkeys(action.arguments, TRUSTED),
            actionable=dict.fromkeys(action.arguments, TRUSTED),
            cost=Amounts(tokens=10, steps=1, effects=1, wall_ms=20),
            budget=BudgetFacts(limits=limits, spent=spent, reserved=Amounts(tokens=50)),
            tool_schema=data["config"]["tools"][action.tool]["schema"],
            proposer="steps" if action.tool == "document.read" else "planner",
            offered=("mail.send", "report.write"),
            intent=IntentFacts(spoken=False),
            version=FACTS,
        ),
    )
    return request.document()


def _written(value: object) -> Document:
    document: Document = orjson.loads(orjson.dumps(value))
    return document
