"""The shape of `policies/rails/config/data.yaml`, which the policy reads as `data.rails.config`."""

from typing import Final, Literal, NotRequired, TypeAlias

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from interlock.runtime.policy.request import ActionClass

#: What is "external" an application outside carries out, which only asks whether it may
Egress: TypeAlias = Literal["none", "mail", "web", "model", "mcp", "external"]
#: A rule that an act may do without
Guard: TypeAlias = Literal["four_eyes", "note", "asked_role", "tenant", "kill_switch"]
#: Data with a field that is not listed, or of another type, are refused
_exact: Final = with_config(ConfigDict(extra="forbid", strict=True))


@_exact
class ArgumentLimits(TypedDict, total=False):
    """The limits of one argument; none given, none checked.

    The engine is shown the texts of an argument that is `shown` or has `one_of`, of others sizes.
    """

    max_chars: int
    max_items: int
    min: int
    max: int
    one_of: list[str]
    shown: bool
    #: The argument that must have the same value
    same_as: str
    #: An application need not state it; for an external tool alone
    optional: bool


@_exact
class ToolRules(TypedDict):
    """What the policy knows of one tool; an argument that is not listed is refused."""

    action_class: ActionClass
    egress: Egress
    arguments: dict[str, ArgumentLimits]
    #: Digest of the JSON Schema of the arguments as reviewed; without it the tool is denied
    schema: NotRequired[str]
    #: Arguments that must come from the request itself: what to read, where to send. Without a
    #: list, or with a name in it that is no argument, every argument must
    trusted_arguments: NotRequired[list[str]]
    #: The kinds of effect that it has on the world, each of which the words of a request must ask
    #: for; [] for none. A list among them is one effect under several names, of which one is
    #: enough. A tool that writes and states none is denied where the request has words
    effect: NotRequired[list[str | list[str]]]
    #: Arguments on which the effect turns: who, what, how much. Without a list, of a tool that
    #: reaches others, every argument; so too with a name in it that is no argument
    critical_arguments: NotRequired[list[str]]
    #: Arguments that must stand in the principal's own words: a plan proves none of them
    named_arguments: NotRequired[list[str]]
    #: Arguments for which a part of what our house wrote will do, chosen where a plan left it open
    chosen_arguments: NotRequired[list[str]]
    #: Tools that must have been done on the same resource before, in the same run
    requires: NotRequired[list[str]]
    #: Arguments of a mail tool that hold addresses; without a list `to`. One named `to`, `cc` or
    #: `bcc` is looked at in any case
    recipients: NotRequired[list[str]]


@_exact
class ActRules(TypedDict):
    """What the policy knows of one act of a person; a guard that is not waived applies."""

    action_class: ActionClass
    waives: list[Guard]
    #: Who alone may do it
    by: NotRequired[Literal["requester"]]
    arguments: dict[str, ArgumentLimits]
    #: The suites of which the newest recorded measurement of the release must have held
    measured: NotRequired[list[str]]
    #: Whether the act sends something out; without it, nothing
    egress: NotRequired[Literal["none", "web"]]


@_exact
class NeedRules(TypedDict):
    """How many people of a role must agree."""

    role: str
    count: int


@_exact
class QuorumRules(TypedDict):
    """Whose verdicts a tool takes together."""

    tool: str
    needs: list[NeedRules]


@_exact
class EscalationRules(TypedDict):
    """To whom the people of a role may pass a question up."""

    role: str
    to: str


@_exact
class OwnerRules(TypedDict):
    """Whose an agent is; the name as `interlock.runtime.policy.request.identity` writes it."""

    agent: str
    person: str


@_exact
class ApprovalRules(TypedDict):
    """Who answers approvals, how many of them, and for how many seconds a question stays open."""

    role: str
    ttl_s: int
    #: After so many seconds a question is shown as overdue
    overdue_s: int
    #: How long one look of a person may take
    look_s: int
    #: What is listed takes more than one verdict of the role; each tool at most once
    quorums: list[QuorumRules]
    escalation: list[EscalationRules]
    owners: list[OwnerRules]


@_exact
class AttentionRules(TypedDict):
    """How many canaries somebody may miss who approves, for how long a miss counts, and what not.

    A miss is made good by so many `catches` after it.
    """

    window_s: int
    most_missed: int
    catches: int
    #: One in so many of the requests is followed by a canary; 0 for none
    one_in: int


@_exact
class AutonomyRules(TypedDict):
    """The irreversible tools that wait for nobody.

    Those of `unattended_irreversible` at autonomy 3; those of `proved_irreversible` at autonomy 2,
    where the principal's words or plan prove all that the effect turns on.
    """

    unattended_irreversible: list[str]
    proved_irreversible: list[str]


@_exact
class OpenLimits(TypedDict):
    """The questions that may wait for people at a time, of one run and of all runs of a tenant."""

    run: int
    tenant: int


@_exact
class RunLimits(TypedDict):
    """After how many refusals a run is stopped, and how much it may ask of models and people."""

    refusals: int
    #: Calls and bytes in one answer of a model
    calls: int
    answer_bytes: int
    open_approvals: OpenLimits
    unread_bits: int


@_exact
class EgressRules(TypedDict):
    """Where the data of each tenant may go."""

    mail_domains: dict[str, list[str]]
    web_hosts: dict[str, list[str]]


@_exact
class WordingRules(TypedDict, total=False):
    """One way to ask for a kind of effect; see `interlock.runtime.policy.intent.vocabulary`."""

    verbs: list[str]
    #: Groups of things that it is about, that come with it, and that make it something else
    objects: list[str]
    places: list[str]
    never: list[str]
    after: list[str]
    #: It does not count where it is done for the principal
    others: bool
    #: Not where it goes to the principal: "give me the bill"
    away: bool
    #: Not about something that is there already: "open the ticket"
    new: bool
    #: It is about people by their names alone
    names: bool
    #: Naming an object is enough
    named: bool
    #: It does not count where the words ask for one of these kinds of effect
    unless: list[str]


@_exact
class IntentRules(TypedDict):
    """How people ask for effects: kinds by the wordings that ask for them, and groups of things."""

    things: dict[str, list[str]]
    kinds: dict[str, dict[str, WordingRules]]
    #: Kinds of effect that reach others
    outward: list[str]
    #: Kinds of effect of which another text makes another one
    varied: list[str]


@_exact
class Configuration(TypedDict):
    """Everything an installation may set without touching a rule."""

    grants: dict[str, list[str]]
    tools: dict[str, ToolRules]
    acts: dict[str, ActRules]
    approval: ApprovalRules
    attention: AttentionRules
    autonomy: AutonomyRules
    limits: RunLimits
    egress: EgressRules
    intent: IntentRules


CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)
