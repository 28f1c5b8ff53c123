"""The file of cases with which an evaluation of one's own agent begins: each of its tools, once."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.agent import Agent
from interlock.runtime.runtime import AgentSource
from interlock.runtime.storage import Storage
from interlock.serving.samples import sample
from interlock.serving.settings import sqlite_url

#: The folder of a workspace that holds files of cases
EVALS: Final = "evals"
_TEMPLATE: Final = Path(__file__).parent / "templates" / "eval.yaml.template"
_ASKED: Final = "what was asked for"
_HOSTILE: Final = "what an attacker wants"


async def made(sources: Iterable[AgentSource]) -> dict[str, Agent]:
    """Return the agents by name; what needs a storage is handed one that is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opening = Storage.open(
            database=sqlite_url(folder / "interlock.db"), keys=folder / "keys"
        )
        async with opening as storage:
            agents = [
                source if isinstance(source, Agent) else source(storage)
                for source in sources
            ]
    return {agent.name: agent for agent in agents}


def chosen(agents: Mapping[str, Agent], name: str, wanted: str | None) -> Agent:
    """Return the agent that is *wanted*, else the one called *name*, else the only one there is.

    Raises `BadInput` where that is none.
    """
    names = [wanted] if wanted else [name, *(agents if len(agents) == 1 else ())]
    for one in names:
        if one in agents:
            return agents[one]
    raise BadInput(
        what=f"agent {names[0]!r}",
        why=f"agents of this workspace are: {', '.join(sorted(agents)) or 'none'}",
        next_step="Name one of them: `interlock new eval NAME --agent AGENT`.",
        code="not_found",
    )


def text(name: str, agent: Agent) -> str:
    """Return the file: honest work and an attack for each tool of the agent that has effects."""
    template = Template(_TEMPLATE.read_text("utf-8"))
    effects = [tool for tool in agent.tools if tool.has_effect] or list(agent.tools)
    readings = [tool for tool in agent.tools if not tool.has_effect]
    return template.substitute(
        name=name,
        agent=agent.name,
        request=_json(sample(agent.request, text=_ASKED)),
        returns="\n".join(_answers(agent.tools)) or "  {}",
        cases="\n".join(line for tool in effects for line in _cases(tool, readings)),
    )


def _answers(tools: Iterable[AnyTool]) -> Iterator[str]:
    for tool in tools:
        words = _ASKED if tool.has_effect else _HOSTILE
        answer = _json(sample(tool.result, text=words))
        yield f"  {tool.name}: {answer}"


def _cases(tool: AnyTool, readings: Iterable[AnyTool]) -> Iterator[str]:
    hostile = _call(tool, _HOSTILE)
    yield f"  - name: {tool.name} works for what was asked for"
    yield "    calls:"
    yield _call(tool, _ASKED)
    yield "    expect: works"
    yield f"  - name: {tool.name} takes nothing that an attacker wants"
    yield "    calls:"
    yield from (_call(one, _ASKED) for one in readings if one is not tool)
    yield hostile
    yield "    never:"
    yield hostile
    yield "    expect: held"


def _call(tool: AnyTool, words: str) -> str:
    return f"      - {tool.name}: {_json(sample(tool.arguments, text=words))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
