"""`/v1/quality`: how people review, everybody's figures or the own ones."""

from fastapi import APIRouter

from interlock.serving.http.caller import HomeOf, PersonOf
from interlock.serving.http.values.quality import Days, QualityView
from interlock.serving.quality import looks

router = APIRouter(prefix="/v1/quality", tags=["quality"])


@router.get("")
async def get_quality(
    home: HomeOf, asking: PersonOf, days: Days = looks.DAYS
) -> QualityView:
    """Show how everybody reviewed: canaries caught, dwell, quick approvals, agreement, load."""
    seen = await looks.everybody(home, person=asking, days=days)
    return QualityView.model_validate(seen)


@router.get("/own")
async def get_own_quality(
    home: HomeOf, asking: PersonOf, days: Days = looks.DAYS
) -> QualityView:
    """Show how you reviewed yourself."""
    seen = await looks.own(home, person=asking, days=days)
    return QualityView.model_validate(seen)
