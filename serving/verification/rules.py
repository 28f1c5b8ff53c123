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
from interlock.serving.verification.finding import Finding, right, wrong
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
    asked: dict[str, list[Probe]] = {rule: [] for rule in bundle.messages}
    for probe in (*probes, *configured(bundle, requests)):
        asked.setdefault(probe.rule, []).append(probe)
    return [await _rule(policy, rule, asked[rule], bundle) for rule in sorted(asked)]


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
        if waits and probe.start != "approved":
            return f"{probe.start} waits unchanged"
        return None

    async def error(self, probe: Probe) -> str | None:
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
    check = f"rule {rule}"
    try:
        probes = [*house, *brought(bundle, rule)]
        idle, errors = await _asked(policy, probes)
    except BadInput as error:
        return wrong(check, str(error))
    if errors:
        return wrong(check, "; ".join(errors))
    fired = len(probes) - len(idle)
    unasked = sorted(set(idle))
    if not fired:
        return wrong(check, "; ".join(["it has no probe", *unasked]))
    return right(check, "; ".join([f"probes answered: {fired}", *unasked]))


async def _asked(policy: _Policy, probes: Sequence[Probe]) -> tuple[list[str], list[str]]:
    """Return why probes prove nothing here, one line for each, and each error once, in order."""
    idle: list[str] = []
    errors: list[str] = []
    for probe in probes:
        why = policy.idle(probe)
        if why is not None:
            idle.append(why)
            continue
        error = await policy.error(probe)
        if error is not None and error not in errors:
            errors.append(error)
    return idle, errors


def _gives(decision: Decision, probe: Probe) -> bool:
    """Whether the decision has the reason that the probe insists on."""
    if probe.code is None:
        return True
    for reason in decision.reasons:
        if reason.rule == probe.rule and reason.code == probe.code:
            return True
    return False


def _answer(decision: Decision) -> Answer:
    if any(obligation.kind == "approve" for obligation in decision.obligations):
        return "wait"
    return decision.effect


def _said(decision: Decision) -> str:
    reasons = ", ".join(f"{reason.rule}/{reason.code}" for reason in decision.reasons)
    return f"{_answer(decision)} ({reasons})"
