"""`/v1/approvals`: a verdict over the network is bound to what was shown, and given once."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.canonical import digest
from interlock.runtime.policy.request import Principal

REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
OTHER: Final = Principal(id="ruth", tenant="default", roles=("reviewer",))
STRANGER: Final = Principal(id="rhea", tenant="other", roles=("reviewer",))


@pytest.fixture
async def waiting(serve: Any, reviewed: Path, tmp_path: Path) -> AsyncIterator[Any]:
    """A home in which one mail waits for a reviewer, served."""
    async with serve(Path(shutil.copytree(reviewed, tmp_path / "copy"))) as served:
        yield served


async def _waiting(served: Any) -> Any:
    page = await served.ask(REVIEWER, "GET", "/v1/approvals?state=waiting")
    [row] = page.json()["data"]
    return (await served.ask(REVIEWER, "GET", f"/v1/approvals/{row['id']}")).json()


def _verdict(shown: str, **more: str) -> dict[str, str]:
    note = "The recipient is ours."
    return {"verdict": "approved", "evidence_digest": shown, "note": note, **more}


async def test_a_verdict_is_given_once_on_what_was_shown(waiting: Any) -> None:
    """Other evidence is a conflict, and so is a second verdict; the first one stands, and is timed
    from when the API showed what it is about.
    """
    shown = await _waiting(waiting)
    path = f"/v1/approvals/{shown['id']}/verdict"
    other = await waiting.ask(REVIEWER, "POST", path, json=_verdict("0" * 64))
    seen = shown["evidence"] | {"tool": "mail.hold"}
    copied = await waiting.ask(
        REVIEWER, "POST", path, json=_verdict(digest(seen)) | {"evidence": seen}
    )
    bare = await waiting.ask(
        REVIEWER, "POST", path, json=_verdict(shown["evidence_digest"], note=" ")
    )
    first = await waiting.ask(
        REVIEWER, "POST", path, json=_verdict(shown["evidence_digest"])
    )
    again = await waiting.ask(
        OTHER, "POST", path, json=_verdict(shown["evidence_digest"])
    )

    assert (other.status_code, other.json()["code"]) == (409, "evidence_changed")
    assert (copied.json()["approval"], copied.json()["differences"]) == (
        shown["id"],
        [{"field": "tool", "before": "mail.hold", "now": "mail.send"}],
    )
    assert (bare.status_code, bare.json()["codes"]) == (403, ["note_missing"])
    decided = {"id": shown["id"], "state": "approved", "canary": False}
    assert first.json() == decided
    (step,) = (await waiting.home.approvals.read(shown["id"])).verdicts
    assert 0 < step.opened <= step.at
    assert (again.status_code, again.json()["code"]) == (409, "decided_already")


async def test_an_approval_of_another_tenant_is_not_there(waiting: Any) -> None:
    """Nobody of another tenant sees it, lists it, or decides it."""
    shown = await _waiting(waiting)
    path = f"/v1/approvals/{shown['id']}"
    answers = [
        await waiting.ask(STRANGER, "GET", path),
        await waiting.ask(
            STRANGER,
            "POST",
            f"{path}/verdict",
            json=_verdict(shown["evidence_digest"]),
        ),
    ]
    listed = await waiting.ask(STRANGER, "GET", "/v1/approvals")

    assert {a.json()["code"] for a in answers} == {"not_found"}
    assert listed.json() == {"data": [], "next": None}
    assert (await _waiting(waiting))["state"] == "waiting"
