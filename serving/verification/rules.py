"""Every rule of the installed bundle is asked its probes, of the engine in force.

A rule that says anything else than it must, or that nobody asks, is a failure: "not applicable" is
never a pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.verification.finding import Finding
from interlock.serving.verification.probes import HOUSE, Answer, Probe, brought, changed, configured
from interlock.serving.verification.starts import Start, starts


async def proved(
    pdp: DecisionPoint, bundle: Bundle, tools: Mapping[str, AnyTool], *, tenant: str
) -> list[Finding]:
    """Return one finding for each rule of the house and of the bundle: whether it answers as it must."""
    requests = starts(bundle, tools, tenant=tenant)
    asked = _Asked(
        pdp=pdp,
        requests=requests,
        controls={name: await pdp.decide(each) for name, each in requests.items()},
    )
    house = (*HOUSE, *configured(bundle, requests))
    rules = sorted({*bundle.messages, *(probe.rule for probe in house)})
    return [
        await _rule(asked, rule, [probe for probe in house if probe.rule == rule], bundle)
        for rule in rules
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One policy, the requests to ask it about, and what it says to them unchanged."""

    pdp: DecisionPoint
    requests: Mapping[Start, AccessRequest]
    controls: Mapping[Start, Decision]

    def idle(self, probe: Probe) -> str | None:
        """Return why the probe would prove nothing here, or None."""
        if probe.start not in self.controls:
            return f"no tool here to start from: {probe.start}"
        waits = (
            probe.answer == "wait"
            and probe.start != "approved"
            and _answer(self.controls[probe.start]) == "wait"
        )
        return f"{probe.start} waits unchanged" if waits else None

    async def wrong(self, probe: Probe) -> str | None:
        """Return what is wrong with the answer to the probe, or to the request it starts from, or None."""
        control = self.controls[probe.start]
        if _answer(control) not in (
            ("permit",) if probe.start == "approved" else ("permit", "wait")
        ):
            return f"{probe.start}, unchanged: {_said(control)} instead of permit"
        decision = await self.pdp.decide(changed(self.requests[probe.start], probe))
        named = probe.code is None or any(
            (each.rule, each.code) == (probe.rule, probe.code) for each in decision.reasons
        )
        if _answer(decision) == probe.answer and named:
            return None
        place = ", ".join(f"{path} changed" for path in probe.change) or "unchanged"
        code = f" ({probe.rule}/{probe.code})" if probe.code else ""
        return f"{probe.start}, {place}: {_said(decision)} instead of {probe.answer}{code}"


async def _rule(asked: _Asked, rule: str, house: list[Probe], bundle: Bundle) -> Finding:
    """Ask one rule all its probes."""
    check = f"rule {rule}"
    try:
        probes = [*house, *brought(bundle, rule)]
        idle = sorted({why for probe in probes if (why := asked.idle(probe)) is not None})
        fired = [probe for probe in probes if asked.idle(probe) is None]
        wrong = {
            why: None for probe in fired if (why := await asked.wrong(probe)) is not None
        }  # in order, each once
    except BadInput as error:
        return Finding(check=check, ok=False, detail=str(error))
    if not fired:
        return Finding(check=check, ok=False, detail="; ".join(["it has no probe", *idle]))
    good = f"{len(fired)} probe{'s' * (len(fired) > 1)} answered"
    return Finding(check=check, ok=not wrong, detail="; ".join([*wrong] or [good, *idle]))


def _answer(decision: Decision) -> Answer:
    return (
        "wait" if any(each.kind == "approve" for each in decision.obligations) else decision.effect
    )


def _said(decision: Decision) -> str:
    return f"{_answer(decision)} ({', '.join(f'{each.rule}/{each.code}' for each in decision.reasons)})"
