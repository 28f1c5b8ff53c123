"""JSON Schemas of what the policy reads, generated from the Python types.

Run as a module to write them. Written out here rather than taken from pydantic: OPA's type checker
wants plain, reference-free schemas, and their bytes must not change with a library's version.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import is_typeddict

from interlock.runtime.canonical import Json
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.configuration import Configuration

Schema: TypeAlias = dict[str, Any]

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "policies" / "schemas"

_SCALARS: Final[Mapping[object, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Json: {},
}


def schema_of(kind: object) -> Schema:
    """Return the JSON Schema of *kind* as it is written; raises `TypeError` where there is none."""
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if is_typeddict(kind) or dataclasses.is_dataclass(kind):
        return _object(kind)
    form = _FORMS.get(get_origin(kind))
    if form is None:
        raise TypeError(
            f"{kind!r} has no schema; teach interlock.serving.policy.schema its form"
        )
    return form(get_args(kind))


def schemas() -> dict[str, bytes]:
    """Return the files of `policies/schemas` by name."""
    documents = {
        "input.json": schema_of(AccessRequest),
        "config.json": schema_of(Configuration),
    }
    return {
        name: json.dumps(document, indent=2).encode() + b"\n"
        for name, document in documents.items()
    }


def main() -> None:
    """Write the schemas beside the policies."""
    SCHEMAS.mkdir(exist_ok=True)
    for name, content in schemas().items():
        (SCHEMAS / name).write_bytes(content)


_FORMS: Final[Mapping[object, Callable[[tuple[Any, ...]], Schema]]] = {
    Literal: lambda members: {"enum": list(members)},
    tuple: lambda members: {"type": "array", "items": schema_of(members[0])},
    list: lambda members: {"type": "array", "items": schema_of(members[0])},
    dict: lambda members: {
        "type": "object",
        "additionalProperties": schema_of(members[1]),
    },
    UnionType: lambda members: {"anyOf": [schema_of(member) for member in members]},
    Union: lambda members: {"anyOf": [schema_of(member) for member in members]},
}


def _object(kind: Any) -> Schema:
    hints = get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        # A field that nobody sets, such as a digest, is derived and not part of the document.
        names = [field.name for field in dataclasses.fields(kind) if field.init]
        required = names
    else:
        names = [name for name in hints if not name.startswith("__")]
        required = [name for name in names if name in kind.__required_keys__]
    return {
        "type": "object",
        "properties": {name: schema_of(hints[name]) for name in names},
        "required": required,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    main()
