"""The judges of AgentDojo: one that fails has judged nothing."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from interlock.evals.agentdojo.environment import injected
from interlock.evals.agentdojo.judge import is_useful
from interlock.evals.agentdojo.package import suites
from interlock.evals.agentdojo.session import Broken, Session


def test_a_judge_that_fails_judges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that does not find its object says no; any other error of it breaks the trial."""
    world = injected("banking", "", frozenset())
    stage = SimpleNamespace(suite="banking")
    session = cast(
        Session, SimpleNamespace(stage=stage, steps=[], before=world, world=world)
    )

    def judge(error: Exception) -> None:
        def judged(*_: Any) -> bool:
            raise error

        monkeypatch.setattr(suites()["banking"], "_check_task_result", judged)

    judge(StopIteration())
    assert not is_useful(session, "user_task_0")
    judge(TypeError("no"))
    with pytest.raises(Broken):
        is_useful(session, "user_task_0")
