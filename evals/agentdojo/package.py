"""AgentDojo as a library of tools, tasks and judges, without the model clients that it asks for.

Nothing here is needed by the product: the package comes with the extra `evals`.
"""

import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, TypeAlias, get_args

from interlock.runtime.errors import GuardFailed

SuiteName: TypeAlias = Literal["workspace", "travel", "banking", "slack"]
SUITES: Final[tuple[SuiteName, ...]] = get_args(SuiteName)
VERSION: Final = "v1.2.2"
_PIPELINE: Final = "agentdojo.agent_pipeline"


@cache
def suites() -> Mapping[SuiteName, Any]:
    """Return the suites of the benchmark by name, imported at the first call.

    The clients of model providers are not installed, and the modules that import them are replaced
    by empty ones: so no model can be called. Raises `GuardFailed` without the extra `evals`.
    """
    place = find_spec("agentdojo")
    if place is None or not place.submodule_search_locations:
        raise GuardFailed(
            guard="agentdojo",
            why="the package agentdojo is missing",
            next_step="Install the extra `evals`.",
        )
    folder = Path(place.submodule_search_locations[0])
    _put(_PIPELINE, [str(folder / "agent_pipeline")])
    _put(f"{_PIPELINE}.llms", [])
    google = _put(f"{_PIPELINE}.llms.google_llm", [])
    google.__dict__["EMPTY_FUNCTION_NAME"] = ""
    from agentdojo.task_suite.load_suites import get_suites  # noqa: PLC0415 - an optional package

    known = get_suites(VERSION)
    return {name: known[name] for name in SUITES}


def _put(name: str, path: list[str]) -> ModuleType:
    """Put an empty module in the place of *name*, whose submodules lie in *path*."""
    module = ModuleType(name)
    module.__path__ = path
    return sys.modules.setdefault(name, module)
