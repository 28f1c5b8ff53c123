"""`/v1/policies`: what is allowed, and since when."""

from dataclasses import asdict

from fastapi import APIRouter

from interlock.serving.http.caller import HomeOf, PersonOf
from interlock.serving.http.documented import problems
from interlock.serving.http.values.record import ActivationRow, Policy, Revisions
from interlock.serving.operations import budget_looks

router = APIRouter(prefix="/v1/policies", tags=["policies"])


@router.get("", responses=problems())
async def list_policies(home: HomeOf, asking: PersonOf) -> Revisions:
    """List every policy that was in force, the newest first."""
    changes = await budget_looks.activations(home, person=asking)
    rows = [ActivationRow.model_validate(asdict(change)) for change in changes]
    return Revisions(data=rows)


@router.get("/current", responses=problems())
async def get_policy(home: HomeOf, asking: PersonOf) -> Policy:
    """Show the policy in force: its rules with their codes, and who is granted what."""
    shown = await budget_looks.policy(home, person=asking)
    return Policy.model_validate(asdict(shown))
