"""The main job is still permitted: a policy that denies everything denies every attack, too.

`policies/probes/jobs.yaml` states what each role must be able to do. It stands outside the bundle:
so a grant that a policy lost is found. What a bundle grants beyond that must be permitted as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.verification.finding import Finding, right, wrong
from interlock.serving.verification.probes import document
from interlock.serving.verification.starts import installed

#: Where a folder of policies states its jobs
JOBS: Final = "probes/jobs.yaml"
_jobs: Final = TypeAdapter(dict[str, list[str]])


def stated(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Return the tools and acts that each role needs; a later folder replaces a role of an earlier.

    Raises `BadInput` for a file that states anything else.
    """
    jobs: dict[str, list[str]] = {}
    for folder in folders:
        try:
            jobs |= _jobs.validate_python(document(folder / JOBS))
        except ValidationError as error:
            why = " ".join(str(error).split())
            raise BadInput(
                what=str(folder / JOBS), why=why, next_step="Map each role to a list of names."
            ) from error
    return jobs


async def proved(
    pdp: DecisionPoint,
    bundle: Bundle,
    tools: Mapping[str, AnyTool],
    *,
    jobs: Mapping[str, list[str]],
    tenant: str,
) -> list[Finding]:
    """Return one finding for each role: whether its ordinary requests are permitted."""
    asked: dict[str, dict[str, AccessRequest]] = {role: {} for role in jobs}
    for request in installed(bundle, tools, tenant=tenant):
        [role] = request.principal.roles
        asked.setdefault(role, {})[request.action.tool] = request
    findings = []
    for role in sorted(asked):
        denials = [
            *_lost(asked[role], jobs.get(role, [])),
            *await _denied(pdp, asked[role]),
        ]
        findings.append(_found(role, asked[role], denials))
    return findings


def _lost(requests: Mapping[str, AccessRequest], needed: Sequence[str]) -> list[str]:
    """Return what is wrong with each name that the role needs and cannot ask for."""
    missing = [name for name in needed if name not in requests]
    return [f"{name}: not granted, not installed, or nothing it may reach" for name in missing]


async def _denied(pdp: DecisionPoint, requests: Mapping[str, AccessRequest]) -> list[str]:
    """Return what is wrong with each ordinary request that is denied."""
    denials = []
    for name, request in requests.items():
        decision = await pdp.decide(request)
        if decision.effect == "permit":
            continue
        reasons = ", ".join(f"{reason.rule}/{reason.code}" for reason in decision.reasons)
        denials.append(f"{name}: deny ({reasons}) instead of permit")
    return denials


def _found(role: str, requests: Mapping[str, AccessRequest], denials: list[str]) -> Finding:
    check = f"job {role}"
    if denials:
        return wrong(check, "; ".join(denials))
    return right(check, f"ordinary requests permitted: {len(requests)}")
