"""The suites there are, by name; a suite is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from interlock.evals.own import finding
from interlock.evals.own.suite import Own
from interlock.evals.suites.gate import SHIPPED, Thresholds, thresholds
from interlock.evals.suites.suite import Suite
from interlock.runtime.errors import BadInput
from interlock.serving.workspace import Workspace, open_workspace

#: Name -> module and class; one of ours has no arguments
SUITES: Final[Mapping[str, str]] = {
    "adaptive": "interlock.evals.adaptive.suite:Adaptive",
    "office": "interlock.evals.adaptive.office.suite:Trials",
    "contracts": "interlock.evals.hostile.suite:Contracts",
    "bypass": "interlock.evals.bypass.suite:Bypasses",
    "agentdojo": "interlock.evals.agentdojo.suite:AgentDojo",
    "live": "interlock.evals.live.suite:Live",
}


def names() -> list[str]:
    """Return the names of the suites that are shipped."""
    return sorted(SUITES)


def suite(name: str, workspace: Workspace | None = None) -> Suite:
    """Return the suite of that name, or of a file of cases that *workspace* has, or of that path.

    Raises `NotFound` where there is none, and `BadInput` for a file that is none and for a name
    that both have.
    """
    place = SUITES.get(name)
    opened = workspace or open_workspace()
    if place is None:
        return finding.own(name, opened)
    if name in finding.names(opened):
        raise BadInput(
            what=f"suite {name!r}",
            why="a file of this workspace is called like a suite of the house",
            next_step="Rename the file.",
            code="ambiguous",
        )
    module, _, attribute = place.partition(":")
    made: Suite = getattr(import_module(module), attribute)()
    return made


def required(chosen: Suite, file: Path | None) -> Thresholds:
    """Return what *file* requires of suites; without it what is shipped, or what cases say."""
    if file is None and isinstance(chosen, Own):
        return {chosen.name: chosen.file.cases.required}
    return thresholds(file or SHIPPED)
