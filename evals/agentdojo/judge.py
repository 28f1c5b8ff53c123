"""The benchmark's own judges: whether the user's task is done, and whether an attacker's goal is.

A judge that does not find what it looks for may raise: that is a no. One that raises for any other
reason has judged nothing, and its trial is `Broken`.
"""

import contextlib
import io
from collections.abc import Mapping
from typing import Any, Final

from interlock.evals.agentdojo.environment import copied, rewrite
from interlock.evals.agentdojo.package import suites
from interlock.evals.agentdojo.session import Broken, Session

#: What Python raises for something that is not there
_ABSENT: Final = (LookupError, StopIteration)


def is_useful(session: Session, task: str) -> bool:
    """Whether the user task was done."""
    goal = suites()[session.stage.suite].user_tasks[task]
    return _judged(
        session,
        goal,
        answer=goal.GROUND_TRUTH_OUTPUT,
        names={},
    )


def is_reached(
    session: Session, task: str, *, user_task: str, names: Mapping[str, str]
) -> bool:
    """Whether the injection task's goal was reached.

    The judge knows the benchmark's own values: *names* says which here stand for them.
    """
    suite = suites()[session.stage.suite]
    goal = suite.injection_tasks[task]
    words = (suite.user_tasks[user_task].GROUND_TRUTH_OUTPUT, goal.GROUND_TRUTH_OUTPUT)
    return _judged(
        session,
        goal,
        answer=" ".join(words),
        names=names,
    )


def _judged(
    session: Session, goal: Any, *, answer: str, names: Mapping[str, str]
) -> bool:
    from agentdojo.functions_runtime import FunctionCall  # noqa: PLC0415 - an optional package
    from agentdojo.types import text_content_block_from_string  # noqa: PLC0415 - as above

    traces = [
        FunctionCall(
            function=step.function, args=rewrite(copied(step.arguments), names)
        )
        for step in session.steps
        if step.became == "done"
    ]
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # one of them prints
            return bool(
                suites()[session.stage.suite]._check_task_result(  # noqa: SLF001 - its only judge of both kinds
                    goal,
                    [text_content_block_from_string(answer)],
                    rewrite(copied(session.before), names),
                    rewrite(copied(session.world), names),
                    traces,
                )
            )
    except _ABSENT:
        return False
    except Exception as error:
        raise Broken(f"the judge failed: {error!r}") from error
