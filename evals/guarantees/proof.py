"""Takes the guard of each guarantee away, and tells whether the guarantee noticed."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.evals.guarantees import door, leaving, record, unread
from interlock.evals.guarantees.patch import Break, Patch
from interlock.serving import workspace
from interlock.serving.home import Home, opened
from interlock.serving.settings import BUNDLE
from interlock.serving.verification.guarantees import GUARANTEES, NOT_FIRED, tried
from interlock.serving.verification.trial import trial

#: By id of the guarantee, how its guard is taken away
BREAKS: Final[Mapping[str, Break]] = {
    **door.DOOR,
    **door.LIMITS,
    **door.APPROVALS,
    **door.PEOPLE,
    **door.VALUES,
    **unread.UNREAD,
    **record.SWITCHES,
    **record.CLAIMS,
    **leaving.ENGINE,
    **leaving.LEAVING,
    **leaving.OUTSIDE,
    **record.ROWS,
    **record.RECORD,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What one guarantee said when its guard was gone."""

    id: str
    #: Whether it said that its guard did not fire; one that merely broke has noticed nothing
    noticed: bool
    detail: str


async def prove(database: str | None = None) -> list[Proof]:
    """Return one proof for each guarantee, of a new home on *database*, by default on SQLite."""
    environment = {} if database is None else {"INTERLOCK_DATABASE": database}
    with tempfile.TemporaryDirectory() as made:
        settings = workspace.read(environment, bundle=BUNDLE, home=Path(made))
        async with opened(settings) as home:
            return [await _proof(home, name) for name in GUARANTEES]


async def _proof(home: Home, name: str) -> Proof:
    take_away = BREAKS.get(name)
    if take_away is None:
        return Proof(id=name, noticed=False, detail="nothing takes its guard away")
    async with trial(home) as alone:
        with Patch() as patch:
            take_away(patch)
            finding = await tried(alone, GUARANTEES[name])
    return Proof(
        id=name,
        noticed=finding.code == NOT_FIRED,
        detail=finding.detail,
    )
