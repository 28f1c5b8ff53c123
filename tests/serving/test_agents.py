"""The agents of a workspace: found by name, and refused by name when they are not agents."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.errors import BadInput
from interlock.runtime.graph.agent import Agent
from interlock.serving import agents

MODULE = """
from interlock import Value

class Request(Value):
    pass

class Errands:
    name, role, tools, request = "errands", "runner", (), Request
    def build(self, door): ...
    def outcome(self, state): return {}

class Greedy(Errands):
    def __init__(self, more): ...

class Nothing:
    name = "nothing"

def made(storage):
    return Errands()

ready = Errands()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a module of agents."""
    (tmp_path / "errands_of_a_test.py").write_text(MODULE, "utf-8")
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("errands_of_a_test", None)


@pytest.mark.parametrize("name", ["Errands", "ready"])
def test_a_class_or_an_instance_is_an_agent(folder: Path, name: str) -> None:
    """A class is called without arguments, an instance is taken as it is."""
    [agent] = agents.load([f"errands_of_a_test:{name}"], folder=folder)

    assert isinstance(agent, Agent)
    assert agent.name == "errands"


def test_a_function_waits_for_the_storage(folder: Path) -> None:
    """A function is handed on, for the runtime to call with its open storage."""
    [source] = agents.load(["errands_of_a_test:made"], folder=folder)

    assert not isinstance(source, Agent)


@pytest.mark.parametrize(
    "name",
    [
        "errands_of_a_test:Greedy",
        "errands_of_a_test:Nothing",
        "errands_of_a_test:Missing",
        "no_such_module:Agent",
        "no_such_entry_point",
    ],
)
def test_what_is_no_agent_is_named(folder: Path, name: str) -> None:
    """A name that leads to no agent is bad input, and the error names it."""
    with pytest.raises(BadInput) as wrong:
        agents.load([name], folder=folder)

    assert name in wrong.value.what
