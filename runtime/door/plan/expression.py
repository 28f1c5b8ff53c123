"""Expressions: JMESPath over the results of a run, bounded in length, work and size.

They are evaluated over what anybody may have written, so nothing that stands there may cost more
than a bound. What raises, or goes beyond a bound, gives nothing (fails closed).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult, Parser
from jmespath.visitor import Options, TreeInterpreter

from interlock.runtime.door.plan.functions import Ours
from interlock.runtime.door.plan.same import weight
from interlock.runtime.door.plan.work import Work

#: What an expression gives that raises, is too dear, or gives null
NOTHING: Final = object()
#: Nodes that are visited and leaves that are made, in all evaluations over one run's results
MOST_WORK: Final = 200_000
#: Nodes whose value may be larger than what it was made of
_GROWING: Final = frozenset(
    {"function_expression", "multi_select_dict", "multi_select_list"}
)


class Known(dict[str, Any]):
    """The results by step. What is not known yet is an error, never null: it may be known later.

    So they are looked at one by one, and never all together: what is known would say which steps
    the planner has done.
    """

    def get(
        self,
        key: str,
        default: Any = None,
    ) -> Any:
        """Return the result of a step; raises KeyError."""
        return self[key]


class Evaluation:
    """Evaluates any number of expressions within one bound; used by one thread."""

    def __init__(self) -> None:
        self._interpreter: Any = _Interpreter()

    def value(
        self,
        text: str,
        known: Mapping[str, Any],
    ) -> Any:
        """Return what an expression gives over *known*, or `NOTHING`."""
        interpreter = self._interpreter
        try:
            value = interpreter.visit(compiled(text).parsed, known)
            interpreter.work.spend(weight(value, most=MOST_WORK))
        except Exception:  # noqa: BLE001 - whatever breaks over what was read, it proves nothing
            return NOTHING
        return NOTHING if value is None else value


class _Interpreter(TreeInterpreter):
    """JMESPath's own interpreter, which counts what it does."""

    def __init__(self) -> None:
        self.work = Work(MOST_WORK)
        super().__init__(Options(custom_functions=Ours(self.work)))

    def visit(
        self,
        node: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Return the value of one node; raises `TooDear`, and TypeError for all results."""
        self.work.spend(1)
        value = super().visit(node, *args, **kwargs)
        if isinstance(value, Known):
            raise TypeError("the results of steps are looked at by name")
        if node["type"] in _GROWING:
            self.work.spend(weight(value, most=self.work.left))
        return value


@lru_cache(maxsize=1_024)
def compiled(text: str) -> ParsedResult:
    """Return a parsed expression; raises ValueError for what is none, or is nested too deeply."""
    try:
        return Parser().parse(text)
    except JMESPathError as error:
        raise ValueError(f"it is no expression: {error}") from error
    except RecursionError as error:
        raise ValueError("the expression is nested too deeply") from error
