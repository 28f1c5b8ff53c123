"""Tools: typed arguments, one function, and what the policy must know of them. No policy and no retry of their own."""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, Final, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict

from interlock.runtime.canonical import Json
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


class ToolFailed(Exception):
    """The tool did not act, and knows that it did not; raise it only before anything left for the outside.

    Any other exception out of a tool with effects means that the outcome is unknown.
    """

    def __init__(self, *, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(Generic[A, R]):
    """One thing that can be done. Built by `tool`, called only by the enforcement point."""

    name: str
    action_class: ActionClass
    arguments: type[A]
    result: type[R]
    act: Callable[[Permit, A], Awaitable[R]]
    resource: Callable[[A], Resource]
    #: The most one call may cost; reserved before the act
    cost: Callable[[A], Amounts]
    #: What the call did cost, from its result; None when the estimate is exact
    actual: Callable[[R], Amounts] | None
    #: A second call with the same permit key has no second effect outside
    idempotent: bool
    #: Ask the outside whether the effect with this key happened; None from it means "no"
    reconcile: Callable[[str], Awaitable[R | None]] | None
    #: The label of the result; None means it is computed from what the run already holds
    yields: Callable[[A, R], Label] | None
    deadline_s: float

    async def __call__(self, permit: Permit, arguments: A) -> R:
        """Act once under *permit*; raises `NotAPermit` when it was not minted for this tool or was used before."""
        if type(permit) is not Permit:
            raise TypeError(f"{self.name!r} needs a Permit, not {type(permit).__name__}")
        permit.spend(self.name)
        return await self.act(permit, arguments)

    @property
    def has_effect(self) -> bool:
        """Whether the call changes anything outside the run."""
        return self.action_class in EFFECTS

    @property
    def repeatable(self) -> bool:
        """Whether doing it again after a crash is no second effect: it has none, or knows its key."""
        return self.idempotent or not self.has_effect

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments, as models are told of it."""
        return self.arguments.model_json_schema()


AnyTool = Tool[Any, Any]


def schema_digest(tool: AnyTool) -> str:
    """Return the SHA-256 of the JSON Schema of the tool's arguments, in hexadecimal."""
    arguments: Any = tool.arguments
    return _digest(arguments)


@cache
def _digest(arguments: type[Value]) -> str:
    schema = json.dumps(arguments.model_json_schema(), sort_keys=True, separators=(",", ":"))
    return sha256(schema.encode()).hexdigest()


def tool(
    *,
    name: str,
    action_class: ActionClass,
    resource: Callable[[Any], Resource],
    cost: Callable[[Any], Amounts] | None = None,
    actual: Callable[[Any], Amounts] | None = None,
    idempotent: bool = False,
    reconcile: Callable[[str], Awaitable[Any]] | None = None,
    yields: Callable[[Any, Any], Label] | None = None,
    deadline_s: float = DEADLINE_S,
) -> Callable[[Callable[[Permit, A], Awaitable[R]]], Tool[A, R]]:
    """Make a `Tool` of an async function of a permit and one `Value`.

    Argument and result types are read from the function's annotations; raises TypeError when they
    are not `Value`s.
    """

    def build(act: Callable[[Permit, A], Awaitable[R]]) -> Tool[A, R]:
        arguments, result = _types(act)
        effects = 1 if action_class in EFFECTS else 0
        flat = Amounts(steps=1, effects=effects)
        return Tool(
            name=name,
            action_class=action_class,
            arguments=arguments,
            result=result,
            act=act,
            resource=resource,
            cost=cost or (lambda _: flat),
            actual=actual,
            idempotent=idempotent,
            reconcile=reconcile,
            yields=yields,
            deadline_s=deadline_s,
        )

    return build


def arguments_json(arguments: Value) -> dict[str, Json]:
    """Return the arguments as canonical JSON values."""
    dumped: dict[str, Json] = arguments.model_dump(mode="json")
    return dumped


def _types(act: Callable[..., Any]) -> tuple[Any, Any]:
    hints = get_type_hints(act)
    names = list(inspect.signature(act).parameters)
    found = (hints.get(names[1]) if len(names) == 2 else None, hints.get("return"))  # noqa: PLR2004 - permit, arguments
    for hint in found:
        if not (isinstance(hint, type) and issubclass(hint, Value)):
            raise TypeError(
                f"{act.__qualname__} must be async (permit: Permit, arguments: Value) -> Value"
            )
    return found
