"""Schema: what the schema of a tool's arguments says by itself, and which values it lists."""

from collections.abc import Mapping
from typing import Any

from interlock.runtime.by_class import once
from interlock.runtime.canonical import canonical
from interlock.runtime.door.tool import Value


@once
def defaults(arguments: type[Value]) -> dict[str, bytes]:
    """Return each argument that has a default, with the default as canonical bytes."""
    defaults: dict[str, bytes] = {}
    for name, field in arguments.model_fields.items():
        if field.is_required() or field.default_factory_takes_validated_data:
            continue
        dumped = arguments.model_construct().model_dump(mode="json", include={name})
        defaults[name] = canonical(dumped)
    return defaults


@once
def fields(arguments: type[Value]) -> frozenset[str]:
    """Return the names that the schema of the arguments gives to fields within an argument."""
    schemas = arguments.model_json_schema().get("$defs", {})
    return frozenset(
        name for one in schemas.values() for name in one.get("properties", ())
    )


@once
def closed(arguments: type[Value]) -> frozenset[str]:
    """Return the arguments of which the schema lists the values that there are."""
    schema = arguments.model_json_schema()
    return frozenset(
        name
        for name, stated in schema.get("properties", {}).items()
        if _lists(stated, schema.get("$defs", {}))
    )


def _lists(stated: Mapping[str, Any], kinds: Mapping[str, Any]) -> bool:
    """Whether a schema lists its values, or those of its items."""
    stated = kinds.get(str(stated.get("$ref", "")).rpartition("/")[2], stated)
    items = stated.get("items")
    is_list = isinstance(items, Mapping) and _lists(items, kinds)
    return is_list or not {"enum", "const"}.isdisjoint(stated)
