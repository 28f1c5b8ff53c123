"""Every rule of the installed bundle is asked its probes, of the engine in force.

A rule that says anything else than it must, or that nobody asks, is a failure: "not applicable" is
never a pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.verification.finding import Finding
from interlock.serving.verification.probes import Answer, Probe, brought, changed, configured
from interlock.serving.verification.starts import Start, starts


async def proved(
    pdp: DecisionPoint,
    bundle: Bundle,
    tools: Mapping[str, AnyTool],
    *,
    probes: Sequence[Probe],
    tenant: str,
) -> list[Finding]:
    """Return one finding for each rule of *probes* and of the bundle: whether it answers right."""
    requests = starts(bundle, tools, tenant=tenant)
    controls = {start: await pdp.decide(request) for start, request in requests.items()}
    policy = _Policy(pdp=pdp, requests=requests, controls=controls)
    house = [*probes, *configured(bundle, requests)]
    rules = sorted({*bundle.messages, *(probe.rule for probe in house)})
    return [
        await _rule(policy, rule, [probe for probe in house if probe.rule == rule], bundle)
        for rule in rules
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Policy:
    """One policy, the requests to ask it about, and what it says to them unchanged."""

    pdp: DecisionPoint
    requests: Mapping[Start, AccessRequest]
    controls: Mapping[Start, Decision]

    def idle(self, probe: Probe) -> str | None:
        """Return why the probe would prove nothing here, or None."""
        control = self.controls.get(probe.start)
        if control is None:
            return f"no tool here to start from: {probe.start}"
        waits = probe.answer == "wait" and _answer(control) == "wait"
        return f"{probe.start} waits unchanged" if waits and probe.start != "approved" else None

    async def wrong(self, probe: Probe) -> str | None:
        """Return what is wrong with the answer to the probe or to its start, or None."""
        control = self.controls[probe.start]
        passing = ("permit",) if probe.start == "approved" else ("permit", "wait")
        if _answer(control) not in passing:
            return f"{probe.start}, unchanged: {_said(control)} instead of permit"
        decision = await self.pdp.decide(changed(self.requests[probe.start], probe))
        if _answer(decision) == probe.answer and _gives(decision, probe):
            return None
        place = ", ".join(f"{path} changed" for path in probe.change) or "unchanged"
        code = f" ({probe.rule}/{probe.code})" if probe.code else ""
        return f"{probe.start}, {place}: {_said(decision)} instead of {probe.answer}{code}"


async def _rule(policy: _Policy, rule: str, house: Sequence[Probe], bundle: Bundle) -> Finding:
    """Ask one rule all its probes."""
    try:
        return await _asked(policy, rule, [*house, *brought(bundle, rule)])
    except BadInput as error:
        return Finding(check=f"rule {rule}", ok=False, detail=str(error))


async def _asked(policy: _Policy, rule: str, probes: Sequence[Probe]) -> Finding:
    check = f"rule {rule}"
    idle: dict[str, None] = {}  # in order, each once
    wrong: dict[str, None] = {}
    fired = 0
    for probe in probes:
        why = policy.idle(probe)
        if why is not None:
            idle[why] = None
            continue
        fired += 1
        error = await policy.wrong(probe)
        if error is not None:
            wrong[error] = None
    if wrong:
        return Finding(check=check, ok=False, detail="; ".join(wrong))
    if not fired:
        return Finding(check=check, ok=False, detail="; ".join(["it has no probe", *sorted(idle)]))
    good = f"{fired} probe{'s' * (fired > 1)} answered"
    return Finding(check=check, ok=True, detail="; ".join([good, *sorted(idle)]))


def _gives(decision: Decision, probe: Probe) -> bool:
    """Whether the decision has the reason that the probe insists on."""
    if probe.code is None:
        return True
    return (probe.rule, probe.code) in {(reason.rule, reason.code) for reason in decision.reasons}


def _answer(decision: Decision) -> Answer:
    if any(obligation.kind == "approve" for obligation in decision.obligations):
        return "wait"
    return decision.effect


def _said(decision: Decision) -> str:
    reasons = ", ".join(f"{reason.rule}/{reason.code}" for reason in decision.reasons)
    return f"{_answer(decision)} ({reasons})"
