"""Tools of a stranger, put behind the door: whatever has a name, a schema and a function.

Nothing here knows AgentDojo. A tool keeps its own schema, made strict; four things change. A
decimal number is a text, because Interlock signs no floats. A list that may be left out is empty
when it is, and an enumeration is its values. Where the operator states which value allows least,
that value stands for an argument that is left out.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from pydantic import (
    BaseModel,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    create_model,
)
from pydantic.fields import FieldInfo

from interlock.evals.agentdojo.catalogue import Declared
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource

#: A decimal number, written with two digits or more after the point
Decimal: TypeAlias = Annotated[str, StringConstraints(pattern=r"^-?\d+\.\d{2,}$")]
_JSON: Final[TypeAdapter[Any]] = TypeAdapter(Any)
REFUSED: Final = "refused"
#: Calls a function of the stranger's for one run, with arguments as the stranger knows them
Call: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class Answer(Value):
    """What a stranger's tool returned, with its own structure."""

    value: JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """A stranger's tool."""

    name: str
    description: str
    parameters: type[BaseModel]
    #: Raises ValueError or LookupError for whatever it does not do
    call: Call


def governed(foreign: Foreign, declared: Declared) -> AnyTool:
    """Return the tool as Interlock knows it."""
    arguments = _arguments(foreign, declared.least)

    async def act(permit: Permit, given_arguments: Value) -> Answer:
        own = _own(foreign, given_arguments)
        try:
            result = await foreign.call(permit.run_id, own)
        except (ValueError, LookupError) as error:
            # These functions look before they act, so one that refuses so did nothing. Any other
            # exception is a fault, and its trial says nothing.
            raise ToolFailed(
                code=REFUSED,
                detail=str(error),
            ) from error
        return Answer(value=_JSON.dump_python(result, mode="json"))

    act.__doc__ = foreign.description
    act.__annotations__ = {
        "permit": Permit,
        "given_arguments": arguments,
        "return": Answer,
    }
    kind = "note" if declared.egress == "none" else "mcp"
    place = Resource(
        type=kind,
        id=foreign.name,
        clearance=declared.clearance,
    )
    build = tool(
        foreign.name,
        action=declared.action_class,
        resource=lambda _: place,
        yields=lambda *_: declared.label,
        codes=(REFUSED,),
        failing=declared.label,
        fields=declared.fields,
        takes=declared.takes,
    )
    return build(act)


def proposed(foreign: Foreign, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments a planner proposes where the stranger's own ones are *own*."""
    fitted = foreign.parameters.model_validate(own).model_dump(mode="json")
    return {
        name: decimal(value) if _is_decimal(field) else value
        for name, field in foreign.parameters.model_fields.items()
        if (value := fitted[name]) is not None
    }


def decimal(number: float) -> str:
    """Return the number as `Decimal` writes it."""
    rounded = f"{number:.2f}"
    return rounded if float(rounded) == number else f"{number:.9f}".rstrip("0")


def _own(foreign: Foreign, arguments: Value) -> dict[str, Any]:
    """Return the arguments as the stranger knows them."""
    values = arguments.model_dump(mode="json")
    own = {}
    for name, field in foreign.parameters.model_fields.items():
        value = values[name]
        is_number = _is_decimal(field) and value is not None
        own[name] = float(value) if is_number else value
    return own


def _arguments(foreign: Foreign, least: Mapping[str, Any]) -> type[Value]:
    fields: dict[str, Any] = {
        name: _field(field) for name, field in foreign.parameters.model_fields.items()
    }
    for name, value in least.items():
        kind, field = fields[name]
        fields[name] = kind, Field(default=value, description=field.description)
    return create_model(
        foreign.name,
        __base__=Value,
        **fields,
    )


def _field(field: FieldInfo) -> tuple[Any, Any]:
    """Return the type of an argument and what stands for one that is left out."""
    kind = _kind(field.annotation)
    description = field.description
    if field.is_required():
        return kind, Field(description=description)
    lists = [part for part in get_args(kind) if get_origin(part) is list]
    if field.default is None and lists:
        return lists[0], Field(
            default=[],
            description=description,
        )
    return kind, Field(
        default=field.default,
        description=description,
    )


def _kind(annotation: Any) -> Any:
    """Return the type in which Interlock takes what the stranger takes as *annotation*."""
    if annotation is float:
        return Decimal
    if annotation is dict:
        return dict[str, JsonValue]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Literal[tuple(member.value for member in annotation)]
    origin = get_origin(annotation)
    parts = tuple(_kind(part) for part in get_args(annotation))
    if origin in {Union, UnionType}:
        return Union[parts]  # noqa: UP007 - of as many as there are
    return list[parts] if origin is list else annotation  # type: ignore[valid-type]  # as above


def _is_decimal(field: FieldInfo) -> bool:
    kinds = set(get_args(field.annotation) or [field.annotation])
    return kinds - {NoneType} == {float}
