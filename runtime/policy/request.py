"""The access request: who wants to do what to which thing, and the facts the policy may read.

The agent supplies `Action.arguments` and nothing else; the principal comes from the run row, the
context from the information point. The four parts are those of XACML 3.0 and OpenID AuthZEN.
"""

import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, Literal, TypeAlias

from pydantic import TypeAdapter

from interlock.runtime.canonical import Document, Json, Written, digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.label import Confidentiality, Label

ActionClass: TypeAlias = Literal["pure", "read", "write", "irreversible"]
Autonomy: TypeAlias = Literal[0, 1, 2, 3]
#: The fixed steps of a workflow, what plans in it, or a person who has its effects undone
Proposer: TypeAlias = Literal["steps", "planner", "undo"]
#: The version of the facts in `Context`; a fact that is added has a default and a higher version
FACTS: Final = 11
#: The agent of what an application outside asks about; no agent of ours has such a name
EXTERNAL: Final = "@access"
#: Whose budget it is
Level: TypeAlias = Literal["run", "job", "tenant"]
#: Why a handle of a proposal was not followed: it is none, names no result of this run that is
#: held unread, gives nothing there, or gives too much; empty for none
Fault: TypeAlias = Literal["", "malformed", "unknown", "empty", "too_large"]
Verdict: TypeAlias = Literal["approved", "rejected"]
KillScope: TypeAlias = Literal["all", "tenant", "tool", "run"]


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The accountable party of a run."""

    id: str
    tenant: str
    roles: tuple[str, ...]
    #: The person an agent works for; None for a person acting directly
    on_behalf_of: str | None = None

    def __post_init__(self) -> None:
        """Refuse a name that could not be recorded; raises `BadInput` (fails closed)."""
        why = why_no_tenant(self.tenant) if self.tenant else ""
        if why:
            raise _wrong_name("tenant", self.tenant, why)
        for name in (self.id, self.on_behalf_of or "", *self.roles):
            if not _is_whole(name):
                raise _wrong_name("person or role", name, "it holds half a character")

    @cached_property
    def written(self) -> Written:
        """The principal as every document holds it."""
        return Written(_adapter(Principal).dump_python(self, mode="json"))


@dataclass(frozen=True, kw_only=True)
class Action:
    """One proposed tool call."""

    tool: str
    action_class: ActionClass
    arguments: dict[str, Json]

    @cached_property
    def written(self) -> Written:
        """The arguments as every document holds them; raises `NotCanonical`."""
        return Written(self.arguments)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """The thing the action touches, named so that a rule can speak about it."""

    type: str
    id: str
    #: The most restricted data this sink may hold
    clearance: Confidentiality = "confidential"

    @cached_property
    def written(self) -> Written:
        """The resource as every document holds it."""
        return Written(_adapter(Resource).dump_python(self, mode="json"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """Quantities of everything a budget limits; integers only."""

    money_micro: int = 0  # millionths of the tenant's currency
    tokens: int = 0
    steps: int = 0
    effects: int = 0
    wall_ms: int = 0
    #: Of a graphics processor, as a tool states it
    gpu_ms: int = 0
    #: Of people who decide
    reviewer_ms: int = 0

    @property
    def priced(self) -> bool:
        """Whether it is set aside before the act: money and tokens are gone once asked for."""
        return self.money_micro > 0 or self.tokens > 0

    def lasting(self, wall_ms: int) -> "Amounts":
        """Return the same quantities with another time; made often, so without `replace`."""
        return Amounts(
            money_micro=self.money_micro,
            tokens=self.tokens,
            steps=self.steps,
            effects=self.effects,
            wall_ms=wall_ms,
            gpu_ms=self.gpu_ms,
            reviewer_ms=self.reviewer_ms,
        )

    def counts(self) -> dict[str, int]:
        """Return the quantities by kind."""
        return {
            "money_micro": self.money_micro,
            "tokens": self.tokens,
            "steps": self.steps,
            "effects": self.effects,
            "wall_ms": self.wall_ms,
            "gpu_ms": self.gpu_ms,
            "reviewer_ms": self.reviewer_ms,
        }


#: What one run may spend where nobody says otherwise: one unit of money, 400,000 tokens, 60 steps,
#: 10 effects, ten minutes of wall time and of a graphics processor, an hour of people
LIMITS: Final = Amounts(
    money_micro=1_000_000,
    tokens=400_000,
    steps=60,
    effects=10,
    wall_ms=600_000,
    gpu_ms=600_000,
    reviewer_ms=3_600_000,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetFacts:
    """Limits, settled spend and open reservations of one budget."""

    limits: Amounts
    spent: Amounts
    reserved: Amounts
    level: Level = "run"
    #: Kinds of which the soft limit is passed, in the order of their names
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalFact:
    """One person's verdict on exactly this request digest; both names as `identity` writes them."""

    #: The approval; verdicts that serve together have one
    id: str
    verdict: Verdict
    reviewer: str
    reviewer_roles: tuple[str, ...]
    requester: str
    expires: int  # Unix seconds
    revision: str
    used: bool
    #: The role that was needed, and the one the verdict was given in: the same or one above it
    seat: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenApprovals:
    """How many questions wait for people, of the run and of all runs of its tenant."""

    run: int = 0
    tenant: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class KillFact:
    """One engaged kill switch that covers this request."""

    scope: KillScope
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """What the policy may know of the run."""

    id: str
    agent: str
    autonomy: Autonomy
    refusals: int
    revision: str
    #: Of everything that the run has read so far; None in a request recorded before it was a fact
    label: Label | None = None
    #: Whether it copies another run: whatever is permitted, none of its effects is done
    shadow: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class IntentFacts:
    """What the principal's own words ask for, fixed before the run read anything."""

    #: Whether the request has words at all; a form that has none asks for nothing in particular
    spoken: bool
    #: Kind of effect -> how many; None where no number was said
    kinds: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanFacts:
    """Where the request stands beside the plan that the run stated before it read anything."""

    stated: bool = False
    #: The step of the plan that this call fits; None for a call outside it
    step: str | None = None
    #: The tools that a plan names which is being stated now, in the order of their names
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadFacts:
    """What of the request the planner never read, and how much of that the answer may tell."""

    #: The result stays unread: the planner is given a handle
    kept: bool = False
    #: The arguments in which something stands that the planner never read, by name
    given: tuple[str, ...] = ()
    fault: Fault = ""
    #: The bits of what is unread that the answer may tell, and that earlier answers may have told
    bits: int = 0
    told: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierEffect:
    """An effect that the run has begun before, beside the call that is asked about."""

    tool: str
    #: Whether it is known to have happened
    settled: bool
    #: The arguments that said something; None where the record does not tell
    said: tuple[str, ...] | None
    #: Argument of the call that says something -> those of the effect that said the same
    same: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: The approvals of the call that were asked for before the effect was begun
    overtook: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CanaryFact:
    """One request, known to be bad, that a person was asked about; caught where he or she said no.

    Its time is when the verdict was given, in Unix seconds.
    """

    at: int
    caught: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SubjectFacts:
    """What a person's act is about, as the database has it; an empty string means not known."""

    tenant: str
    #: Who acts and for whom the thing was asked, both as `identity` writes them
    person: str = ""
    requester: str = ""
    #: The agent that runs, or asks
    agent: str = ""
    #: Where the run, approval or action stands
    state: str = ""
    #: The role that an approval asks for: where it asks for several, one that the person has
    role: str | None = None
    #: Who wrote edits of what is asked, as `identity` writes them
    editors: tuple[str, ...] = ()
    #: The canaries that who acts has met, in order; None where the act is no verdict
    canaries: tuple[CanaryFact, ...] | None = None
    #: The suites whose newest recorded measurement of a release held; None where it is no release
    evals: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """The facts, gathered by the information point; none of them comes from the agent."""

    now: int  # Unix seconds
    run: RunFacts
    #: The runtime validated the arguments against the tool's schema
    schema_valid: bool
    #: Per top-level argument
    labels: dict[str, Label]
    cost: Amounts
    #: The run's own
    budget: BudgetFacts
    #: Those that pay too: the job's and the tenant's, as far as there are any
    budgets_above: tuple[BudgetFacts, ...] = ()
    approvals: tuple[ApprovalFact, ...] = ()
    #: Who wrote edits of what this tool asked for in this run, as `identity` writes them
    editors: tuple[str, ...] = ()
    kill_switches: tuple[KillFact, ...] = ()
    #: The digest of the JSON Schema of the tool's arguments; None for an act, or for no such tool
    tool_schema: str | None = None
    open_approvals: OpenApprovals = OpenApprovals()
    #: Who in the agent proposes; None when a person acts
    proposer: Proposer | None = None
    #: The tools that the planner was shown; None when no planner proposes
    offered: tuple[str, ...] | None = None
    #: None when a person acts
    intent: IntentFacts | None = None
    #: Tool -> how many of its effects the run has done or may have done, but for this one
    done: dict[str, int] = field(default_factory=dict)
    #: The tools that were done on the same resource before in this run; None where nobody knows
    done_here: tuple[str, ...] | None = ()
    #: None when an agent asks
    subject: SubjectFacts | None = None
    #: Which facts the asking runtime gathered; 1 in a request recorded before facts had versions
    version: int = 1
    #: Per top-level argument, of the addresses, links, accounts and the like that its texts hold
    actionable: dict[str, Label] = field(default_factory=dict)
    plan: PlanFacts = PlanFacts()
    #: Argument -> kinds of effect for which the words name something else than what it takes
    misplaced: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Arguments that take an account of a stranger's where the words say another for them
    elsewhere: tuple[str, ...] = ()
    #: The other effects of a run with words, where the action has effects itself; None where nobody
    #: knows
    earlier: tuple[EarlierEffect, ...] | None = ()
    unread: UnreadFacts = UnreadFacts()

    def time_left(self) -> tuple[int, Level]:
        """Return the milliseconds of the budget that has the least time left, and its level."""
        left = [
            (
                one.limits.wall_ms - one.spent.wall_ms - one.reserved.wall_ms,
                one.level,
            )
            for one in (self.budget, *self.budgets_above)
        ]
        return min(left, key=lambda pair: pair[0])

    @cached_property
    def written(self) -> Written:
        """The facts as every document holds them; raises `NotCanonical`."""
        return Written(_adapter(Context).dump_python(self, mode="json"))


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRequest:
    """One question for the policy; `digest` names what is asked and leaves the facts out."""

    principal: Principal
    action: Action
    resource: Resource
    context: Context
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "digest", request_digest(self.principal, self.action, self.resource)
        )

    def document(self) -> dict[str, Any]:
        """Return the four parts as plain JSON values, without the digest; a new document."""
        document: dict[str, Any] = _adapter(AccessRequest).dump_python(
            self, mode="json", exclude={"digest"}
        )
        return document

    def asked(self, arguments: Document | None = None) -> dict[str, Document]:
        """Return what the ledger keeps of the question: everything but how the tool is named.

        *arguments* stand there in place of those that were asked about.
        """
        return {
            "principal": self.principal.written,
            "arguments": self.action.written if arguments is None else arguments,
            "resource": self.resource.written,
            "context": self.context.written,
        }


#: What the name of a log that is no tenant's begins with, and no tenant's name does
RESERVED: Final = "@"
LONGEST_TENANT: Final = 64
#: Letters and marks that take no space and have no look: joiners, fillers, variation selectors
_FILLERS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f"
    + "".join(chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


@cache
def _adapter(kind: type[object]) -> TypeAdapter[Any]:
    """Return what writes a value of *kind* down; made at first use, for a command may need none."""
    return TypeAdapter(kind)


def why_no_tenant(name: str) -> str:
    """Return why no tenant can be named so, or an empty string.

    A name that begins with `@` belongs to the home: `interlock.runtime.record.events.HOME`.
    """
    if not name.isprintable():
        return "it has characters that cannot be seen or written"
    if name != name.strip() or not name:
        return "it is blank, or begins or ends with a space"
    if name.startswith(RESERVED):
        return f"names that begin with {RESERVED} are the home's own"
    if len(name) > LONGEST_TENANT:
        return f"it has more than {LONGEST_TENANT} characters"
    return ""


def _is_whole(name: str) -> bool:
    if name.isprintable():
        return True
    return not any(unicodedata.category(character) == "Cs" for character in name)


def _wrong_name(what: str, name: str, why: str) -> BadInput:
    return BadInput(
        what=f"the name {name!a} of a {what}",
        why=why,
        next_step="Write another name.",
    )


def identity(name: str) -> str:
    """Return the form of a person's name in which other letters for the same name are equal.

    Case, width, spaces and characters that nobody sees do not count. Letters that only look alike,
    such as a Cyrillic and a Latin one, do count. A name of which nothing is seen becomes empty.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    seen = "".join(character for character in folded if not _is_unseen(character))
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def _is_unseen(character: str) -> bool:
    if character.isspace():
        return False
    return (
        unicodedata.category(character) in {"Cc", "Cf", "Cs"} or character in _FILLERS
    )


def request_digest(principal: Principal, action: Action, resource: Resource) -> str:
    """Return the digest an approval binds to: principal, action with full arguments, resource."""
    return digest(
        {
            "principal": principal.written,
            "action": {
                "tool": action.tool,
                "action_class": action.action_class,
                "arguments": action.written,
            },
            "resource": resource.written,
        }
    )
