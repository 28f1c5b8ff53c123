"""The command `interlock doctor`."""

import shutil
import stat
import sys
from collections.abc import Awaitable, Callable  # noqa: TC003 - as the other modules do

import typer

from interlock.runtime.errors import InterlockError
from interlock.serving import people
from interlock.serving.audit import verified
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson
from interlock.serving.cli.verify import tell
from interlock.serving.home import Home
from interlock.serving.verification import Finding, verify
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import isolation

SMALLEST = 256 * 1024 * 1024  # bytes free


application = typer.Typer(add_completion=False)


@application.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at everything a run depends on, every rule and guard included; 5 when anything is wrong."""
    try:
        found = session.run(_examine)
    except InterlockError as error:
        found = [Finding(check="open", ok=False, detail=str(error))]
    tell(found, as_json=as_json)


async def _examine(home: Home) -> list[Finding]:
    checks: tuple[tuple[str, Callable[[Home], Awaitable[tuple[bool, str]]]], ...] = (
        ("python", _python),
        ("home", _home),
        ("keys", _keys),
        ("database", _database),
        ("policy", _policy),
        ("ledger", _ledger),
        ("people", _people),
        ("documents", _documents),
    )
    found = []
    for name, check in checks:
        try:
            ok, detail = await check(home)
        except InterlockError as error:
            ok, detail = False, str(error)
        found.append(Finding(check=name, ok=ok, detail=detail))
    return [*found, *await verify(home)]


async def _python(_: Home) -> tuple[bool, str]:
    return sys.version_info >= (3, 11), sys.version.split()[0]


async def _home(home: Home) -> tuple[bool, str]:
    free = shutil.disk_usage(home.settings.home).free
    return free >= SMALLEST, f"{home.settings.home}, {free // 2**20:,} MiB free"


async def _keys(home: Home) -> tuple[bool, str]:
    loose = [
        path.name
        for path in sorted((home.settings.home / "keys").iterdir())
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    return (
        not loose,
        f"readable by others: {', '.join(loose)}; chmod 600"
        if loose
        else "only their owner can read them",
    )


async def _database(home: Home) -> tuple[bool, str]:
    return True, f"{home.store.dialect}, {await home.runs.count()} runs"


async def _policy(home: Home) -> tuple[bool, str]:
    return (
        True,
        f"revision {home.bundle.revision[:12]}, {sum(map(len, home.bundle.messages.values()))} reason codes",
    )


async def _ledger(home: Home) -> tuple[bool, str]:
    report = await verified(home)
    if report.valid:
        return True, f"{report.size} entries, verified"
    first = report.problems[0]
    return False, f"{first.log} entry {first.seq}: {first.code}: {first.detail}"


async def _people(home: Home) -> tuple[bool, str]:
    known = people.load(home.settings.people).values()
    reviewers = [person.id for person in known if "reviewer" in person.roles]
    return (
        True,
        f"reviewers: {', '.join(reviewers) or 'none yet, so nothing irreversible can be approved'}",
    )


async def _documents(_: Home) -> tuple[bool, str]:
    held = await isolation(Limits())
    if held is None:
        return False, "the process that parses them cannot confine itself, so none is read"
    names = {"system calls": held.calls, "files": held.files, "network": held.network}
    return True, ", ".join(
        f"{name} {'held' if by_kernel else 'not held'} by the kernel"
        for name, by_kernel in names.items()
    )
