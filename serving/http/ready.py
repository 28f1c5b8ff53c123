"""What a server needs to do anything: the database, the engine, a ledger that holds."""

from typing import Literal, TypeAlias

from interlock.runtime.errors import InterlockError
from interlock.runtime.policy.engine.liveness import answers
from interlock.serving.home import Home

Part: TypeAlias = Literal["database", "engine", "ledger"]


async def parts(home: Home) -> dict[Part, bool]:
    """Return whether each part is well; a part that cannot be asked is not (fails closed)."""
    return {
        "database": await _reads(home),
        "engine": await _decides(home),
        "ledger": await _holds(home),
    }


async def _reads(home: Home) -> bool:
    try:
        await home.store.read(home.store.now)
    except InterlockError:
        return False
    return True


async def _decides(home: Home) -> bool:
    try:
        return await answers(home.pdp)
    except InterlockError:
        return False


async def _holds(home: Home) -> bool:
    """Whether every log is the one that was witnessed, and the last look at it was well."""
    try:
        gaps = await home.store.read(home.ledger.gaps)
        home.runtime.storage.refuse_unfit()
    except InterlockError:
        return False
    return not gaps
