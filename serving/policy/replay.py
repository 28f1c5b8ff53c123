"""Replaying: a recorded decision's request, read back from the ledger, exactly as it was asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from interlock.runtime.policy.abridged import as_recorded
from interlock.runtime.policy.decision import ENGINE, RUNTIME, Effect
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.request import (
    AccessRequest,
    Action,
    Context,
    Principal,
    Resource,
)

_context: TypeAdapter[Context] = TypeAdapter(Context)


def recorded(body: dict[str, Any], payload: dict[str, Any]) -> AccessRequest:
    """Return the request of one ledger entry from its body and its opened payload.

    A text that the record keeps in short is asked about by its size and digest, as one that is not
    shown is. A rule that read the text itself may therefore answer otherwise.
    """
    principal = payload["principal"]
    return AccessRequest(
        principal=Principal(**principal | {"roles": tuple(principal["roles"])}),
        action=Action(
            tool=body["tool"],
            action_class=body["class"],
            arguments=as_recorded(payload["arguments"]),
        ),
        resource=Resource(**payload["resource"]),
        context=_context.validate_python(payload["context"]),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A recorded decision that another policy would answer otherwise."""

    action: str
    tool: str
    before: Effect
    after: Effect
    #: The reasons of the other policy, as rule/code
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What another policy makes of the recorded decisions."""

    asked: int
    flips: tuple[Flip, ...]

    def count(self, before: Effect) -> int:
        """Return how many decisions that were *before* would be the other one."""
        return sum(1 for flip in self.flips if flip.before == before)


async def replay(entries: Iterable[Mapping[str, Any]], point: DecisionPoint) -> Replay:
    """Ask *point* every recorded decision again, as if its run had started under that policy.

    *entries* are those of the ledger. Left out are decisions whose request was erased, and those
    that no policy made: the engine was down, or the runtime refused.
    """
    asked = 0
    flips = []
    for entry in entries:
        body = entry["body"]
        payload = entry["payload"]
        if not payload or "context" not in payload or not _of_a_policy(payload):
            continue
        asked += 1
        request = _started_under(recorded(body, payload), point.revision)
        decision = await point.decide(request)
        if decision.effect != body["effect"]:
            flips.append(
                Flip(
                    action=body.get("action") or body["act"],
                    tool=body["tool"],
                    before=body["effect"],
                    after=decision.effect,
                    reasons=tuple(f"{why.rule}/{why.code}" for why in decision.reasons),
                )
            )
    return Replay(asked=asked, flips=tuple(flips))


def _of_a_policy(payload: Mapping[str, Any]) -> bool:
    return not any(reason["rule"] in {ENGINE, RUNTIME} for reason in payload["reasons"])


def _started_under(request: AccessRequest, revision: str) -> AccessRequest:
    """Return *request* with its run, and the verdicts given in it, under *revision*."""
    context = request.context
    verdicts = tuple(
        replace(verdict, revision=revision) for verdict in context.approvals
    )
    run = replace(context.run, revision=revision)
    return AccessRequest(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        context=replace(context, run=run, approvals=verdicts),
    )
