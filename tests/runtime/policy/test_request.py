"""Requests: what of a name counts when two names are compared, and what an engine is asked."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.question import question
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Amounts,
    ApprovalFact,
    BudgetFacts,
    Context,
    KillFact,
    Principal,
    Resource,
    RunFacts,
    SubjectFacts,
    identity,
)
from interlock.runtime.record.events import HOME


@pytest.mark.parametrize(
    "name",
    [
        "ANN BEE",
        " ann bee ",
        "\uff41nn bee",
        "an\u200bn bee",
        "a\u00adnn bee",
        "\u202eann bee",
        "ann\ufeff bee",
        "ann  bee",
        "ann\u00a0bee",
        "ann\u2028bee",
        "ann\x00 bee",
        "a\ufe0fnn bee",
    ],
)
def test_one_name_in_other_letters_is_one_person(name: str) -> None:
    """Case, width, spaces and characters that cannot be seen make no other person."""
    assert identity(name) == identity("ann bee")


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u2060\u00ad", "\x00"])
def test_a_name_of_which_nothing_is_seen_is_none(name: str) -> None:
    """Such a name is nobody's, so that the policy and the verdict refuse the person."""
    assert identity(name) == ""


@pytest.mark.parametrize("name", ["anne bee", "an bee", "\u00e4nn bee", "annbee"])
def test_other_names_stay_other_people(name: str) -> None:
    """Letters and accents count."""
    assert identity(name) != identity("ann bee")


@pytest.mark.parametrize("arguments", [{}, {"a": [1, "b", {"c": None}]}])
def test_an_engine_is_asked_the_whole_request(arguments: dict[str, Any]) -> None:
    """The parts that are written once for all documents say all that the request says."""
    some = Amounts(money_micro=1, tokens=2, steps=3, effects=4, wall_ms=5)
    label = Label(integrity="untrusted", confidentiality="internal", sources=("web",))
    request = AccessRequest(
        principal=Principal(id="p", tenant="d", roles=("r",), on_behalf_of="ana"),
        action=Action(tool="note.write", action_class="write", arguments=arguments),
        resource=Resource(type="note", id="1", clearance="internal"),
        context=Context(
            now=1,
            run=RunFacts(id="r", agent="a", autonomy=1, refusals=2, revision="v"),
            schema_valid=True,
            labels={"a": label},
            cost=some,
            budget=BudgetFacts(limits=some, spent=some, reserved=some),
            approvals=(
                ApprovalFact(
                    id="1",
                    verdict="approved",
                    reviewer="rita",
                    reviewer_roles=("reviewer",),
                    requester="ana",
                    expires=9,
                    revision="v",
                    used=False,
                    seat="legal",
                    role="counsel",
                ),
            ),
            kill_switches=(KillFact(scope="all", id=""),),
            tool_schema="s",
            subject=SubjectFacts(tenant="d"),
            version=2,
        ),
    )

    named = dict.fromkeys(arguments, True)
    assert question(request, {"note.write": named}) == canonical(request.document())
    assert canonical(request.asked()) == canonical(
        {
            "principal": request.document()["principal"],
            "arguments": arguments,
            "resource": request.document()["resource"],
            "context": request.document()["context"],
        }
    )


@pytest.mark.parametrize("tenant", [HOME, "@other", "a\udc80", "a\nb", " a", "a" * 65])
def test_a_tenant_has_a_name_of_its_own(tenant: str) -> None:
    """No tenant has the log of the home or a name that cannot be written: the principal is none."""
    with pytest.raises(BadInput) as refused:
        Principal(id="ann", tenant=tenant, roles=())

    assert refused.value.code == "invalid"


@pytest.mark.parametrize("names", [{"id": "a\udc80"}, {"on_behalf_of": "a\udc80"}])
def test_a_person_has_a_name_that_can_be_written(names: dict[str, Any]) -> None:
    """Half a character is no name: whatever records the name would fail."""
    with pytest.raises(BadInput):
        replace(Principal(id="ann", tenant="acme", roles=()), **names)


@pytest.mark.parametrize("tenant", ["home", "a b", "J\u00f6rg & Co", "a@b", "a" * 64])
def test_any_other_name_is_a_tenants(tenant: str) -> None:
    """Letters of any script, spaces and signs are as good."""
    assert Principal(id="ann", tenant=tenant, roles=()).tenant == tenant
