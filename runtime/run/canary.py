"""Canaries: requests that are known to be bad, put before people to see whether these look.

A canary is told from work by the id of its run alone, which carries a mark that nobody makes or
reads without the home's key. A run of such an id is claimed by whoever begins it and by nobody
else, so no agent ever goes on with it, and the verdict ends it in the same transaction: nothing
acts on the verdict (fails closed).
"""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from interlock.runtime.record.nature import Nature, promise
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN, Status

#: The ids of runs that the runtime names; the second half of a canary's is its mark
_ID: Final = re.compile(r"run-([0-9a-f]{6})([0-9a-f]{6})")
_HALF: Final = 3  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What an approval is, and what opens its promise; both empty while it is not decided."""

    nature: Nature | None = None
    opening: str = ""

    @property
    def columns(self) -> dict[str, int]:
        """What the row of the approval says of it."""
        return {"canary": int(self.nature == "canary")}


def named(vault: Vault) -> str:
    """Return an id for the run of a new canary."""
    half = secrets.token_hex(_HALF)
    return f"run-{half}{_mark(vault, half)}"


def after(vault: Vault, approval_id: str) -> str:
    """Return the id of the one canary that follows an approval."""
    half = vault.mark(b"after", approval_id.encode())[:_HALF].hex()
    return f"run-{half}{_mark(vault, half)}"


def work(vault: Vault) -> str:
    """Return an id for a run that is no canary."""
    while is_canary(vault, run_id := f"run-{secrets.token_hex(2 * _HALF)}"):
        pass
    return run_id


def is_canary(vault: Vault, run_id: str) -> bool:
    """Whether the run is a canary's."""
    halves = _ID.fullmatch(run_id)
    return halves is not None and secrets.compare_digest(
        halves[2],
        _mark(vault, halves[1]),
    )


def unready(vault: Vault, run_id: str) -> dict[str, None]:
    """Return the columns that keep every worker from a canary's run; none for any other run."""
    return {"ready_at": None} if is_canary(vault, run_id) else {}


def told(vault: Vault, run_id: str, status: Status) -> dict[str, int | None]:
    """Return the columns of a run whose claim ends so: whether it was a canary, once it is over."""
    is_told = status not in OPEN and is_canary(vault, run_id)
    return {
        **unready(vault, run_id),
        "canary": int(is_told),
    }


def refuse(vault: Vault, row: Row, *, seconds: int) -> None:
    """Refuse to claim the run of a canary, in the words for a run that is at work elsewhere.

    Other words would tell a reviewer what the run is.
    """
    if is_canary(vault, row["id"]):
        raise refused(
            "claimed", what=f"run {row['id']}", owner=row["owner"], seconds=seconds
        )


def promised(vault: Vault, *, approval_id: str, run_id: str) -> str:
    """Return the promise of the nature of an approval of the run."""
    said = opened(vault, approval_id=approval_id, run_id=run_id)
    return promise(approval_id, said.nature or "", opening=said.opening)


def opened(vault: Vault, *, approval_id: str, run_id: str) -> Opened:
    """Return the nature of an approval of the run, and what opens its promise."""
    return Opened(
        nature="canary" if is_canary(vault, run_id) else "work",
        opening=vault.mark(b"nature", approval_id.encode()).hex(),
    )


def _mark(vault: Vault, half: str) -> str:
    return vault.mark(b"canary", half.encode())[:_HALF].hex()
