"""A model in trouble: every review comes to its end, and the record says what was wrong."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.policy.request import Principal
from interlock.runtime.run import recorded_action
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.serving.home import Home, opened
from interlock.serving.models.entry import ModelEntry
from interlock.serving.operations import runs
from interlock.serving.workspace import open_workspace
from interlock.testing import ModelServer
from interlock.tools.scripted.turn import (
    Turn,
    cut_off,
    garbage,
    hangs,
    oversize,
    refuses,
    says,
)

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
EFFECTS: Final = {"records.file", "report.write"}
CONTRACT: Final = "This Agreement is governed by the laws of Spain. " * 20
#: What the model does at every question, and how the record calls that
TROUBLES: Final[dict[str, tuple[Turn, str]]] = {
    "killed": (cut_off(says("Done."), after=9), "model_cut_off"),
    "hung": (hangs(), "model_late"),
    "garbage": (garbage(), "model_malformed"),
    "endless": (oversize(10**8), "model_too_large"),
    "draining": (refuses(503, retry_after="1"), "model_overloaded"),
    "out of memory": (refuses(500, words="CUDA out of memory"), "model_broken"),
}


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """How a review ended, what it did, and what the record says of its models."""

    status: str
    effects: set[str]
    failures: set[str]
    degraded: list[Any]


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
async def test_a_review_ends_whatever_its_model_does(
    tmp_path: Path, trouble: str
) -> None:
    """Another planner stands in and the review does its work; the record has how the model failed,
    and each answer of the other planner says that it is degraded.
    """
    turn, code = TROUBLES[trouble]
    async with ModelServer(lambda _: turn) as server:
        told = await _reviewed(
            tmp_path, server.url, answer_s=2 if trouble == "hung" else 60
        )

    assert (told.status, told.effects, told.failures) == ("done", EFFECTS, {code})
    assert told.degraded
    assert all(told.degraded)


async def test_a_review_ends_where_no_server_listens_any_more(tmp_path: Path) -> None:
    """A server that is gone is told as such, and the review ends all the same."""
    async with ModelServer([]) as server:
        gone = server.url
    told = await _reviewed(tmp_path, gone, answer_s=60)

    assert (told.status, told.effects) == ("done", EFFECTS)
    assert told.failures == {"model_away"}
    assert all(told.degraded)


async def _reviewed(folder: Path, url: str, *, answer_s: int) -> Reviewed:
    """Review a contract by the model at *url*, and return what came of that."""
    contract = folder / "contract.txt"
    contract.write_text(CONTRACT, "utf-8")
    settings = open_workspace({}, chosen={"home": str(folder / "home")}).settings
    entry = {"url": url, "name": "m", "clearance": "confidential", "answer_s": answer_s}
    stand_in = {"embedded": True, "fallback": True}
    models = {
        "planner": {
            "main": ModelEntry.model_validate(entry),
            "careful": ModelEntry.model_validate(stand_in),
        }
    }
    async with opened(settings.model_copy(update={"models": models})) as home:
        run = await runs.start(
            home,
            person=ANALYST,
            agent="contract_review",
            request={"path": str(contract), "notify": []},
        )
        ended = await home.drive(run)
        effects, failures, degraded = await _told(home, run.id)
    return Reviewed(
        status=ended.status,
        effects=effects,
        failures=failures,
        degraded=degraded,
    )


async def _told(home: Home, run_id: str) -> tuple[set[str], set[str], list[Any]]:
    """Return the effects that are done, how models failed, and what each answer says of that."""
    rows = await home.store.read(
        lambda look: recorded_action.of_run(look, run_id, home.vault.key(look, run_id))
    )
    effects = {row.tool for row in rows if row.tool in EFFECTS and row.state == "done"}
    asked = [row for row in rows if row.tool == "model.generate"]
    failures = {_read(row)["code"] for row in asked if row.state == "failed"}
    degraded = [_read(row)["degraded"] for row in asked if row.state == "done"]
    return effects, failures, degraded


def _read(row: RecordedAction) -> Any:
    return json.loads(row.result or b"{}")
