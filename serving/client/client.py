"""The client: runs, approvals and jobs of one service, with one key."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias, TypeVar

import httpx2

from interlock.serving.client.failure import Unreachable
from interlock.serving.client.values import (
    Answer,
    Approval,
    Document,
    Event,
    Job,
    Quality,
    Release,
    Rollout,
    Run,
)
from interlock.serving.client.wire import Wire, events, problem_of

A = TypeVar("A", bound=Answer)
#: What a person may do with a rollout
Turned: TypeAlias = Literal["pause", "resume", "stop"]
_OVER: Final = 204
_BAD: Final = 400


class Client:
    """Talks to one service; used with `async with`, and safe to share between tasks.

    Only what is safe to repeat is repeated. So a verdict or a cancellation whose answer was lost
    raises `Unreachable`, and the caller looks at what became of it.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str,
        transport: httpx2.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        http = httpx2.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {key}"},
            transport=transport,
            timeout=timeout_s,
            trust_env=False,
        )
        self._wire = Wire(http)

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._wire.http.aclose()

    async def start_run(
        self,
        agent: str,
        request: Mapping[str, Any] | None = None,
        *,
        upload: Path | None = None,
        document: str | None = None,
        key: str = "",
    ) -> Run:
        """Start a run, with a file or a document that is there; a repeated *key* starts no second.

        Without a *key* one is made, so the start is repeated safely within this call.
        """
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        order: dict[str, Any] = {"agent": agent, "request": dict(request or {})}
        if document is not None:
            order["document"] = document
        body: dict[str, Any] = {"json": order}
        if upload is not None:
            content = await asyncio.to_thread(upload.read_bytes)
            body = {
                "data": {"order": json.dumps(order)},
                "files": {"file": (upload.name, content)},
            }
        started = await self._wire.ask(
            "POST", "/v1/runs", is_safe=True, headers=headers, **body
        )
        return Run.model_validate(started)

    async def run(self, run_id: str) -> Run:
        """Return one run whole."""
        return Run.model_validate(await self._wire.ask("GET", f"/v1/runs/{run_id}"))

    def runs(self, **wanted: Any) -> AsyncIterator[Run]:
        """Yield the runs of the tenant, newest first, page by page."""
        return self._listed("/v1/runs", Run, wanted)

    async def cancel_run(self, run_id: str, *, undo: bool = False) -> Run:
        """End a run for good, with *undo* by taking back what it did."""
        answer = await self._wire.ask(
            "POST", f"/v1/runs/{run_id}/cancel", json={"undo": undo}
        )
        return Run.model_validate(answer)

    async def resume_run(self, run_id: str) -> Run:
        """Let a worker carry a run on at once."""
        answer = await self._wire.ask("POST", f"/v1/runs/{run_id}/resume")
        return Run.model_validate(answer)

    async def widen_run(
        self, run_id: str, effects: Mapping[str, int | None], *, note: str
    ) -> Mapping[str, int | None]:
        """Let a run of yours have more effects, by kind; return all that it may have.

        None is any number.
        """
        answer = await self._wire.ask(
            "POST",
            f"/v1/runs/{run_id}/widen",
            json={"effects": dict(effects), "note": note},
        )
        intent: Mapping[str, int | None] = answer["intent"]
        return intent

    async def wait(self, run_id: str, *, timeout_s: float = 600.0) -> Run:
        """Return the run once it goes on no more by itself: ended, or waiting for a person.

        Raises TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            run = await self.run(run_id)
            if run.is_settled:
                return run
            async with aclosing(self.events(run_id)) as events:
                async for _ in events:
                    run = await self.run(run_id)
                    if run.is_settled:
                        return run
            return await self.run(run_id)

    async def events(
        self, run_id: str, *, after: int = -1
    ) -> AsyncGenerator[Event, None]:
        """Yield the events of a run to its end, none twice and none left out.

        A stream that breaks off is taken up again exactly where it was.
        """
        last = after
        while True:
            try:
                async with self._wire.http.stream(
                    "GET",
                    f"/v1/runs/{run_id}/events",
                    headers={"Last-Event-ID": str(last)},
                ) as answer:
                    if answer.status_code == _OVER:
                        return
                    if answer.status_code >= _BAD:
                        await answer.aread()
                        raise problem_of(answer)
                    async for event in events(answer):
                        last = event.id
                        yield event
            except (httpx2.TransportError, Unreachable):
                await asyncio.sleep(1.0)

    async def approval(self, approval_id: str) -> Approval:
        """Return one approval with its evidence."""
        answer = await self._wire.ask("GET", f"/v1/approvals/{approval_id}")
        return Approval.model_validate(answer)

    def approvals(self, **wanted: Any) -> AsyncIterator[Approval]:
        """Yield the approvals of the tenant, newest first, page by page."""
        return self._listed("/v1/approvals", Approval, wanted)

    async def decide(self, shown: Approval, verdict: str, *, note: str) -> str:
        """Decide on exactly the evidence that was *shown*, and return the state after it."""
        body = {
            "verdict": verdict,
            "evidence_digest": shown.evidence_digest,
            "note": note,
        }
        place = f"/v1/approvals/{shown.id}/verdict"
        answer = await self._wire.ask("POST", place, json=body)
        return str(answer["state"])

    async def edit(
        self, shown: Approval, arguments: Mapping[str, Any], *, note: str
    ) -> Approval:
        """Reject exactly what was *shown*, with the arguments that you would agree to."""
        body = {
            "evidence_digest": shown.evidence_digest,
            "arguments": dict(arguments),
            "note": note,
        }
        return await self._handled(shown.id, "edit", body)

    async def claim(self, approval_id: str) -> Approval:
        """Say that you look at it, for 15 minutes; it keeps nobody from deciding."""
        return await self._handled(approval_id, "claim")

    async def release(self, approval_id: str) -> Approval:
        """Say that you look at it no more."""
        return await self._handled(approval_id, "release")

    async def delegate(self, approval_id: str, to: str, *, note: str) -> Approval:
        """Ask somebody by name to decide it."""
        return await self._handled(approval_id, "delegate", {"to": to, "note": note})

    async def escalate(self, approval_id: str, to: str, *, note: str) -> Approval:
        """Pass it to the people of a role above."""
        return await self._handled(approval_id, "escalate", {"to": to, "note": note})

    async def ask(self, approval_id: str, *, note: str) -> Approval:
        """Ask whoever asked for it something."""
        return await self._handled(approval_id, "question", {"note": note})

    async def answer(self, approval_id: str, *, note: str) -> Approval:
        """Answer the question about what was asked in your name."""
        return await self._handled(approval_id, "answer", {"note": note})

    async def _handled(
        self, approval_id: str, what: str, body: Mapping[str, Any] | None = None
    ) -> Approval:
        place = f"/v1/approvals/{approval_id}/{what}"
        more: dict[str, Any] = {} if body is None else {"json": body}
        return Approval.model_validate(await self._wire.ask("POST", place, **more))

    async def hand_in(self, path: Path) -> Document:
        """Hand a document in; the same bytes are kept once, so this is repeated safely."""
        content = await asyncio.to_thread(path.read_bytes)
        answer = await self._wire.ask(
            "POST",
            "/v1/documents",
            is_safe=True,
            files={"file": (path.name, content)},
        )
        return Document.model_validate(answer)

    async def erase_document(self, digest: str) -> None:
        """Erase a document that was handed in."""
        await self._wire.ask("DELETE", f"/v1/documents/{digest}")

    def documents(self, **wanted: Any) -> AsyncIterator[Document]:
        """Yield the documents that were handed in, newest first, page by page."""
        return self._listed("/v1/documents", Document, wanted)

    async def quality(self, *, days: int = 30, own: bool = False) -> Quality:
        """Return how everybody reviewed, or with *own* how you did."""
        place = "/v1/quality/own" if own else "/v1/quality"
        answer = await self._wire.ask("GET", place, params={"days": days})
        return Quality.model_validate(answer)

    def jobs(self, **wanted: Any) -> AsyncIterator[Job]:
        """Yield the jobs of the tenant, newest first, page by page."""
        return self._listed("/v1/jobs", Job, wanted)

    async def releases(self) -> Mapping[str, Any]:
        """Return which release is in force, and every change of it, the newest first."""
        answer: Mapping[str, Any] = await self._wire.ask("GET", "/v1/releases")
        return answer

    async def release_of(self, digest: str) -> Release:
        """Return the manifest of a release, with who made it and who put it in force."""
        answer = await self._wire.ask("GET", f"/v1/releases/{digest}")
        return Release.model_validate(answer)

    def rollouts(self, **wanted: Any) -> AsyncIterator[Rollout]:
        """Yield what was decided about rollouts, newest first, page by page."""
        return self._listed("/v1/rollouts", Rollout, wanted)

    async def put_in_force(self, digest: str, *, note: str, back: bool = False) -> str:
        """Put a release in force, with *back* again; return the one that was before."""
        act = "rollback" if back else "promote"
        place = f"/v1/releases/{digest}/{act}"
        answer = await self._wire.ask("POST", place, json={"note": note})
        return str(answer["previous"])

    async def start_rollout(self, digest: str, *, note: str, **plan: Any) -> Rollout:
        """Begin to give a release to new runs."""
        wanted = {"release": digest, "note": note, **plan}
        answer = await self._wire.ask("POST", "/v1/rollouts", json=wanted)
        return Rollout.model_validate(answer)

    async def turn_rollout(self, name: str, how: Turned, *, note: str) -> Rollout:
        """Pause a rollout, resume it, or stop it."""
        place = f"/v1/rollouts/{name}/{how}"
        answer = await self._wire.ask("POST", place, json={"note": note})
        return Rollout.model_validate(answer)

    async def log(self) -> Mapping[str, Any]:
        """Return the size and root of the tenant's log."""
        answer: Mapping[str, Any] = await self._wire.ask("GET", "/v1/audit/log")
        return answer

    async def _listed(
        self, path: str, kind: type[A], wanted: Mapping[str, Any]
    ) -> AsyncIterator[A]:
        query = dict(wanted)
        while True:
            page = await self._wire.ask("GET", path, params=query)
            for row in page["data"]:
                yield kind.model_validate(row)
            if page["next"] is None:
                return
            query["cursor"] = page["next"]
