"""Checks that the policy permits the main job: denying everything would stop attacks, and the job.

`policies/probes/jobs.yaml` states what each role must be able to do. The file stands outside the
bundle, so a grant that the policy lost is noticed. What the bundle grants beyond the file must be
permitted as well.
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
from interlock.serving.policy.ordinary import at
from interlock.serving.verification.finding import Finding, right, wrong
from interlock.serving.verification.probes import document
from interlock.serving.verification.starts import installed

#: Where a folder of policies states its jobs
JOBS: Final = "probes/jobs.yaml"
_NAMES_BY_ROLE: Final = TypeAdapter(dict[str, list[str]])


def stated(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Return the names of the tools and acts that each role needs.

    When two folders state the same role, the later folder replaces the role. Raises `BadInput`
    for a file that is no map of roles to lists of names.
    """
    jobs: dict[str, list[str]] = {}
    for folder in folders:
        file = folder / JOBS
        content = document(file)
        try:
            jobs |= _NAMES_BY_ROLE.validate_python(content)
        except ValidationError as error:
            why = " ".join(str(error).split())
            raise BadInput(
                what=str(file),
                why=why,
                next_step="Map each role to a list of names.",
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
    """Return one finding for each role: whether the policy permits the role's ordinary requests."""
    by_role: dict[str, dict[str, AccessRequest]] = {role: {} for role in jobs}
    for request in installed(bundle, tools, tenant=tenant):
        requests = by_role.setdefault(_grant(bundle, request), {})
        requests[request.action.tool] = request
    findings = []
    for role, requests in sorted(by_role.items()):
        errors = [
            *_lost(requests, jobs.get(role, [])),
            *await _denied(pdp, requests),
        ]
        finding = _finding(role, requests, errors)
        findings.append(finding)
    return findings


def _grant(bundle: Bundle, request: AccessRequest) -> str:
    """Return the role that the request is granted to, or the part of the role."""
    [role] = request.principal.roles
    part = f"{role}.{request.context.proposer}"
    grants = at(bundle.data, "rails", "config", "grants") or {}
    return part if part in grants else role


def _lost(requests: Mapping[str, AccessRequest], needed: Sequence[str]) -> list[str]:
    """Return an error for each name that the role needs but cannot ask for."""
    missing = [name for name in needed if name not in requests]
    return [
        f"{name}: not granted, not installed, or nothing it may reach"
        for name in missing
    ]


async def _denied(
    pdp: DecisionPoint, requests: Mapping[str, AccessRequest]
) -> list[str]:
    """Return an error for each ordinary request that the policy denies."""
    errors = []
    for name, request in requests.items():
        decision = await pdp.decide(request)
        if decision.effect == "permit":
            continue
        codes = [f"{reason.rule}/{reason.code}" for reason in decision.reasons]
        reasons = ", ".join(codes)
        errors.append(f"{name}: deny ({reasons}) instead of permit")
    return errors


def _finding(
    role: str,
    requests: Mapping[str, AccessRequest],
    errors: list[str],
) -> Finding:
    check = f"job {role}"
    if errors:
        return wrong(check, "; ".join(errors))
    return right(check, f"ordinary requests permitted: {len(requests)}")
