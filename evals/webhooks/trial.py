"""One trial: runs end while the courier that tells of them is killed, again and again."""

import asyncio
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.evals.webhooks.child import settings_of
from interlock.evals.webhooks.receiver import Receiver
from interlock.runtime.policy.request import Amounts, Principal
from interlock.runtime.record.audit import verified
from interlock.runtime.record.state import differences
from interlock.runtime.run.run import NewRun
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.webhooks import deliveries, endpoints

_ADA: Final = Principal(id="ada", tenant="default", roles=("administrator",))
_PEOPLE: Final = "people:\n- {id: ada, roles: [administrator]}\n"
_HOSTS: Final = "egress: {web_hosts: {default: [127.0.0.1]}}\n"
#: Seconds without any news after which a trial is given up
_SILENCE_S: Final = 60
#: Deliveries that are looked at at a time
_PAGE: Final = 100


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a trial."""

    events: int
    kills: int = 0
    #: Runs of which the receiver was told, and messages that came more than once
    told: int = 0
    again: int = 0
    #: Runs that came under more than one id, and messages that do not verify
    torn: int = 0
    forged: int = 0
    #: Deliveries whose record does not say delivered, and what is wrong with ledger and rows
    unsettled: int = 0
    problems: int = 0

    @property
    def held(self) -> bool:
        """Whether all was told under one id each, signed and recorded."""
        wrong = self.torn + self.forged + self.unsettled + self.problems
        return self.told == self.events and not wrong


async def attempt(
    folder: Path, *, database: str = "", events: int, kills: int, seed: int
) -> Outcome:
    """End so many runs in a new home in *folder* while the courier is killed so often."""
    _prepare(folder)
    receiver = Receiver()
    outcome = Outcome(events=events)
    async with (
        await receiver.listen(),
        desks.opened(settings_of(folder, database)) as desk,
    ):
        url = f"http://127.0.0.1:{receiver.port}/in"
        made = await endpoints.add(desk, url, ["run.ended"], person=_ADA)
        receiver.secret = made.secret
        courier = _Courier(folder, database)
        await courier.start()
        ending = asyncio.create_task(_end(desk, events))
        await _kill(courier, receiver, outcome, kills=kills, seed=seed)
        await ending
        await _until(receiver, events)
        outcome.unsettled = await _settled(desk, made.webhook.id, events)
        await courier.kill()
        outcome.problems = await _problems(desk)
    _count(outcome, list(receiver.ids.values()))
    outcome.forged = receiver.forged
    return outcome


class _Courier:
    """The courier as a process."""

    def __init__(self, folder: Path, database: str) -> None:
        self._place = (str(folder), database)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "interlock.evals.webhooks.child", *self._place
        )

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.wait()


def _prepare(folder: Path) -> None:
    """Write the home's people, and the policy data that lets messages go to this machine."""
    (folder / "people.yaml").write_text(_PEOPLE, "utf-8")
    (folder / "policies").mkdir()
    (folder / "policies" / "hosts.yaml").write_text(_HOSTS, "utf-8")


async def _kill(
    courier: _Courier, receiver: Receiver, outcome: Outcome, *, kills: int, seed: int
) -> None:
    """Kill the courier that often, spread over the events, and start it anew."""
    moments = random.Random(seed)  # noqa: S311 - decides about moments
    share = outcome.events / (kills + 1)
    for number in range(1, kills + 1):
        await _until(receiver, share * (number - moments.random() / 2))
        await courier.kill()
        outcome.kills += 1
        await courier.start()


async def _problems(desk: Desk) -> int:
    """Return how much is wrong with the ledger and with the rows."""
    storage = desk.storage
    audit = await verified(storage.store, storage.vault, storage.ledger)
    rows = await differences(storage.store, storage.vault)
    return len(audit.problems) + len(rows)


async def _end(desk: Desk, events: int) -> None:
    """Start and end so many runs."""
    new = NewRun(
        agent="note",
        principal=Principal(id="agent:note", tenant="default", roles=("note",)),
        request={},
        limits=Amounts(steps=10),
        autonomy=1,
        revision="0" * 64,
        intent=None,
    )
    for _ in range(events):
        run = await desk.storage.runs.start(new)
        await desk.storage.runs.end(run, "done", {})


async def _until(receiver: Receiver, runs: float) -> None:
    """Return when the receiver was told of so many runs; raises `TimeoutError` after silence."""
    while len(receiver.ids) < runs:
        receiver.heard.clear()
        async with asyncio.timeout(_SILENCE_S):
            await receiver.heard.wait()


async def _settled(desk: Desk, webhook_id: str, events: int) -> int:
    """Wait until every delivery is recorded as delivered; return how many are not in the end."""
    left = events
    for _ in range(_SILENCE_S):
        states = await _states(desk, webhook_id)
        left = events - states.count("delivered")
        if not left:
            break
        await asyncio.sleep(1)
    return left


async def _states(desk: Desk, webhook_id: str) -> list[str]:
    states: list[str] = []
    after: str | None = None
    while page := await deliveries.listed(
        desk, webhook_id, person=_ADA, after=after, limit=_PAGE
    ):
        states += [delivery.state for delivery in page]
        after = page[-1].id
    return states


def _count(outcome: Outcome, ids: Sequence[Sequence[str]]) -> None:
    outcome.told = len(ids)
    outcome.torn = sum(len(set(names)) > 1 for names in ids)
    outcome.again = sum(len(names) - len(set(names)) for names in ids)
