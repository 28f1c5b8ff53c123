"""Asks the engine in force the probes of every rule of the installed bundle.

A rule that gives another answer than its probe states is a failure, and so is a rule that no probe
asks: "not applicable" is never a pass.
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
from interlock.serving.verification.probes import (
    Answer,
    Probe,
    brought,
    changed,
    configured,
)
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
    controls: dict[Start, Decision] = {}
    for start, request in requests.items():
        controls[start] = await pdp.decide(request)
    policy = _Policy(
        pdp=pdp,
        requests=requests,
        controls=controls,
    )
    by_rule: dict[str, list[Probe]] = {rule: [] for rule in bundle.messages}
    for probe in (*probes, *configured(bundle, requests)):
        by_rule.setdefault(probe.rule, []).append(probe)
    findings = []
    for rule, house in sorted(by_rule.items()):
        finding = await _rule(policy, rule, house, bundle)
        findings.append(finding)
    return findings


@dataclass(frozen=True, kw_only=True, slots=True)
class _Policy:
    """One policy, the requests that probes start from, and the decisions on these requests."""

    pdp: DecisionPoint
    requests: Mapping[Start, AccessRequest]
    #: What the policy says to each request before a probe changes the request
    controls: Mapping[Start, Decision]

    def idle(self, probe: Probe) -> str | None:
        """Return why the probe would prove nothing here, or None."""
        control = self.controls.get(probe.start)
        if control is None:
            return f"no tool here to start from: {probe.start}"
        if probe.answer != "wait" or probe.start == "approved":
            return None
        if _answer(control) == "wait":
            return f"{probe.start} waits unchanged"
        return None

    async def error(self, probe: Probe) -> str | None:
        """Return what is wrong with the answer to the probe or to its start, or None."""
        start = probe.start
        control = self.controls[start]
        if not _passes(control, start):
            return f"{start}, unchanged: {_said(control)} instead of permit"
        request = changed(self.requests[start], probe)
        decision = await self.pdp.decide(request)
        if _answer(decision) == probe.answer and _gives(decision, probe):
            return None
        changes = ", ".join(f"{path} changed" for path in probe.change)
        place = changes or "unchanged"
        code = f" ({probe.rule}/{probe.code})" if probe.code else ""
        return f"{start}, {place}: {_said(decision)} instead of {probe.answer}{code}"


def _passes(control: Decision, start: Start) -> bool:
    """Whether the decision lets the unchanged request pass; an approved one must not wait."""
    answer = _answer(control)
    if answer == "wait":
        return start != "approved"
    return answer == "permit"


async def _rule(
    policy: _Policy,
    rule: str,
    house: Sequence[Probe],
    bundle: Bundle,
) -> Finding:
    """Ask the policy all probes of one rule: those of the house, and those of the metadata."""
    check = f"rule {rule}"
    try:
        probes = [*house, *brought(bundle, rule)]
        idle, errors = await _asked(policy, probes)
    except BadInput as error:
        return wrong(check, str(error))
    if errors:
        return wrong(check, "; ".join(errors))
    answered = len(probes) - len(idle)
    unasked = sorted(set(idle))
    if not answered:
        lines = ["it has no probe", *unasked]
        return wrong(check, "; ".join(lines))
    lines = [f"probes answered: {answered}", *unasked]
    return right(check, "; ".join(lines))


async def _asked(
    policy: _Policy, probes: Sequence[Probe]
) -> tuple[list[str], list[str]]:
    """Return one line for every probe that proves nothing here, and every error once, in order."""
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
    """Whether the decision has the reason that the probe insists on, if the probe names one."""
    if probe.code is None:
        return True
    for reason in decision.reasons:
        if reason.rule == probe.rule and reason.code == probe.code:
            return True
    return False


def _answer(decision: Decision) -> Answer:
    """Return "wait" for a permit that a person must approve, else the effect."""
    for obligation in decision.obligations:
        if obligation.kind == "approve":
            return "wait"
    return decision.effect


def _said(decision: Decision) -> str:
    codes = [f"{reason.rule}/{reason.code}" for reason in decision.reasons]
    reasons = ", ".join(codes)
    return f"{_answer(decision)} ({reasons})"
