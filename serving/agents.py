"""The agents of a workspace: found by the names that its settings list."""

import importlib
import inspect
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from interlock.runtime.errors import BadInput
from interlock.runtime.graph.agent import Agent
from interlock.runtime.runtime import AgentSource

#: The entry points by which an installed package offers agents
GROUP: Final = "interlock.agents"


def load(names: Iterable[str], *, folder: Path | None) -> list[AgentSource]:
    """Return what *names* stand for, in order.

    A name is "package.module:Name", or the name of an entry point in the group `interlock.agents`.
    Modules of the workspace's *folder* can be imported. What a name leads to is an agent, a class
    that is called without arguments, or a function that is called with the open `Storage`. Raises
    `BadInput` naming the agent and what is wrong with it; nothing is opened then.
    """
    if folder is not None and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return [_source(name) for name in names]


def _source(name: str) -> AgentSource:
    thing = _loaded(name)
    if not isinstance(thing, type):
        return _checked(name, thing)
    try:
        return _checked(name, thing())
    except TypeError as error:
        raise _wrong(
            name, f"the class cannot be called without arguments: {error}"
        ) from error


def _loaded(name: str) -> Any:
    module, separator, attribute = name.partition(":")
    try:
        if separator:
            return getattr(importlib.import_module(module), attribute)
        return _entry_point(name)
    except BadInput:
        raise
    except Exception as error:
        raise _wrong(name, f"{type(error).__name__}: {error}") from error


def _entry_point(name: str) -> Any:
    offered = entry_points(group=GROUP)
    if name not in offered.names:
        names = ", ".join(sorted(offered.names)) or "none"
        raise _wrong(
            name, f"no installed package offers the agent; offered are: {names}"
        )
    return offered[name].load()


def _checked(name: str, thing: Any) -> AgentSource:
    if isinstance(thing, Agent):
        return thing
    if inspect.isfunction(thing):
        source: AgentSource = thing
        return source
    lacking = [part for part in _PARTS if not hasattr(thing, part)]
    raise _wrong(name, f"it is no agent: it lacks {', '.join(lacking) or 'a graph'}")


def _wrong(name: str, why: str) -> BadInput:
    next_step = (
        'Correct `agents` in interlock.toml: "package.module:Class" or an entry point.'
    )
    return BadInput(what=f"agent {name!r}", why=why, next_step=next_step)


_PARTS: Final = ("name", "role", "tools", "request", "build", "outcome")
