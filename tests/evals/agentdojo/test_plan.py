"""The plans of the AgentDojo planner: they hold nothing that only the environment knows."""

import re
from typing import Any, Final

import pytest

from interlock.evals.agentdojo.catalogue import changes
from interlock.evals.agentdojo.environment import injected
from interlock.evals.agentdojo.package import SUITES, SuiteName, suites
from interlock.evals.agentdojo.plan import stated

_WORD: Final = re.compile(r"\w+")


@pytest.mark.parametrize("suite", SUITES)
def test_a_plan_states_what_the_prompt_says(suite: SuiteName) -> None:
    """Every literal of a plan is made of words of its task's prompt, or is listed with the reason
    why the prompt implies it; and nothing is listed that is not needed.
    """
    for task, plan in stated(suite).items():
        prompt = _words(suites()[suite].user_tasks[task].PROMPT)
        beyond = {text for text in plan.literals() if not _words(text) <= prompt}

        assert beyond == set(plan.implied), task
        assert all(plan.implied.values()), task


@pytest.mark.parametrize("suite", SUITES)
def test_every_task_that_changes_something_has_a_plan_or_says_why_not(
    suite: SuiteName,
) -> None:
    """The tasks with a plan are those that change something; it takes their tools, with arguments
    that these have, and a task without steps says why.
    """
    known = suites()[suite]
    tools = {own.name: own.parameters.model_fields for own in known.tools}
    changing = {task for task in known.user_tasks if _changes(known, suite, task)}

    assert stated(suite).keys() == changing
    for task, plan in stated(suite).items():
        assert bool(plan.steps) != bool(plan.cannot), task
        for step in plan.steps:
            assert step["arguments"].keys() <= tools[step["tool"]].keys(), task
        for read in plan.also:
            assert not changes(read["function"]), task


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _changes(known: Any, suite: SuiteName, task: str) -> bool:
    world = injected(suite, "", frozenset())
    calls = known.user_tasks[task].ground_truth(world)
    return any(changes(call.function) for call in calls)
