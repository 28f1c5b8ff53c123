"""A home whose policy lists what a to-do application carries out itself."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.testing import FixedClock
from interlock.serving.access.access import Access
from interlock.serving.access.handle import told
from interlock.serving.home import Home, opened
from interlock.serving.workspace import open_workspace

GUIDE: Final = Path(__file__).resolve().parents[3] / "docs" / "howto" / "authzen.md"
#: The policy that the how-to shows
POLICY: Final = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0]
PEOPLE: Final = "people:\n- {id: rick, roles: [editor]}\n- {id: beth, roles: []}\n"
ASKER: Final = Principal(id="todo-app", tenant="default", roles=("enforcement_point",))
REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))


@dataclass(frozen=True, kw_only=True)
class App:
    """A to-do application before its policy decision point."""

    home: Home
    access: Access
    asker: Principal = ASKER
    clock: FixedClock

    async def may(self, question: dict[str, Any], asker: Principal = ASKER) -> Any:
        """Return the answer to one question."""
        return await self.access.evaluate(question, asker=asker)

    async def denied(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the request for approval of a question that is denied and can be requested."""
        context = (await self.may(question))["context"]
        wanted = context["access_request"]
        denial = {
            "evaluation_id": context["evaluation_id"],
            "expires_at": wanted["expires_at"],
            "binding_token": wanted["binding_token"],
        }
        return question | {"denial": denial}

    async def requested(self, question: dict[str, Any]) -> str:
        """Put a denial before people, and return the id of the task."""
        request = await self.denied(question)
        return (await self.access.request(request, asker=ASKER)).id

    async def decide(self, task_id: str, verdict: Verdict = "approved") -> None:
        """Give a verdict on the task as the reviewer."""
        task = await self.access.task(task_id, asker=ASKER)
        assert task.approval is not None
        await self.home.runtime.decide(
            task.approval.id,
            person=REVIEWER,
            verdict=verdict,
            shown=task.approval.evidence_digest,
            note="looked at it",
        )

    async def approved(self, question: dict[str, Any]) -> dict[str, Any]:
        """Have a denial approved, and return the question with the approval."""
        task_id = await self.requested(question)
        await self.decide(task_id)
        return await self.with_approval(task_id, question)

    async def with_approval(
        self, task_id: str, question: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the question with the approval of the task."""
        task = await self.access.task(task_id, asker=ASKER)
        approval = told(task, self.access.signer, base="")["result"]["approval"]
        context = question.get("context", {}) | {"approval": approval}
        return question | {"context": context}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The application, with a home of its own."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "todo.yaml").write_text(POLICY, "utf-8")
    (tmp_path / "interlock.toml").write_text('home = "home"\n', "utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "people.yaml").write_text(PEOPLE, "utf-8")
    settings = open_workspace({}, place=tmp_path).settings
    clock = FixedClock(now=time.time())
    async with opened(settings, clock=clock) as home:
        yield App(home=home, access=Access.over(home), clock=clock)
