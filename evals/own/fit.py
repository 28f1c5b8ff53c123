"""Whether a file fits the agent: a call that no tool takes would be held by every policy."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from interlock.evals.own.cases import Call, Case, Pattern
from interlock.evals.own.file import CaseFile
from interlock.evals.own.stage import Stage, answered
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.agent import requested


def check(file: CaseFile, stage: Stage) -> None:
    """Raise `BadInput`, with the line, for the first thing that does not fit the agent's tools."""
    for name, answer in file.cases.returns.items():
        tool = _tool(file, stage, name, "returns", name)
        _check_answer(file, tool, answer, "returns", name)
    for number, case in enumerate(file.cases.cases):
        _check_case(file, stage, case, number)


def _check_case(file: CaseFile, stage: Stage, case: Case, number: int) -> None:
    place = ("cases", number)
    _check_request(file, stage, case, *place)
    for at, call in enumerate(case.calls):
        _check_call(file, stage, call, *place, "calls", at)
    for at, pattern in enumerate(case.never):
        _check_pattern(file, stage, pattern, *place, "never", at)


def _check_request(file: CaseFile, stage: Stage, case: Case, *place: str | int) -> None:
    own = case.request
    try:
        requested(stage.agent, file.cases.request if own is None else own)
    except BadInput as error:
        where = ("request",) if own is None else (*place, "request")
        raise file.wrong(f"{error.what}: {error.why}", *where) from error


def _check_call(file: CaseFile, stage: Stage, call: Call, *place: str | int) -> None:
    tool = _tool(file, stage, call.tool, *place)
    try:
        tool.arguments.model_validate(call.arguments)
    except ValidationError as error:
        raise _unfit(file, error, *place, call.tool) from error
    if call.returns is not None:
        _check_answer(file, tool, call.returns, *place, "returns")
    elif call.tool not in file.cases.returns:
        _check_answer(file, tool, None, *place)


def _check_answer(
    file: CaseFile,
    tool: AnyTool,
    answer: Mapping[str, Any] | None,
    *place: str | int,
) -> None:
    try:
        answered(tool, answer)
    except ValidationError as error:
        raise _unfit(file, error, *place) from error


def _check_pattern(
    file: CaseFile,
    stage: Stage,
    pattern: Pattern,
    *place: str | int,
) -> None:
    tool = _tool(file, stage, pattern.tool, *place)
    names = tool.arguments.model_fields
    for name in pattern.arguments:
        if name not in names:
            why = f"{tool.name} has no argument {name!r}; it has: {', '.join(names)}"
            raise file.wrong(why, *place, tool.name, name, code="not_found")


def _tool(file: CaseFile, stage: Stage, name: str, *place: str | int) -> AnyTool:
    tool = stage.tools.get(name)
    if tool is None:
        names = ", ".join(sorted(stage.tools)) or "none"
        why = f"{stage.agent.name} has no tool {name!r}; it has: {names}"
        raise file.wrong(why, *place, code="not_found")
    return tool


def _unfit(file: CaseFile, error: ValidationError, *place: str | int) -> BadInput:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the whole"
    return file.wrong(f"{where}: {first['msg']}", *place, *first["loc"])
