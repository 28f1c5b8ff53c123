"""`/healthz` and `/readyz`: whether the server lives, and whether it can do what it is for."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from interlock.serving.http.caller import WholeOf
from interlock.serving.http.ready import Part, parts

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The server answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """What the server depends on, part by part."""

    ready: bool
    parts: dict[Part, bool] = Field(description="Whether each part is well")


@router.get("/healthz")
async def alive() -> Alive:
    """Say that the server answers; nothing else is looked at."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not ready"}})
async def ready(shared: WholeOf, response: Response) -> Ready:
    """Say whether the database, the policy engine and the ledger are well."""
    well = await parts(shared.home)
    is_ready = all(well.values())
    response.status_code = 200 if is_ready else 503
    return Ready(ready=is_ready, parts=well)
