"""The command `interlock doctor`."""

import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import typer

from interlock.runtime import environment
from interlock.runtime.errors import InterlockError
from interlock.serving import people
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson
from interlock.serving.cli.verify import tell
from interlock.serving.verification.finding import Finding, broken, right, wrong
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import isolation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from interlock.serving.home import Home

SMALLEST: Final = 256 * 1024 * 1024  # bytes free
_OTHERS: Final = 0o077
#: Looks at one thing: whether it is well, and what to say of it
Check: TypeAlias = "Callable[[Home], Awaitable[tuple[bool, str]]]"

application = typer.Typer(add_completion=False)


@application.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at all that a run depends on, with every rule and guard; 5 when anything is wrong."""
    try:
        findings = session.run(_examine)
    except InterlockError as error:
        findings = [broken("open", error)]
    tell(findings, as_json=as_json)


async def _examine(home: "Home") -> list[Finding]:
    from interlock.serving.verification import installation

    checks: dict[str, Check] = {
        "python": _python,
        "home": _home,
        "keys": _keys,
        "database": _database,
        "policy": _policy,
        "ledger": _ledger,
        "witness": _witness,
        "kill switches": _kill_switches,
        "people": _people,
        "issuer": _issuer,
        "documents": _documents,
        "environment": _environment,
    }
    findings = []
    for name, check in checks.items():
        try:
            ok, detail = await check(home)
        except InterlockError as error:
            findings.append(broken(name, error))
            continue
        findings.append(right(name, detail) if ok else wrong(name, detail))
    return [*findings, *await installation.verify(home)]


async def _python(_: "Home") -> tuple[bool, str]:
    return sys.version_info >= (3, 11), sys.version.split()[0]


async def _home(home: "Home") -> tuple[bool, str]:
    free = shutil.disk_usage(home.settings.home).free
    return free >= SMALLEST, f"{home.settings.home}, {free // 2**20:,} MiB free"


async def _keys(home: "Home") -> tuple[bool, str]:
    keys = home.settings.home / "keys"
    loose = [path.name for path in sorted(keys.iterdir()) if _is_open(path)]
    if loose:
        return False, f"readable by others: {', '.join(loose)}; chmod 600"
    return True, "only their owner can read them"


def _is_open(path: Path) -> bool:
    """Whether anyone but the owner may read or change the file."""
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)


async def _database(home: "Home") -> tuple[bool, str]:
    from interlock.runtime.record.store.privacy import open_to_others

    url = home.store.engine.url
    if home.store.dialect == "sqlite":
        loose = open_to_others(Path(str(url.database)))
        if loose:
            names = ", ".join(str(path) for path in loose)
            return False, f"readable by others: {names}; chmod 600"
    return True, f"{home.store.dialect}, {await home.runs.count()} runs"


async def _policy(home: "Home") -> tuple[bool, str]:
    bundle = home.bundle
    codes = sum(len(messages) for messages in bundle.messages.values())
    words = [f"revision {bundle.revision[:12]}, {codes} reason codes"]
    in_force = await home.runtime.policy.revision()
    if in_force not in {"", bundle.revision}:
        words.append(f"in force is {in_force[:12]} until `interlock policy activate`")
    return True, "; ".join(words)


async def _ledger(home: "Home") -> tuple[bool, str]:
    from interlock.serving.audit import verified

    report = await verified(home)
    if report.valid:
        return True, f"{report.size} entries, verified"
    first = report.problems[0]
    return False, f"{first.log} entry {first.seq}: {first.code}: {first.detail}"


async def _kill_switches(home: "Home") -> tuple[bool, str]:
    from interlock.runtime.run.kill_switch import KillSwitches

    engaged = await KillSwitches(home.store).list()
    if not engaged:
        return True, "none is engaged"
    names = ", ".join(f"{switch.scope} {switch.id}".strip() for switch in engaged)
    return False, f"engaged, so what they cover is denied: {names}"


async def _witness(home: "Home") -> tuple[bool, str]:
    """Ship what was not shipped yet, and name every place that has not all of it."""
    from interlock.serving.operations.recoveries import gaps
    from interlock.serving.shipping import shipping

    storage = home.runtime.storage
    lost = [f"{gap.log}: {gap.error().why}" for gap in await gaps(storage)]
    if lost:
        return False, "; ".join(lost)
    shipment = shipping(home.settings, storage)
    await shipment.round()
    troubles = [
        f"{place}: {log}: {why}" for (place, log), why in shipment.troubles.items()
    ]
    places = ", ".join(place.name for place in shipment.places)
    elsewhere = f"also at {places}" if places else "on this disk only"
    return not troubles, "; ".join(troubles) or f"every log is vouched for, {elsewhere}"


async def _people(home: "Home") -> tuple[bool, str]:
    everyone = people.load(home.settings.people).values()
    reviewers = [person.id for person in everyone if "reviewer" in person.roles]
    names = ", ".join(reviewers) or "none yet, so nothing irreversible can be approved"
    return True, f"reviewers: {names}"


async def _issuer(home: "Home") -> tuple[bool, str]:
    from interlock.serving.identity.issuer_look import look

    return await look(home.desk)


async def _documents(_: "Home") -> tuple[bool, str]:
    bounds = await isolation(Limits())
    if bounds is None:
        return (
            False,
            "the process that parses them cannot confine itself, so none is read",
        )
    by_kernel = {
        "system calls": bounds.calls,
        "files": bounds.files,
        "network": bounds.network,
    }
    words = []
    for name, is_held in by_kernel.items():
        words.append(f"{name} {'held' if is_held else 'not held'} by the kernel")
    return True, ", ".join(words)


async def _environment(_: "Home") -> tuple[bool, str]:
    """Name the variables that a library reads by itself; none is refused, or nothing had opened."""
    words = []
    for name, entry in environment.present():
        if entry.treatment != "local":
            words.append(f"{name} is {entry.treatment}: {entry.why}")
    return True, "; ".join(words) or "no variable is set that a library obeys"
