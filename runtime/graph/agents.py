"""Agents and their tools by name: no two agents share a name, and no two different tools do."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from interlock.runtime.door.tool import AnyTool
from interlock.runtime.graph.agent import Agent
from interlock.runtime.policy.spoken import spoken_fields
from interlock.runtime.run.artefact import Parts

#: Returns the artefacts that this process has, of the agents that it has
PartsOf: TypeAlias = Callable[[Mapping[str, Agent]], Parts]


def by_name(agents: Iterable[Agent]) -> dict[str, Agent]:
    """Return the agents by name; raises `TypeError` when two share one."""
    named: dict[str, Agent] = {}
    for agent in agents:
        if agent.name in named:
            raise TypeError(f"two agents are named {agent.name!r}; rename one")
        named[agent.name] = agent
    return named


def tools_of(agents: Iterable[Agent]) -> dict[str, AnyTool]:
    """Return the tools of all by name; raises `TypeError` when two different ones share a name."""
    named: dict[str, AnyTool] = {}
    for agent in agents:
        for tool in agent.tools:
            if named.setdefault(tool.name, tool) is not tool:
                raise taken(tool.name)
    return named


def taken(name: str) -> TypeError:
    """Return the error for two different tools of one name."""
    return TypeError(f"two different tools are named {name!r}; rename one")


def by_agent(agents: Mapping[str, Agent]) -> dict[str, Mapping[str, AnyTool]]:
    """Return the tools of each agent: the door lets no agent propose another agent's."""
    return {name: tools_of([agent]) for name, agent in agents.items()}


def spoken_by_agent(agents: Mapping[str, Agent]) -> dict[str, frozenset[str]]:
    """Return the fields of each agent's request that are the principal's own words."""
    return {name: spoken_fields(agent.request) for name, agent in agents.items()}
