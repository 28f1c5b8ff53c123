"""The client before a served home: it sends what the API takes, and repeats only what is safe."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from interlock.client import (
    Client,
    Conflicting,
    Forbidden,
    Missing,
    Unknown,
    Unreachable,
    Unreadable,
)
from interlock.errors import NotAuthenticated
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import tables
from interlock.serving.client.wire import TRIES
from interlock.serving.home import Home, opened
from interlock.serving.http.application import application
from interlock.serving.identity.caller import Caller
from interlock.serving.workspace import open_workspace

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "documents.md"
BASE = "http://127.0.0.1"
WHOLE = Principal(
    id="ana", tenant="default", roles=("analyst", "auditor", "administrator")
)


class OneKey:
    """Knows one person by a key."""

    async def of_session(self, cookie: str) -> Caller:
        raise NotAuthenticated(what="The session")

    async def of_key(self, key: str) -> Caller:
        if key != "ilk_ana":
            raise NotAuthenticated(what="The key")
        return Caller(principal=WHOLE, method="key")

    async def of_token(self, token: str) -> Caller:
        raise NotAuthenticated(what="The token")


async def _spoken(home: Home, run_id: str) -> None:
    """Let the request of the run have words that ask for nothing."""
    whose = tables.run.c.id == run_id
    silent = update(tables.run).where(whose).values(intent="{}")
    await home.store.write(
        lambda tx: tx.connection.execute(silent), logs=(WHOLE.tenant,)
    )


async def test_a_run_from_its_start_to_its_end(tmp_path: Path, contract: Path) -> None:
    """Started with a file, followed by its events, cancelled; errors are typed, with their code."""
    settings = open_workspace({}, chosen={"home": str(tmp_path)}).settings
    async with opened(settings) as home:
        served = application(home, authenticator=OneKey())
        transport = httpx2.ASGITransport(app=served)
        async with (
            served.router.lifespan_context(served),
            Client(BASE, key="ilk_ana", transport=transport) as client,
            Client(BASE, key="ilk_no", transport=transport) as stranger,
        ):
            run = await client.start_run("contract_review", upload=contract, key="k1")
            again = await client.start_run("contract_review", upload=contract, key="k1")
            await client.start_run("contract_review", upload=contract)
            listed = [one.run_id async for one in client.runs(limit=1)]
            with pytest.raises(Unreadable) as mistyped:
                await client.widen_run(run.run_id, {"message.sent": 1}, note="It may.")
            with pytest.raises(Conflicting) as unasked:
                await client.widen_run(run.run_id, {"message.send": 1}, note="It may.")
            await _spoken(home, run.run_id)
            more = {"message.send": 1, "file.delete": None}
            widened = await client.widen_run(run.run_id, more, note="It may.")
            cancelled = await client.cancel_run(run.run_id)
            ended = await client.wait(run.run_id)
            events = [one.event async for one in client.events(run.run_id)]
            with pytest.raises(Conflicting) as caught:
                await client.cancel_run(run.run_id)
            with pytest.raises(Missing):
                await client.approval("apr-000000000000")
            with pytest.raises(Unknown):
                await stranger.run(run.run_id)
            log = await client.log()

    assert again.run_id == run.run_id
    assert (len(listed), len(set(listed))) == (2, 2)
    assert (cancelled.status, ended.status) == ("cancelled", "cancelled")
    assert (events[0], events[-1]) == ("run_started", "run_ended")
    assert caught.value.code == "ended"
    assert widened == more
    assert (mistyped.value.code, unasked.value.code) == ("no_kind", "no_words")
    assert log["size"] > 0


async def test_a_document_from_its_coming_to_its_end(
    tmp_path: Path, contract: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the page about documents shows works as it stands there."""
    told: dict[str, Any] = {}
    [code] = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    exec(code, told)  # noqa: S102 - our own page
    settings = open_workspace({}, chosen={"home": str(tmp_path)}).settings
    async with opened(settings) as home:
        served = application(home, authenticator=OneKey())
        transport = httpx2.ASGITransport(app=served)
        async with (
            served.router.lifespan_context(served),
            Client(BASE, key="ilk_ana", transport=transport) as client,
        ):
            digest = await told["used_once"](client, contract)
            with pytest.raises(Missing):
                await client.start_run("contract_review", document=digest)

    assert capsys.readouterr().out == "in_use\n"


async def test_each_thing_people_do_is_a_call(contract: Path) -> None:
    """Each is sent once, to the place and with the words that the API takes; what only looks and a
    document, whose bytes are kept once, are as the API shows them.
    """
    sent: list[tuple[str, str]] = []
    row = {"id": "apr-1", "run_id": "r", "tool": "t", "state": "waiting"}
    approval = {**row, "role": "reviewer", "expires": 1, "evidence_digest": "0f"}
    document = {"digest": "d", "name": "n", "kind": "pdf", "size": 1}
    answers = {
        "/v1/documents": {**document, "data": [document], "next": None},
        "/v1/quality": {"days": 7, "people": []},
        "/v1/quality/own": {"days": 30, "people": []},
    }

    def serve(request: httpx2.Request) -> httpx2.Response:
        is_form = request.url.path == "/v1/documents"
        sent.append((request.url.path, "" if is_form else request.content.decode()))
        return httpx2.Response(200, json=answers.get(request.url.path, approval))

    async with Client(BASE, key="k", transport=httpx2.MockTransport(serve)) as client:
        shown = await client.claim("apr-1")
        await client.release("apr-1")
        await client.delegate("apr-1", "rolf", note="his")
        await client.escalate("apr-1", "administrator", note="large")
        await client.ask("apr-1", note="Whose?")
        await client.answer("apr-1", note="Ours.")
        await client.edit(shown, {"to": []}, note="none")
        kept = await client.hand_in(contract)
        listed = [one async for one in client.documents()]
        days = [(await client.quality(days=7)).days]
        days.append((await client.quality(own=True)).days)

    place = "/v1/approvals/apr-1"
    assert sent[:7] == [
        (f"{place}/claim", ""),
        (f"{place}/release", ""),
        (f"{place}/delegate", '{"to":"rolf","note":"his"}'),
        (f"{place}/escalate", '{"to":"administrator","note":"large"}'),
        (f"{place}/question", '{"note":"Whose?"}'),
        (f"{place}/answer", '{"note":"Ours."}'),
        (
            f"{place}/edit",
            '{"evidence_digest":"0f","arguments":{"to":[]},"note":"none"}',
        ),
    ]
    assert [one.digest for one in listed] == [kept.digest]
    assert days == [7, 30]


async def _sent(act: Callable[[Client], Any]) -> tuple[int, set[str]]:
    """Return how often a service that is away was asked, and with which idempotency keys."""
    keys: list[str] = []

    def away(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers.get("idempotency-key", ""))
        return httpx2.Response(503, headers={"Retry-After": "0"})

    async with Client(BASE, key="k", transport=httpx2.MockTransport(away)) as client:
        with pytest.raises(Unreachable):
            await act(client)
    return len(keys), set(keys)


async def test_only_what_is_safe_is_sent_again() -> None:
    """A look and a start under one key are repeated; a cancellation is not."""
    looks, _ = await _sent(lambda client: client.run("run-1"))
    starts, keys = await _sent(lambda client: client.start_run("contract_review"))
    cancels, _ = await _sent(lambda client: client.cancel_run("run-1"))

    assert (looks, starts, cancels) == (TRIES, TRIES, 1)
    assert len(keys) == 1
    assert keys != {""}


@asynccontextmanager
async def rolled_out(folder: Path, roll_out: Any) -> AsyncIterator[tuple[Any, Client]]:
    """Serve a home with a rollout under way; yield the rollout and a client of the home."""
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with opened(settings) as home:
        rolled = await roll_out(home)
        served = application(home, authenticator=OneKey())
        transport = httpx2.ASGITransport(app=served)
        async with (
            served.router.lifespan_context(served),
            Client(BASE, key="ilk_ana", transport=transport) as client,
        ):
            yield rolled, client


async def test_releases_and_rollouts_are_read(tmp_path: Path, roll_out: Any) -> None:
    """What is in force, a manifest, and each decision about a rollout with its figures."""
    async with rolled_out(tmp_path, roll_out) as (rolled, client):
        releases = await client.releases()
        release = await client.release_of(rolled.candidate)
        told = [one async for one in client.rollouts(limit=1)]

    assert releases["in_force"] == rolled.control
    assert (release.by, release.in_force) == ("ana", False)
    assert [one.how for one in told] == ["held", "started"]
    assert told[0].shares[0]["canary_runs"] == 4


async def test_rollouts_are_turned_and_releases_taken_back(
    tmp_path: Path, roll_out: Any
) -> None:
    """A rollout is paused, let go on and ended, a release comes back; who made a release starts no
    rollout of it, and is told the code.
    """
    async with rolled_out(tmp_path, roll_out) as (rolled, client):
        [name] = {one.rollout async for one in client.rollouts()}
        turned = [
            await client.turn_rollout(name, how, note="it waits")
            for how in ("pause", "resume", "stop")
        ]
        with pytest.raises(Forbidden) as own:
            await client.start_rollout(rolled.candidate, note="again", steps=[9, 100])
        before = await client.put_in_force(rolled.control, note="it stays", back=True)

    assert [one.status for one in turned] == ["paused", "live", "stopped"]
    assert before == rolled.control
    assert "own_request" in str(own.value.codes)
