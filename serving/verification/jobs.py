"""The main job is still permitted: a policy that denies everything denies every attack, too.

`policies/probes/jobs.yaml` states what each role must be able to do. It stands outside the bundle:
so a grant that a policy lost is found. What a bundle grants beyond that must be permitted as well.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.verification.finding import Finding
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
        (role,) = request.principal.roles
        asked.setdefault(role, {})[request.action.tool] = request
    return [
        await _role(pdp, role, requests, needed=jobs.get(role, []))
        for role, requests in sorted(asked.items())
    ]


async def _role(
    pdp: DecisionPoint, role: str, requests: Mapping[str, AccessRequest], *, needed: list[str]
) -> Finding:
    wrong = [
        f"{name}: not granted, not installed, or nothing it may reach"
        for name in needed
        if name not in requests
    ]
    for name, request in requests.items():
        decision = await pdp.decide(request)
        if decision.effect != "permit":
            reasons = ", ".join(f"{reason.rule}/{reason.code}" for reason in decision.reasons)
            wrong.append(f"{name}: deny ({reasons}) instead of permit")
    good = f"{len(requests)} ordinary request{'s' * (len(requests) != 1)} permitted"
    return Finding(check=f"job {role}", ok=not wrong, detail="; ".join(wrong) or good)
