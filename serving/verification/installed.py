"""The engine in force, asked about what happens in a trial.

The policy of an installation knows no tool of a trial. So it is asked about a tool of its own, with
the facts that the trial's runtime has gathered: whether a switch is engaged, where a value comes
from, who approved, what was spent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest, Context
from interlock.serving.home import Home
from interlock.serving.verification.probe_tools import READ, WRITE
from interlock.serving.verification.starts import Start, starts

#: Tool of a trial -> the ordinary requests that it may stand for, the best first
_STANDS_FOR: Final[Mapping[str, tuple[Start, ...]]] = {
    WRITE: ("write", "approved", "mail"),
    READ: ("look", "trusted"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPoint:
    """A decision point that has the engine in force decide; lives as long as that engine."""

    pdp: DecisionPoint
    #: Tool of a trial -> the ordinary request for the tool it stands for
    ordinary: Mapping[str, AccessRequest]

    @classmethod
    def of(cls, home: Home) -> "InstalledPoint":
        """Return the engine of *home*, and what of its tools a trial can stand for."""
        here = starts(home.bundle, home.pep.tools, tenant=home.settings.tenant)
        ordinary = {
            tool: here[start]
            for tool, names in _STANDS_FOR.items()
            for start in reversed(names)
            if start in here
        }
        return cls(pdp=home.pdp, ordinary=ordinary)

    @property
    def revision(self) -> str:
        """The revision of the policy in force."""
        return self.pdp.revision

    @property
    def engine(self) -> str:
        """The name of the engine in force."""
        return getattr(self.pdp, "engine", "?")

    async def decide(self, request: AccessRequest) -> Decision:
        """Return what the policy says of the tool that this one stands for, under these facts.

        A tool that stands for nothing is asked about as it is: the policy knows no such tool.
        """
        ordinary = self.ordinary.get(request.action.tool)
        if ordinary is None:
            return await self.pdp.decide(request)
        context = _facts(ordinary, request)
        return await self.pdp.decide(replace(ordinary, context=context))


def _facts(ordinary: AccessRequest, request: AccessRequest) -> Context:
    """Return the facts of *request* on the arguments and in the run of the *ordinary* request."""
    facts = request.context
    base = ordinary.context
    told = replace(
        facts,
        run=replace(facts.run, agent=base.run.agent),
        labels=dict.fromkeys(ordinary.action.arguments, _joined(facts)),
        tool_schema=base.tool_schema,
    )
    if facts.proposer != "planner":
        # Who may propose the tool is the installation's affair.
        return replace(told, proposer=base.proposer, offered=base.offered)
    own, theirs = request.action.tool, ordinary.action.tool
    shown = tuple(theirs if name == own else name for name in facts.offered or ())
    return replace(told, offered=shown)


def _joined(facts: Context) -> Label:
    label = Label(integrity="trusted", confidentiality="public")
    for other in facts.labels.values():
        label = label.join(other)
    return label
