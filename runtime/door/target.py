"""What a call is aimed at, where that depends on the run: fixed when the call is proposed."""

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """The run for which a call is proposed, as far as a tool may know the run."""

    run_id: str
    tenant: str
    agent: str
    #: Of everything that the run has read before the call
    label: Label
    #: By name, what else the run keeps to wherever it is resumed
    pins: Mapping[str, str]
    #: The release that the run keeps to, empty for none
    release: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What one call touches, and the most that the call may cost there.

    The policy judges the target, the budget sets the cost aside, and the permit names the target,
    so the tool acts on nothing else.
    """

    resource: Resource
    cost: Amounts


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How a call failed: one of the tool's codes, and what the tool said of it for people."""

    code: str
    detail: str
