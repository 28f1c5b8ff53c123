"""One home, damaged again and again: is it broken, and is anything done on it?"""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from interlock.evals.corruption.damage import KINDS
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import InterlockError
from interlock.runtime.record import audit, state
from interlock.runtime.run.run import Run
from interlock.runtime.storage import Storage
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World

_MAIL: Final = "mail.send"
_CALL: Final = "the mail"


@dataclass(kw_only=True, slots=True)
class Report:
    """What came of all trials."""

    trials: int = 0
    #: Databases that the verifier calls broken, and those on which the mail was sent
    broken: int = 0
    sent: int = 0
    #: Mails sent on a broken database: kind and place of the damage
    sent_on_broken: list[str] = field(default_factory=list)
    #: Failures that are no errors of ours
    untyped: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether nothing was done on what is broken, and every refusal was one of ours."""
        return not self.sent_on_broken and not self.untyped


async def corrupt(folder: Path, *, trials: int, seed: int) -> Report:
    """Damage a home *trials* times, each time a new copy of it."""
    random = Random(seed)  # noqa: S311 - places of damage, no secrets
    sound = folder / "sound"
    run_id = await _made(sound)
    report = Report(trials=trials)
    codes: Counter[str] = Counter()
    for trial in range(trials):
        kind = list(KINDS)[trial % len(KINDS)]
        home = folder / "damaged"
        shutil.copytree(sound, home)
        where = KINDS[kind](home / "interlock.db", random)
        looked_at = folder / "looked-at"
        shutil.copytree(home, looked_at)
        is_broken = await _is_broken(looked_at)
        code, mails = await _resumed(home, run_id, report, where=f"{kind}: {where}")
        codes[code] += 1
        report.broken += is_broken
        report.sent += bool(mails)
        if is_broken and mails:
            report.sent_on_broken.append(f"{kind}: {where}")
        shutil.rmtree(home)
        shutil.rmtree(looked_at)
    report.refusals = dict(codes)
    return report


def _world(folder: Path) -> tuple[World, Effects]:
    effects = Effects()
    tools = [effects.tool(_MAIL), effects.tool("note.read", "read")]
    permitted = {tool.name: "permit" for tool in tools}
    pdp = StaticPoint(effects=permitted, waiting=frozenset({_MAIL}))  # type: ignore[arg-type]  # "permit" is an effect
    return World(folder, tools=tools, pdp=pdp), effects


async def _made(folder: Path) -> str:
    """Make a home with three runs, and return the one whose mail is approved and not yet sent."""
    world, _ = _world(folder)
    async with world:
        runs = [await world.start() for _ in range(3)]
        for run in runs:
            await _read(world, run)
            waiting = await _propose(world, run)
            if isinstance(waiting, Waiting):
                await _approve(world, waiting)
            await world.runs.end(run, "waiting", {})
            world.runs.give_back(run)
        return runs[1].id


async def _read(world: World, run: Run) -> None:
    for call in ("a", "b"):
        await world.pep.enforce(
            run, tool="note.read", arguments={"text": call}, call_id=call
        )


async def _propose(world: World, run: Run) -> Any:
    return await world.pep.enforce(
        run, tool=_MAIL, arguments={"text": _CALL}, call_id=_CALL
    )


async def _approve(world: World, waiting: Waiting) -> None:
    approval = await world.approvals.read(waiting.approval_id)
    await world.approvals.decide(
        approval.id,
        reviewer=REVIEWER,
        verdict="approved",
        shown=approval.evidence_digest,
        note="looked at",
    )


async def _resumed(
    folder: Path, run_id: str, report: Report, *, where: str
) -> tuple[str, list[str]]:
    """Claim the run and propose the approved mail again; return the code and the mails sent."""
    world, effects = _world(folder)
    code = "sent"
    try:
        async with world:
            run = await world.runs.claim(run_id)
            outcome = await _propose(world, run)
            await world.store.durable(run.claim)
            code = "sent" if effects.done else type(outcome).__name__.lower()
    except InterlockError as error:
        code = error.code
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        code = "untyped"
        report.untyped.append(f"{where}: {type(error).__name__}: {error}"[:200])
    return code, effects.done


async def _is_broken(folder: Path) -> bool:
    """Whether `audit verify --state` finds anything wrong, or cannot even read."""
    opening = Storage.open(
        database=f"sqlite:///{folder / 'interlock.db'}",
        keys=folder / "keys",
        witness=folder / "witness",
        origin="interlock/test",
        reading=True,
    )
    try:
        async with opening as storage:
            store, vault = storage.store, storage.vault
            verified = await audit.verified(store, vault, storage.ledger)
            differences = await state.differences(store, vault)
    except Exception:  # noqa: BLE001 - what cannot be read is broken
        return True
    return bool(differences) or not verified.valid
