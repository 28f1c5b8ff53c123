"""The courier as a process of its own: `python -m interlock.evals.webhooks.child HOME URL`."""

import asyncio
import sys
from pathlib import Path

from interlock.runtime.run import delivery
from interlock.serving import desk as desks
from interlock.serving.settings import Settings
from interlock.serving.webhooks import settling
from interlock.serving.webhooks.courier import Courier
from interlock.serving.workspace import open_workspace


def settings_of(folder: Path, database: str) -> Settings:
    """Return the settings of the trial's home: webhooks may be on this machine.

    Without the URL of a *database* it is a file of the home.
    """
    chosen = {
        "home": str(folder),
        "policies": str(folder / "policies"),
        "webhooks": "any",
    }
    if database:
        chosen["database"] = database
    return open_workspace({}, chosen=chosen).settings


async def _work(folder: Path, database: str) -> None:
    async with desks.opened(settings_of(folder, database)) as desk:
        await Courier(desk).work()


def main() -> None:
    """Deliver until killed; no claim lasts longer than three seconds and no pause than one."""
    # A trial of many kills has no minute for the claim of each one that died.
    setattr(delivery, "LEASE_S", 3)  # noqa: B010 - in this process only
    setattr(settling, "wait_s", lambda *_, **__: 1)  # noqa: B010 - in this process only
    folder, database = sys.argv[1:]
    asyncio.run(_work(Path(folder), database))


if __name__ == "__main__":
    main()
