"""The things that the requests of a trial are about, made anew for each operation."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import httpx2

from interlock.evals import questions
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import Tx
from interlock.runtime.run.delivery import Draft, tell
from interlock.runtime.run.rollout import Plan
from interlock.runtime.run.webhook import Webhook, keep_webhook
from interlock.serving.home import Home
from interlock.serving.operations import releases, rollouts

_TENANT: Final = "default"
_MAKER: Final = Principal(id="root", tenant=_TENANT, roles=("administrator",))
_STARTER: Final = Principal(id="rolf", tenant=_TENANT, roles=("reviewer",))
_TEXT: Final = b"This Agreement is made. " * 20
_Maker: TypeAlias = Callable[["Things"], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Things:
    """Makes things in *home*, or has them made through its API."""

    home: Home
    client: httpx2.AsyncClient

    async def of(self, path: str) -> dict[str, str]:
        """Return the ids of new things by the names of the parameters that *path* has."""
        ids: dict[str, str] = {}
        for name, make in _KINDS.items():
            if f"{{{name}}}" in path and name not in ids:
                ids |= await make(self)
        return ids

    async def run(self) -> Mapping[str, str]:
        """Start a run; its budget and its document have its id."""
        order = {"agent": "contract_review", "request": {"path": "a.pdf"}}
        run = (await self.client.post("/v1/runs", json=order)).json()["run_id"]
        return dict.fromkeys(("run_id", "budget_id", "document_id"), run)

    async def job(self) -> Mapping[str, str]:
        """Submit a job of one document."""
        answer = await self.client.post(
            "/v1/jobs",
            data={"job": json.dumps({"agent": "contract_review", "again": True})},
            files=[("files", ("a.txt", _TEXT))],
        )
        return {"job_id": answer.json()["job"]}

    async def approval(self) -> Mapping[str, str]:
        """Let a mail of somebody else's run wait for a person."""
        path = self.home.settings.home / "agreement.txt"
        path.write_bytes(_TEXT)
        run = await self.home.start(path=path, notify=[], person="ana")
        [approval] = await questions.put(self.home, run, ["The review is attached."])
        self.home.runs.give_back(run)
        return {"approval_id": approval}

    async def release(self) -> Mapping[str, str]:
        """Make a release of what the home is; the same home makes the same one."""
        return {"release": await self._released({})}

    async def _released(self, weights: Mapping[str, Mapping[str, int]]) -> str:
        manifest = await releases.create(self.home, person=_MAKER, weights=weights)
        return manifest.digest

    async def rollout(self) -> Mapping[str, str]:
        """Roll a release out that is not in force, unless a rollout is under way."""
        runtime = self.home.runtime
        newest = await runtime.rollouts.newest()
        if newest is not None and newest.is_open:
            return {"rollout": newest.id}
        made = [await self._released({"planner": {name: 1}}) for name in ("a", "b")]
        if await runtime.releases.in_force() not in made:
            await releases.promote(
                self.home.desk, made[0], person=_STARTER, note="a trial"
            )
        in_force = await runtime.releases.in_force()
        [candidate] = [name for name in made if name != in_force]
        begun = await rollouts.start(
            self.home, candidate, plan=Plan(), person=_STARTER, note="a trial"
        )
        return {"rollout": begun.id}

    async def webhook(self) -> Mapping[str, str]:
        """Keep a webhook with a message to it; no host is listed to add one."""
        hook = Webhook(
            id=f"wh-{secrets.token_hex(6)}",
            tenant=_TENANT,
            owner="ada",
            url="https://hook.example/opera",
            events=("run.ended",),
            state="active",
            secrets=(),
            told=0,
        )
        draft = Draft(
            id=f"msg_{secrets.token_hex(16)}",
            event="run.ended",
            body=b"{}",
        )

        def work(tx: Tx) -> None:
            keep_webhook(tx, self.home.vault, hook, by="ada")
            tell(tx, self.home.vault, hook, [draft], told=0)

        await self.home.store.write(work, logs=(_TENANT,))
        return {"webhook_id": hook.id, "delivery_id": draft.id}


#: By the name of a parameter: who makes what it names. A task belongs to the application that asked
_KINDS: Final[Mapping[str, _Maker]] = {
    "run_id": Things.run,
    "budget_id": Things.run,
    "document_id": Things.run,
    "job_id": Things.job,
    "approval_id": Things.approval,
    "release": Things.release,
    "rollout": Things.rollout,
    "webhook_id": Things.webhook,
}
