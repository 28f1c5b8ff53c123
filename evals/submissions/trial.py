"""One trial: many clients submit while the server is killed and started anew, again and again."""

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.evals.api.client import Client
from interlock.evals.api.process import Child
from interlock.runtime.record.audit import verified
from interlock.runtime.record.state import differences
from interlock.runtime.storage import Storage
from interlock.serving.workspace import open_workspace

_PATH: Final = "/v1/runs"
_TAKEN: Final = 202
_AGAIN_S: Final = 0.05
#: A key that is sent once more after it was acknowledged, by number
_TWICE: Final = 3


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a trial."""

    submissions: int
    kills: int = 0
    #: Submissions that got an answer, those that had to be sent again, and those answered anew
    acknowledged: int = 0
    sent_again: int = 0
    replayed: int = 0
    #: Acknowledged runs that are not there, runs beyond one for each key, keys with several answers
    lost: int = 0
    surplus: int = 0
    torn: int = 0
    problems: int = 0

    @property
    def held(self) -> bool:
        """Whether each acknowledged run exists once, no key made two, and the ledger verifies."""
        wrong = self.lost + self.surplus + self.torn + self.problems
        return self.acknowledged == self.submissions and not wrong


async def attempt(
    folder: Path, *, submissions: int, kills: int, clients: int, seed: int
) -> Outcome:
    """Submit so many runs to a home in *folder* while its server is killed so often."""
    submitting = _Submitting(folder, submissions)
    await submitting.child.start()
    work = asyncio.gather(*(submitting.client() for _ in range(clients)))
    await submitting.kill(kills, random.Random(seed))  # noqa: S311 - decides about moments
    await work
    await submitting.child.end(signal.SIGTERM)
    await _count(folder, submitting)
    return submitting.outcome


class _Submitting:
    """Many clients and one server."""

    def __init__(self, folder: Path, submissions: int) -> None:
        self.child = Child(folder)
        self.outcome = Outcome(submissions=submissions)
        #: By key, the runs that its answers named
        self.answers: dict[str, set[str]] = {}
        self._left = iter(range(submissions))
        self._news = asyncio.Event()

    async def client(self) -> None:
        """Submit what is left, each until it is acknowledged, and every third once more."""
        for number in self._left:
            key = f"key-{number}"
            await self._submit(key, number)
            self.outcome.acknowledged += 1
            self._news.set()
            if number % _TWICE == 0:
                await self._submit(key, number)
                self.outcome.replayed += 1

    async def kill(self, times: int, moments: random.Random) -> None:
        """Kill the server that often, spread over the submissions, and start it anew."""
        share = self.outcome.submissions / (times + 1)
        for number in range(1, times + 1):
            until = share * (number - moments.random() / 2)
            while self.outcome.acknowledged < until:
                self._news.clear()
                await self._news.wait()
            await self.child.end(signal.SIGKILL)
            self.outcome.kills += 1
            await self.child.start()

    async def _submit(self, key: str, number: int) -> None:
        """Send the submission until it is acknowledged."""
        order = {
            "agent": "contract_review",
            "request": {"path": f"{number}.pdf"},
        }
        while True:
            try:
                client = await Client.to(self.child.port)
                try:
                    answer = await client.ask("POST", _PATH, order, key=key)
                finally:
                    client.close()
            except OSError:
                self.outcome.sent_again += 1
                await asyncio.sleep(_AGAIN_S)
                continue
            if answer.status == _TAKEN:
                self.answers.setdefault(key, set()).add(answer.value["run_id"])
                return
            self.outcome.sent_again += 1
            await asyncio.sleep(_AGAIN_S)


async def _count(folder: Path, submitting: _Submitting) -> None:
    """Compare what is there with what was acknowledged."""
    outcome = submitting.outcome
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with Storage.open(
        database=settings.database,
        keys=settings.home / "keys",
        witness=settings.home / "checkpoints",
        reading=True,
    ) as storage:
        runs = await storage.runs.list()
        audit = await verified(storage.store, storage.vault, storage.ledger)
        rows = await differences(storage.store, storage.vault)
    there = {run.id for run in runs}
    named = {run_id for answers in submitting.answers.values() for run_id in answers}
    outcome.lost = len(named - there)
    by_path = Counter(str(run.request["path"]) for run in runs)
    outcome.surplus = sum(number - 1 for number in by_path.values())
    outcome.torn = sum(len(answers) > 1 for answers in submitting.answers.values())
    outcome.problems = len(audit.problems) + len(rows)
