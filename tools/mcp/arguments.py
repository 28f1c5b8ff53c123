"""The arguments of a server's tool: typed by the JSON Schema that the server lists."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, model_validator

from interlock.runtime.door.tool import Value
from interlock.tools.schema import fits


class ListedArguments(Value):
    """Arguments as they came, once they fit the schema of the server; see `arguments_of`."""

    model_config = ConfigDict(extra="allow")
    #: The JSON Schema; None where any arguments fit
    listed: ClassVar[dict[str, Any]] = {}
    is_checked: ClassVar[bool] = True

    @model_validator(mode="before")
    @classmethod
    def _fitting(cls, arguments: Any) -> Any:
        if cls.is_checked and not _is_closed(arguments, cls.listed):
            raise ValueError("there is an argument that the schema does not list")
        if cls.is_checked and not fits(arguments, cls.listed):
            raise ValueError("the arguments do not fit the schema")
        return arguments

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Return the schema that the server lists, with the tool's description in it."""
        return cls.listed


def arguments_of(schema: Mapping[str, Any], *, description: str) -> type[Value]:
    """Return the type of the arguments that fit *schema*, which carries the *description*.

    The digest of such a type covers both, so that a changed word of the description is a drift.
    What `pattern`, `format` and rarer words ask for is left to the server: they are strangers'
    programs. A schema that takes too many steps fits nothing (fails closed).
    """
    own = schema.get("description")
    words = f"{description}\n{own}" if isinstance(own, str) else description

    class Arguments(ListedArguments):
        listed: ClassVar[dict[str, Any]] = {**schema, "description": words}

    return Arguments


def unread(description: str) -> type[Value]:
    """Return a type that any arguments fit, and that shows nothing but *description*."""

    class Arguments(ListedArguments):
        listed: ClassVar[dict[str, Any]] = {
            "type": "object",
            "description": description,
        }
        is_checked: ClassVar[bool] = False

    return Arguments


def _is_closed(arguments: Any, schema: Mapping[str, Any]) -> bool:
    listed = schema.get("properties", {})
    return isinstance(arguments, dict) and arguments.keys() <= listed.keys()
