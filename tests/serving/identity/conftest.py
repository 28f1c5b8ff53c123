"""A home whose time the test turns, with people in it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from argon2 import PasswordHasher

from interlock.runtime.policy.request import Principal
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.identity import passwords
from interlock.serving.identity.identity import Identity
from interlock.serving.workspace import open_workspace

PEOPLE: Final = """people:
- {id: ana, roles: [analyst]}
- {id: rhea, roles: [reviewer, analyst]}
- {id: ada, roles: [administrator]}
"""


@dataclass(kw_only=True)
class Clock:
    """Unix seconds that pass when the test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time: what they are kept with in earnest is a test of its own."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    passwords._decoy.cache_clear()  # noqa: SLF001 - made with the other one


@pytest.fixture
def clock() -> Clock:
    """The time of the home."""
    return Clock()


@pytest.fixture
async def desk(home: Path, clock: Clock) -> AsyncIterator[Desk]:
    """The desk of a new home with ana, rhea and ada."""
    (home / "people.yaml").write_text(PEOPLE, "utf-8")
    settings = open_workspace({}, chosen={"home": str(home)}).settings
    async with desks.opened(settings, clock=clock) as desk:
        yield desk


@pytest.fixture
def who(desk: Desk) -> Identity:
    """Who asks, in that home."""
    return Identity.over(desk)


@pytest.fixture
def ada() -> Principal:
    """The administrator."""
    return Principal(id="ada", tenant="default", roles=("administrator",))


@pytest.fixture(scope="session")
def phrase() -> str:
    """What ana's password is."""
    return "plain words in no order"


@pytest.fixture
async def cookie(who: Identity, phrase: str) -> str:
    """The cookie of ana, who came by a link and has set her password."""
    first, _ = await who.sign_in_by_link(await who.link("ana"))
    second, _ = await who.set_password(first, phrase)
    return second
