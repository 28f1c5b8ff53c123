"""A recorded decision is asked again as it was asked then, whatever facts were added since."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from interlock.runtime.policy.abridged import abridged
from interlock.runtime.policy.decision import ENGINE
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.question import question
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.ordinary import ordinary
from interlock.serving.policy.overlay import overlaid
from interlock.serving.policy.replay import recorded, replay


async def test_a_request_from_before_a_fact_was_added_replays(shipped: Bundle) -> None:
    """Without the facts of version 2 a request is one of version 1, and is permitted as it was."""
    (request,) = [
        candidate
        for candidate in ordinary(shipped)
        if candidate.action.tool == "document.read"
        and candidate.principal.roles == ("contract_review",)
    ]
    document: dict[str, Any] = copy.deepcopy(request.document())
    for fact in ("version", "tool_schema", "subject"):
        del document["context"][fact]
    body = {"tool": request.action.tool, "class": request.action.action_class}
    payload = {**document, "arguments": document["action"]["arguments"]}

    replayed = recorded(body, payload)
    point = EmbeddedPoint(shipped)
    decision = await point.decide(replayed)
    point.close()

    assert replayed.context.version == 1
    assert replayed.digest == request.digest
    assert decision.effect == "permit"


def _entry(request: AccessRequest, effect: str, rule: str = "grants") -> dict[str, Any]:
    """Return the ledger entry of a decision on *request*."""
    document = request.document()
    body = {
        "action": request.digest,
        "tool": request.action.tool,
        "class": request.action.action_class,
        "effect": effect,
    }
    payload = {
        **document,
        "arguments": document["action"]["arguments"],
        "reasons": [{"rule": rule, "code": "x", "parameters": {}, "message": ""}],
    }
    return {"body": body, "payload": payload}


async def test_arguments_kept_in_short_replay_as_they_were_seen(
    shipped: Bundle,
) -> None:
    """A long text that no rule reads is asked about by the size and digest that were recorded."""
    (request,) = [
        candidate
        for candidate in ordinary(shipped)
        if candidate.action.tool == "mail.send"
        and candidate.principal.roles == ("contract_review",)
    ]
    arguments = {**request.action.arguments, "body": "long " * 1_000}
    action = replace(request.action, arguments=arguments)
    entry = _entry(replace(request, action=action), "deny")
    entry["payload"]["arguments"] = abridged(action)
    replayed = recorded(entry["body"], entry["payload"])
    listed = {"mail.send": dict.fromkeys(arguments, False)}

    assert len(str(entry["payload"]["arguments"]["body"])) < 400
    assert question(replayed, listed) == question(
        replace(request, action=action), listed
    )


async def test_what_a_new_policy_would_change_is_counted(
    shipped: Bundle, written: Callable[[str, str], Path]
) -> None:
    """Flips are counted each way; what no policy decided and what was erased are left out."""
    bundle = overlaid(
        shipped, written("data.yaml", "grants: {contract_review.planner: []}")
    )
    requests = {
        request.action.tool: request
        for request in ordinary(shipped)
        if request.principal.roles == ("contract_review",)
    }
    entries = [
        _entry(requests["document.read"], "permit"),
        _entry(requests["document.read"], "deny"),
        _entry(requests["mail.send"], "permit"),
        _entry(requests["mail.send"], "permit", rule=ENGINE),
        {"body": {"event": "decision"}, "payload": None},
    ]
    point = EmbeddedPoint(bundle)
    result = await replay(entries, point)
    point.close()

    assert result.asked == 3
    assert (result.count("permit"), result.count("deny")) == (1, 1)
    assert [flip.tool for flip in result.flips] == ["document.read", "mail.send"]
    assert result.flips[1].reasons == ("rails/not_granted",)
