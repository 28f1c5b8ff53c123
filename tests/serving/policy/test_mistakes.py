"""A mistake in policy data is one finding with its code, its file and its place."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.finding import Unfit
from interlock.serving.policy.overlay import overlaid

Written: TypeAlias = Callable[[str, str], Path]

TOOL = "tools: {x.y: {action_class: pure, egress: none, arguments: {a: {}}"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (
            "tools: {mail.send: {action_class: irreversibel}}",
            "not_one_of",
            "tools.mail.send.action_class",
        ),
        ("approval: {ttl_s: 1 day}", "wrong_type", "approval.ttl_s"),
        ("approval: {ttl_s: 1.5}", "not_canonical", "approval.ttl_s"),
        ("grants: {analyst: mail.send}", "wrong_type", "grants.analyst"),
        ("grants: {analyst: [mail.sent]}", "unknown_tool", "grants.analyst"),
        ("grants: {analyst: [1]}", "wrong_type", "grants.analyst.0"),
        ("grants: {a.planer: [mail.send]}", "not_one_of", "grants.a.planer"),
        ("grants: {a.planner: [run.start]}", "unknown_tool", "grants.a.planner"),
        ("grant: {analyst: []}", "unknown_field", "grant"),
        ("tools: {x.y: {action_class: pure}}", "missing", "tools.x.y.egress"),
        (
            f"{TOOL}, trusted_arguments: [b]}}}}",
            "unknown_argument",
            "tools.x.y.trusted_arguments",
        ),
        (
            f"{TOOL}, recipients: [b]}}}}",
            "unknown_argument",
            "tools.x.y.recipients",
        ),
        (
            f"{TOOL}, critical_arguments: [b]}}}}",
            "unknown_argument",
            "tools.x.y.critical_arguments",
        ),
        (
            f"{TOOL}, named_arguments: [b]}}}}",
            "unknown_argument",
            "tools.x.y.named_arguments",
        ),
        (f"{TOOL}, requires: [x.z]}}}}", "unknown_tool", "tools.x.y.requires"),
        (
            "approval: {quorums: [{tool: x.z, needs: [{role: reviewer, count: 2}]}]}",
            "unknown_tool",
            "approval.quorums",
        ),
        (
            "acts: {run.strat: {action_class: write, waives: [], arguments: {}}}",
            "unknown_act",
            "acts.run.strat",
        ),
        (f"{TOOL}, effect: [x.sent]}}}}", "unknown_kind", "tools.x.y.effect"),
        (
            f"{TOOL}, effect: [[message.send, x.sent]]}}}}",
            "unknown_kind",
            "tools.x.y.effect",
        ),
        ("intent: {outward: [x.sent]}", "unknown_kind", "intent.outward"),
        (
            "intent: {kinds: {x.sent: {a way: {verbs: [x], places: [letters]}}}}",
            "unknown_thing",
            "intent.kinds.x.sent.a way.places",
        ),
        (
            "tools: {mail.send: {arguments: {cc: {shown: false}}}}",
            "not_shown",
            "tools.mail.send.arguments.cc",
        ),
        (
            "acts: {approval.decide: {arguments: {note: {shown: null}}}}",
            "not_shown",
            "acts.approval.decide.arguments.note",
        ),
        (
            "autonomy: {unattended_irreversible: [document.read]}",
            "not_irreversible",
            "autonomy.unattended_irreversible",
        ),
        (
            "autonomy: {proved_irreversible: [report.write]}",
            "not_irreversible",
            "autonomy.proved_irreversible",
        ),
    ],
)
def test_a_mistake_names_its_file_its_place_and_its_code(
    written: Written, shipped: Bundle, text: str, code: str, place: str
) -> None:
    """What a policy author mistypes is refused before any run, with the place to correct."""
    with pytest.raises(Unfit) as caught:
        overlaid(shipped, written("data.yaml", text))

    finding = caught.value.findings[0]
    assert (finding.code, finding.where) == (code, f"policies/data.yaml: {place}")
    assert "pydantic" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tool_that_is_removed_must_not_be_granted(
    written: Written, shipped: Bundle
) -> None:
    """A shipped grant of a tool that the workspace removed is a mistake to decide on."""
    with pytest.raises(Unfit) as caught:
        overlaid(shipped, written("data.yaml", "tools: {mail.send: null}"))

    assert {(finding.code, finding.where) for finding in caught.value.findings} == {
        ("unknown_tool", "the shipped rails: grants.contract_analyst.planner"),
        ("unknown_tool", "the shipped rails: grants.contract_review.planner"),
    }


def test_every_mistake_is_found(written: Written, shipped: Bundle) -> None:
    """An author corrects a file once, not once for every mistake."""
    with pytest.raises(Unfit) as caught:
        overlaid(
            shipped,
            written("data.yaml", "approval: {ttl_s: x, role: 7}\nlimits: {refusal: 1}"),
        )

    assert {finding.code for finding in caught.value.findings} == {
        "wrong_type",
        "unknown_field",
    }
