"""Tries every guarantee of this installation, in a world that is thrown away afterwards.

A guarantee whose guard does not fire is a failure, and so is one whose scenario breaks.
"""

from collections.abc import Mapping
from typing import Final

from interlock.serving.home import Home
from interlock.serving.verification.finding import Finding, broken, right, wrong
from interlock.serving.verification.guarantee import Guarantee, guarantees
from interlock.serving.verification.scenarios.approvals import APPROVALS
from interlock.serving.verification.scenarios.claims import CLAIMS
from interlock.serving.verification.scenarios.door import DOOR
from interlock.serving.verification.scenarios.engine import ENGINE
from interlock.serving.verification.scenarios.leaving import LEAVING
from interlock.serving.verification.scenarios.limits import LIMITS
from interlock.serving.verification.scenarios.outside import OUTSIDE
from interlock.serving.verification.scenarios.people import PEOPLE
from interlock.serving.verification.scenarios.record import RECORD
from interlock.serving.verification.scenarios.rows import ROWS
from interlock.serving.verification.scenarios.switches import SWITCHES
from interlock.serving.verification.scenarios.unread import UNREAD
from interlock.serving.verification.scenarios.values import VALUES
from interlock.serving.verification.trial import Trial, WentThrough, trial

#: The code of a guarantee whose guard let pass what it must stop
NOT_FIRED: Final = "did_not_fire"
#: By id, in the order in which they are tried
GUARANTEES: Final[Mapping[str, Guarantee]] = guarantees(
    {
        **DOOR,
        **LIMITS,
        **APPROVALS,
        **PEOPLE,
        **VALUES,
        **UNREAD,
        **SWITCHES,
        **CLAIMS,
        **ENGINE,
        **LEAVING,
        **OUTSIDE,
        **ROWS,
        **RECORD,
    }
)


async def proved(home: Home) -> list[Finding]:
    """Return one finding for each guarantee: whether its guard fired."""
    async with trial(home) as shared:
        return [await tried(shared, one) for one in GUARANTEES.values()]


async def tried(shared: Trial, guarantee: Guarantee) -> Finding:
    """Try one guarantee, and return whether its guard fired."""
    check = f"guarantee {guarantee.id}"
    try:
        await guarantee.scenario(shared)
    except WentThrough as error:
        return wrong(check, str(error), code=NOT_FIRED)
    except Exception as error:  # noqa: BLE001 - whatever broke: the guard was not seen to fire
        return broken(check, error)
    return right(check, f"stops {guarantee.stops}")
