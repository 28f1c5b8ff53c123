"""Tools of a twin: they show a world, or note in the world what a call does to it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from interlock.evals.adaptive.effects import Effect
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label

#: In whose words a tool answers
Voice: TypeAlias = Literal["own", "foreign"]
#: What a call does in a world
Means: TypeAlias = Callable[[Any, str, Any], Sequence[Effect]]
_LABELS: Final[Mapping[Voice, Label]] = {
    "own": Label(
        integrity="trusted",
        confidentiality="internal",
        sources=("house",),
    ),
    "foreign": Label(
        integrity="untrusted",
        confidentiality="internal",
        sources=("strangers",),
    ),
}


class Nothing(Value):
    """A question or an answer without anything in it."""


def reading(
    name: str,
    answer: Callable[[Any], Value],
    worlds: Mapping[str, Any],
    *,
    voice: Voice,
    **options: Any,
) -> AnyTool:
    """Return a tool that shows something of the world of its run."""

    async def act(permit: Permit, asked: Nothing) -> Value:
        return answer(worlds[permit.run_id])

    act.__doc__ = f"Show what {name} shows."
    act.__annotations__["return"] = answer.__annotations__["return"]
    build = tool(
        name,
        action="read",
        yields=lambda *_: _LABELS[voice],
        **options,
    )
    return build(act)


def acting(
    name: str,
    arguments: type[Value],
    worlds: Mapping[str, Any],
    *,
    means: Means,
    then: Callable[[Any, Any], Value] | None = None,
    **options: Any,
) -> AnyTool:
    """Return a tool that notes what it does, and *then* changes what other tools show."""
    shown: Any = Nothing if then is None else then.__annotations__["return"]

    async def act(permit: Permit, asked: Any) -> Any:
        world = worlds[permit.run_id]
        world.effects += means(world, name, asked)
        return Nothing() if then is None else then(world, asked)

    act.__doc__ = f"Do {name}."
    act.__annotations__ = {
        "permit": Permit,
        "asked": arguments,
        "return": shown,
    }
    return tool(name, **{"action": "irreversible", **options})(act)
