"""Blind reviews: a reviewer can reach nothing that tells a canary from the work that waits."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from difflib import unified_diff
from pprint import pformat
from typing import Any

import httpx2
import orjson

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.webhook import NEWS, Webhook
from interlock.serving.home import Home
from interlock.serving.http.application import application
from interlock.serving.identity.caller import Caller
from interlock.serving.operations import runs
from interlock.serving.quality.seeding import seed
from interlock.serving.webhooks import news

ROOT = Principal(id="root", tenant="default", roles=("administrator",))
RHEA = Principal(id="rhea", tenant="default", roles=("reviewer",))
#: One letter of the recipient is another, whichever canary is drawn
NAMES = ("look_alike_recipient", "hidden_characters", "another_number", "other_bank")
CATALOGUE = "".join(
    f"- {{name: {name}, tool: mail.send, argument: to, change: look_alike}}\n"
    for name in NAMES
)
#: What is another with every approval: names, digests, times and figures, and the recipient
CHANGING = re.compile(
    r"under a minute|\d[\d.,]* (?:s|min|h|days)\b|"
    r"sha256:|\b(?:apr|run|act)-[0-9a-f]+|[0-9a-f]{12,}|\w+@example\.com|\d[\d.,:]*"
)
PAGES = (
    "/approvals/{approval}",
    "/approvals/{approval}/standing",
    "/runs/{run}",
    "/runs/{run}/review",
)
ANSWERS = (
    "/v1/approvals/{approval}",
    "/v1/approvals?run={run}",
    "/v1/runs/{run}",
    "/v1/budgets/{run}",
    "/v1/documents/{run}",
)
#: What a reviewer does besides deciding, with what it takes
ACTS = {"claim": None, "release": None, "question": {"note": "Why?"}}


class Reviewer:
    """Lets everybody in as the reviewer, by key or by cookie."""

    async def of_key(self, key: str) -> Caller:
        return Caller(principal=RHEA, method="key")

    of_session = of_token = of_key


async def test_no_reviewer_tells_a_canary_from_work(
    home: Home, waiting: str, browser: Any
) -> None:
    """Pages, lists, answers of the API, the events of the run, messages to webhooks, what comes of
    a claim, a question or a resumption: of a canary each has the words and the shape of work.
    """
    work, bait = await together(home, waiting)
    rhea = browser("rhea")
    async with served(home) as (tails, api):
        seen = [await looked(rhea, api, tails, one) for one in (work, bait)]
        done = [await acted(home, api, one) for one in (work, bait)]
        again = [await looked(rhea, api, tails, one) for one in (work, bait)]
        lists = [await rows(rhea, api, path) for path in LISTS]
    told = await messages(home)

    assert "run.start" in seen[0]["events"]
    for work_seen, bait_seen in (seen, again):
        assert differences(work_seen, bait_seen) == []
    assert done[0] == done[1]
    for first, second in lists:
        assert first == second
    assert told[work["run"]] == told[bait["run"]] != []
    assert seen[0]["/v1/runs/{run}"][0] == 200


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Return the lines in which two sights are different, each after where it was seen."""
    return [
        f"{place}: {line}"
        for place in first
        for line in unified_diff(
            pformat(first[place]).splitlines(),
            pformat(second[place]).splitlines(),
            n=0,
            lineterm="",
        )
    ]


LISTS = ("/approvals", "/runs", "/v1/approvals", "/v1/runs")


async def together(home: Home, waiting: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of work that waits and of a canary that is made of it."""
    (home.settings.home / "canaries.yaml").write_text(CATALOGUE, "utf-8")
    assert await seed(home, 1, person=ROOT) == 1
    listed = await home.approvals.list(state="waiting")
    (other,) = [row for row in listed if row.id != waiting]
    (row,) = [row for row in listed if row.id == waiting]
    return named(row), named(other)


def named(row: Any) -> dict[str, str]:
    return {"approval": row.id, "run": row.run_id}


@asynccontextmanager
async def served(home: Home) -> AsyncIterator[tuple[Any, httpx2.AsyncClient]]:
    app: Any = application(home, authenticator=Reviewer())
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="http://127.0.0.1",
            headers={"Authorization": "Bearer ilk_any"},
        ) as api,
    ):
        yield app.state.service.tails, api


async def looked(
    pages: httpx2.AsyncClient,
    api: httpx2.AsyncClient,
    tails: Any,
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Return what there is to see of one approval."""
    seen: dict[str, Any] = {}
    for path in PAGES:
        answer = await pages.get(path.format(**names))
        seen[path] = answer.status_code, plain(answer.text)
    for path in ANSWERS:
        answer = await api.get(path.format(**names))
        seen[path] = answer.status_code, shape(answer.json())
    seen["events"] = await events(tails, names["run"])
    return seen


async def events(tails: Any, run: str) -> str:
    """Return the events of the run up to now."""

    async def allowed() -> None:
        """Let everybody go on."""

    frames = tails.frames("default", run, after=-1, allowed=allowed)
    heard = ""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            async for frame in frames:
                heard += frame.decode()
    return plain(heard)


async def acted(
    home: Home, api: httpx2.AsyncClient, names: Mapping[str, str]
) -> list[Any]:
    """Return what comes of what a reviewer does besides deciding."""
    ends: list[Any] = []
    for act, body in ACTS.items():
        path = f"/v1/approvals/{names['approval']}/{act}"
        answer = await api.post(path, json=body)
        assert answer.is_success, answer.text
        ends.append((answer.status_code, plain(answer.text)))
    answer = await api.post(f"/v1/runs/{names['run']}/resume")
    ends.append((answer.status_code, plain(answer.text)))
    try:
        ended = await runs.resume(home, names["run"], person=RHEA)
        ends.append((ended.status, shape(ended.outcome)))
    except BadInput as error:
        ends.append(error.code)
    return ends


async def rows(
    pages: httpx2.AsyncClient, api: httpx2.AsyncClient, path: str
) -> list[Any]:
    """Return the rows of a list without what changes."""
    if path.startswith("/v1"):
        return [shape(row) for row in (await api.get(path)).json()["data"]]
    text = (await pages.get(path)).text
    return [plain(row.partition("</li>")[0]) for row in text.split("data-item")[1:]]


async def messages(home: Home) -> dict[str, list[Any]]:
    """Return what a webhook is told of each run."""
    webhook = Webhook(
        id="wh-1",
        tenant="default",
        owner="root",
        url="",
        events=NEWS,
        state="active",
        secrets=(),
        told=0,
    )
    told = await home.store.read(lambda c: news.read(c, webhook, after=0))
    by_run: dict[str, list[Any]] = {}
    for draft in told.drafts:
        document = orjson.loads(draft.body)
        by_run.setdefault(document["data"]["run"], []).append(shape(document))
    return by_run


def plain(text: str) -> str:
    """Return a text without what is another with every approval."""
    return CHANGING.sub("*", text)


def shape(value: Any) -> Any:
    """Return a value without what is another with every approval."""
    match value:
        case dict():
            return {plain(name): shape(part) for name, part in value.items()}
        case list():
            return [shape(part) for part in value]
        case bool() | None:
            return value
        case int() | float():
            return bool(value)
        case _:
            return plain(str(value))
