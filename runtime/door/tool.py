"""Tools: typed arguments, one function, and what the policy must know; they decide nothing."""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import (
    Any,
    Final,
    Generic,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    get_type_hints,
)

from pydantic import BaseModel, ConfigDict

from interlock.runtime.by_class import once
from interlock.runtime.canonical import Json
from interlock.runtime.door.fields import Fields
from interlock.runtime.door.target import Caller, Failure, Target
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import ActionClass, Amounts, Resource

DEADLINE_S: Final = 60.0
EFFECTS: Final[frozenset[ActionClass]] = frozenset({"write", "irreversible"})


class Value(BaseModel):
    """Arguments or a result: frozen, closed, strictly typed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


A = TypeVar("A", bound=Value)
R = TypeVar("R", bound=Value)
Act = Callable[[Permit, A], Awaitable[R]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acted(Generic[A, R]):
    """What a tool says that it did: all that its reading back is given."""

    #: The permit's key, by which the outside knows the effect
    key: str
    run_id: str
    arguments: A
    result: R


Readback = Callable[[Acted[A, R]], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """The call that takes one effect back: a tool of the same agent, and its arguments."""

    tool: str
    arguments: Mapping[str, Json]


class ToolFailed(Exception):
    """The tool did not act, and knows that it did not.

    Raise it only before anything left for the outside. Any other exception out of a tool with
    effects means that the outcome is unknown. *code* is one of the tool's `codes`, and all that an
    agent is told. *detail* is for people, and is labelled like anything else that the tool says.
    A tool without effects that asked somebody in vain *is_spent*: what was set aside is charged,
    for whoever was asked may have worked all the same.
    """

    def __init__(
        self,
        *,
        code: str,
        detail: str = "",
        is_spent: bool = False,
    ) -> None:
        self.code = code
        self.detail = detail
        self.is_spent = is_spent
        super().__init__(f"{code}: {detail}" if detail else code)


class ToolPartlyActed(Exception):
    """The tool did a part of what was asked, and knows which: *detail* names it, for people.

    The action is then unknown, never done: a person looks at it, and it is not repeated.
    """

    def __init__(
        self,
        *,
        code: str,
        detail: str,
    ) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(Generic[A, R]):
    """One thing that can be done. Built by `tool`, called only by the enforcement point."""

    name: str
    #: What a planner is told about the tool
    description: str
    action_class: ActionClass
    arguments: type[A]
    result: type[R]
    act: Act[A, R]
    resource: Callable[[A], Resource]
    #: The most that one call may cost; reserved before the act
    cost: Callable[[A], Amounts]
    #: The cost of a finished call, from its result; None when the estimate is exact
    actual: Callable[[R], Amounts] | None
    #: A second call with the same permit key has no second effect outside
    idempotent: bool
    #: Asks the outside whether the effect with this key happened; the answer None means "no"
    reconcile: Callable[[str], Awaitable[R | None]] | None
    #: Looks, after the act, whether the effect left what it should have; see `Options`
    readback: Readback[A, R] | None
    needs_readback: bool
    #: Which call takes a finished effect back; see `Options`
    undo: Callable[[A, R], Undo | None] | None
    #: The label of the result; None means the join of the arguments' labels
    yields: Callable[[A, R], Label] | None
    #: Every code that the tool fails with; an agent is told no other
    codes: frozenset[str]
    #: The label of the words of a failure: as bad as the worst that a success could say
    failing: Label
    deadline_s: float
    #: Who can write each field of the result; without it a result proves nothing
    fields: Fields | None
    #: Argument -> the kind of object that it names by a number, or in a plan by its name
    takes: Mapping[str, str]
    #: What a call touches and costs, where the run has a say in it; see `Options`
    target: Callable[[A, Caller], Target] | None
    #: The arguments of the call that stands in for a failed one; see `Options`
    instead: Callable[[A, Caller, Failure], A | None] | None
    #: The bits of what the call is given unread that its result says; see `Options`
    tells: Callable[[A], int] | None
    #: Whether the release of the run answers, and not the world; see `Options`
    of_release: bool

    async def __call__(
        self,
        permit: Permit,
        arguments: A,
    ) -> R:
        """Act once under *permit*.

        Raises `NotAPermit` when the permit was minted for another tool or was used before, and
        TypeError when *permit* is no permit.
        """
        if type(permit) is not Permit:
            raise TypeError(
                f"{self.name!r} needs a Permit, not {type(permit).__name__}"
            )
        permit.spend(self.name)
        return await self.act(permit, arguments)

    def aimed(self, arguments: A, caller: Caller) -> Target:
        """Return what the call of *caller* touches and what it may cost there."""
        if self.target is not None:
            return self.target(arguments, caller)
        return Target(
            resource=self.resource(arguments),
            cost=self.cost(arguments),
        )

    @property
    def has_effect(self) -> bool:
        """Whether the call changes anything outside the run."""
        return self.action_class in EFFECTS

    @property
    def repeatable(self) -> bool:
        """Whether a second call after a crash is no second effect."""
        return self.idempotent or not self.has_effect

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments, as planners are shown it."""
        return self.arguments.model_json_schema()


AnyTool = Tool[Any, Any]
#: Tools by name
Tools: TypeAlias = Mapping[str, AnyTool]


def schema_digest(tool: AnyTool) -> str:
    """Return the SHA-256 of the JSON Schema of the tool's arguments, in hexadecimal."""
    arguments: Any = tool.arguments
    return _digest(arguments)


@once
def _digest(arguments: type[Value]) -> str:
    schema = json.dumps(
        arguments.model_json_schema(), sort_keys=True, separators=(",", ":")
    )
    return sha256(schema.encode()).hexdigest()


class Options(TypedDict, total=False):
    """What else a tool may say of itself."""

    #: The thing that is touched; else one named after the first part of the tool's name ("refund"
    #: for "refund.pay"), cleared for public data only
    resource: Callable[[Any], Resource]
    #: The most that one call may cost; else a step, and one effect if the call has one
    cost: Callable[[Any], Amounts]
    #: The cost of a finished call, from its result; else the estimate is exact
    actual: Callable[[Any], Amounts]
    #: A second call with the same permit key has no second effect outside
    idempotent: bool
    #: Asks the outside whether the effect with this key happened; the answer None means "no"
    reconcile: Callable[[str], Awaitable[Any]]
    #: Reads what the effect should have left: True where it stands as the tool answered. Anything
    #: else contradicts the answer, and the effect is then unknown, never done (fails closed). The
    #: reading changes nothing, and shares the deadline of the call
    readback: Readback[Any, Any] | None
    #: Whether a reading that cannot be done leaves the effect unknown, too. Without it the tool's
    #: answer stands: the answer is evidence of its own, and whoever is asked about every reading
    #: that timed out confirms them unread. A tool whose answer proves nothing needs it
    needs_readback: bool
    #: Which call takes the effect back, from its arguments and its result; None where nothing does.
    #: A pure function: it is called once, when the effect is done, and the call is kept with it.
    #: When it raises, nothing takes the effect back
    undo: Callable[[Any, Any], Undo | None]
    #: The label of the result; else the join of the arguments' labels
    yields: Callable[[Any, Any], Label]
    #: Those of its `ToolFailed`s: any other is told as "error"
    codes: Iterable[str]
    #: The label of what a failure says beside its code; else untrusted and confidential
    failing: Label
    deadline_s: float
    #: Who can write each field of the result, and which object each belongs to: then a value that
    #: the tool showed can be proved by it. Without them no result of the tool proves anything
    fields: Fields
    #: Argument -> the kind of object that it names, as `Fields.kind` has it: by a number, or by a
    #: name that a plan chose the object of. Either proves nothing for any other argument
    takes: Mapping[str, str]
    #: What a call touches and costs, from its arguments and the run, in place of `resource` and
    #: `cost`: one answer for both, fixed when the call is proposed. The permit names the resource
    target: Callable[[Any, Caller], Target]
    #: Which arguments the door proposes next when a call failed; None where nothing stands in for
    #: the call. It is a new action: decided, priced and recorded like any other. Only a tool
    #: without effects has one: what may have acted is not tried by other means
    instead: Callable[[Any, Caller, Failure], Any]
    #: How many bits of what it is given unread the result says at most: then a planner is shown the
    #: answer, and the bits are counted. Without it, a result of what is unread stays unread, too
    tells: Callable[[Any], int]
    #: Whether what a reading tool answers comes of the release, as a model's answer does. A shadow
    #: asks it anew, and takes what any other reading tool answered from the run that it copies
    of_release: bool


def tool(
    name: str,
    *,
    action: ActionClass,
    **options: Unpack[Options],
) -> Callable[[Act[A, R]], Tool[A, R]]:
    """Make a `Tool` of an async function of one `Permit` and one `Value`.

    The function's docstring becomes the description that planners are told; the types of arguments
    and result come from the annotations. *options* are `Options`. Raises TypeError for a function
    that is not async, has no docstring or has other annotations, for one that takes objects in
    arguments it does not have, for a tool without effect that is read back or undone, and for one
    with effects whose failed calls are tried by other means.
    """
    if action not in EFFECTS and (options.get("readback") or options.get("undo")):
        raise TypeError(f"{name} has no effect to read back or to undo")
    if action in EFFECTS and options.get("instead"):
        raise TypeError(f"{name} has effects: no other call stands in for one of its")

    def build(act: Act[A, R]) -> Tool[A, R]:
        arguments, result = _types(act)
        if unknown := options.get("takes", {}).keys() - arguments.model_fields.keys():
            raise TypeError(f"{name} has no argument {min(unknown)!r}")
        return Tool(
            name=name,
            description=_description(act),
            action_class=action,
            arguments=arguments,
            result=result,
            act=act,
            **_completed(name, action, options),
        )

    return build


def _completed(
    name: str,
    action: ActionClass,
    options: Options,
) -> dict[str, Any]:
    """Return every option, with what stands in for those that are not given."""
    return {
        "resource": options.get("resource") or _place(name),
        "cost": options.get("cost") or _estimate(action),
        "actual": options.get("actual"),
        "idempotent": options.get("idempotent", False),
        "reconcile": options.get("reconcile"),
        "readback": options.get("readback"),
        "needs_readback": options.get("needs_readback", False),
        "undo": options.get("undo"),
        "yields": options.get("yields"),
        "codes": frozenset(options.get("codes", ())),
        "failing": options.get("failing") or _worst(name),
        "deadline_s": options.get("deadline_s", DEADLINE_S),
        "fields": options.get("fields"),
        "takes": dict(options.get("takes", {})),
        "target": options.get("target"),
        "instead": options.get("instead"),
        "tells": options.get("tells"),
        "of_release": options.get("of_release", False),
    }


def _estimate(action: ActionClass) -> Callable[[Any], Amounts]:
    estimate = Amounts(steps=1, effects=1 if action in EFFECTS else 0)
    return lambda _: estimate


def _place(name: str) -> Callable[[Any], Resource]:
    place = Resource(type=name.partition(".")[0], id="", clearance="public")
    return lambda _: place


def _worst(name: str) -> Label:
    """Return the label of words that may quote anything a tool has read."""
    return Label(
        integrity="untrusted", confidentiality="confidential", sources=(f"tool:{name}",)
    )


def arguments_json(arguments: Value) -> dict[str, Json]:
    """Return the arguments as canonical JSON values."""
    document: dict[str, Json] = arguments.model_dump(mode="json")
    return document


def _description(act: Callable[..., Any]) -> str:
    description = inspect.getdoc(act)
    if not description:
        raise TypeError(f"{act.__qualname__} needs a docstring: a planner is told it")
    return description


def _types(act: Callable[..., Any]) -> tuple[Any, Any]:
    hints = get_type_hints(act)
    parameters = list(inspect.signature(act).parameters)
    arguments = hints.get(parameters[-1]) if len(parameters) == 2 else None  # noqa: PLR2004 - permit, arguments
    result = hints.get("return")
    is_typed = all(
        isinstance(hint, type) and issubclass(hint, Value)
        for hint in (arguments, result)
    )
    if not is_typed or not inspect.iscoroutinefunction(act):
        raise TypeError(
            f"{act.__qualname__} must be async (permit: Permit, arguments: Value) -> Value"
        )
    return arguments, result
