"""A policy with changed data, put in force."""

from pathlib import Path

from tests.serving.operations.authority.people import ANALYST, REQUEST

from interlock.runtime.policy.request import Principal
from interlock.serving.desk import Desk
from interlock.serving.home import Home, opened
from interlock.serving.operations import policies, runs
from interlock.serving.settings import Settings
from interlock.serving.workspace import open_workspace


async def changed(tmp_path: Path, data: str) -> Settings:
    """Return the settings of a home under the shipped policy, where another one is configured."""
    place = {"home": str(tmp_path / "home")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        await runs.start(home, person=ANALYST, agent="contract_review", request=REQUEST)
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text(data, "utf-8")
    return open_workspace({}, chosen={**place, "policies": str(overlay)}).settings


async def activate(place: Home | Desk, person: Principal) -> str:
    """Put the configured policy in force for *person*."""
    if isinstance(place, Home):
        place = place.desk
    return await policies.activate(place.policy, place.acts, person=person)
