"""Problems: every error has one status and one form, and a defect tells nothing of itself."""

from typing import Any, Final, get_args

import pytest

from interlock.runtime import errors
from interlock.runtime.policy.request import Principal
from interlock.serving.http import problem
from interlock.serving.http.envelope import LARGEST
from interlock.serving.http.refusal import Why
from interlock.serving.operations import looks

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
NOBODY: Final = Principal(id="nemo", tenant="default", roles=())


def test_every_code_has_a_status() -> None:
    """No error of bad input and no refused request is left to chance."""
    assert set(problem.STATUS_OF_INPUT) == set(get_args(errors.Code))
    assert set(problem.STATUS_OF_REQUEST) == set(get_args(Why))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotAuthenticated(what="The key"), 401),
        (errors.NotPermitted(act="a", person="b", codes=("not_granted",), why=""), 403),
        (
            errors.NotPermitted(act="a", person="b", codes=("wrong_tenant",), why=""),
            404,
        ),
        (errors.Erased(run_id="run-1"), 410),
        (errors.Fenced(run_id="run-1"), 409),
        (errors.Busy(), 503),
        (errors.Tampered(what="a row", why="it differs"), 503),
        (errors.NotAPermit(tool="a", why="b"), 500),
    ],
)
def test_who_must_act_decides_the_status(
    error: errors.InterlockError, status: int
) -> None:
    """What the caller can mend is a 4xx, what the operator must mend is a 503."""
    assert problem.status_of(error) == status


async def test_a_problem_says_what_to_do(served: Any) -> None:
    """Every refusal is a problem with a code, a next step and the id of its request."""
    answers = [
        await served.ask(None, "GET", "/v1/runs"),
        await served.ask(NOBODY, "GET", "/v1/runs"),
        await served.ask(ANALYST, "GET", "/v1/runs/run-0"),
        await served.ask(ANALYST, "GET", "/v1/nothing"),
        await served.ask(ANALYST, "DELETE", "/v1/runs"),
        await served.ask(ANALYST, "POST", "/v1/runs", content=b"{}"),
        await served.ask(ANALYST, "POST", "/v1/runs", json={"agent": 1}),
        await served.ask(ANALYST, "GET", "/v1/runs?nope=1"),
        await served.ask(ANALYST, "GET", "/v1/runs", headers={"Host": "evil.example"}),
    ]
    told = [answer.json() for answer in answers]

    assert [(one["status"], one["code"]) for one in told] == [
        (401, "not_authenticated"),
        (403, "not_permitted"),
        (404, "not_found"),
        (404, "no_such_path"),
        (405, "method_not_allowed"),
        (415, "unsupported"),
        (422, "invalid"),
        (422, "invalid"),
        (421, "host_unknown"),
    ]
    assert [one["status"] for one in told] == [a.status_code for a in answers]
    assert {a.headers["content-type"] for a in answers} == {problem.MEDIA}
    assert all(one["next_step"] and one["detail"] for one in told)
    assert told[6]["field"] == "agent"
    assert answers[0].headers["www-authenticate"].startswith("Bearer")
    assert [one["request_id"] for one in told] == [
        a.headers["x-request-id"] for a in answers
    ]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        (None, "/healthz", 200),
        (ANALYST, "/v1/runs", 200),
        (ANALYST, "/v1/runs/run-0", 404),
        (NOBODY, "/v1/runs", 403),
        (ANALYST, "/v1/runs/run-0/cancel", 405),
    ],
)
async def test_a_head_is_that_of_the_answer(
    served: Any, who: Principal | None, path: str, status: int
) -> None:
    """HEAD is answered as GET is, without a body."""
    whole = await served.ask(who, "GET", path)
    head = await served.ask(who, "HEAD", path)

    assert (head.status_code, head.content) == (status, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_not_read(served: Any, chunked: bool) -> None:
    """The size is refused by what a request says, and by what comes where it says nothing."""

    async def parts() -> Any:
        for _ in range(3):
            yield b" " * (LARGEST // 2)

    content = parts() if chunked else b" " * (LARGEST + 1)
    answer = await served.ask(
        ANALYST,
        "POST",
        "/v1/runs",
        content=content,
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(served: Any) -> None:
    """What a request says of its size is refused before the first part of the body comes."""
    drawn: list[bytes] = []

    async def parts() -> Any:
        drawn.append(b" ")
        yield drawn[0]

    headers = {"Content-Type": "application/json", "Content-Length": str(LARGEST + 1)}
    answer = await served.ask(
        ANALYST, "POST", "/v1/runs", content=parts(), headers=headers
    )

    assert (answer.status_code, drawn) == (413, [])


async def test_a_caller_who_asks_too_often_waits(serve: Any, home: Any) -> None:
    """Each caller has a bucket, and nobody empties another's."""
    async with serve(home, rate=1, burst=2) as served:
        answers = [await served.ask(ANALYST, "GET", "/v1/runs") for _ in range(3)]
        of_other = await served.ask(NOBODY, "GET", "/v1/runs")

    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert of_other.status_code == 403


async def test_a_defect_tells_its_id_alone(
    served: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The text of an exception stays in the log, under the id that the answer names."""

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the secret of the vault")

    monkeypatch.setattr(looks, "runs", broken)
    answer = await served.ask(ANALYST, "GET", "/v1/runs")

    assert (answer.status_code, answer.json()["code"]) == (500, "defect")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] in caplog.text


async def test_a_database_that_is_away_is_told_as_such(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage is 503 with the time to wait, and no place on the server."""

    async def away(*_: Any, **__: Any) -> None:
        raise errors.NotRecorded(why="/var/lib/secret.db is gone")

    monkeypatch.setattr(looks, "runs", away)
    answer = await served.ask(ANALYST, "GET", "/v1/runs")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_recorded")
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.text


async def test_the_server_says_whether_it_is_well(served: Any) -> None:
    """Health needs no credential, and names the part that is not well."""
    alive = await served.ask(None, "GET", "/healthz")
    ready = await served.ask(None, "GET", "/readyz")
    for file in (served.home.settings.home / "checkpoints").iterdir():
        file.unlink()
    after = await served.ask(None, "GET", "/readyz")

    assert alive.json() == {"status": "ok"}
    assert ready.json() == {
        "ready": True,
        "parts": {"database": True, "engine": True, "ledger": True},
    }
    assert (after.status_code, after.json()["parts"]["ledger"]) == (503, False)
