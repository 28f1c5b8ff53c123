"""Examples of answers: made from their schemas, with values that a reader recognises.

An example has each field that its schema names. So it cannot be of another form than the answer.
"""

from collections.abc import Mapping
from typing import Any, Final

#: What a field of that name holds
_VALUES: Final[Mapping[str, Any]] = {
    "run_id": "run-1f0c9a7be2d4",
    "run": "run-1f0c9a7be2d4",
    "runs": ["run-1f0c9a7be2d4"],
    "job": "job-5b1d20c9e7aa",
    "id": "apr-77e0a1c4d2f9",
    "action_id": "act-90ab41c6e5d3",
    "agent": "contract_review",
    "for": "ana",
    "by": "ana",
    "requester": "ana",
    "reviewer": "",
    "role": "reviewer",
    "tool": "mail.send",
    "event": "decision",
    "effect": "permit",
    "codes": ["granted"],
    "document": "supply-agreement.pdf",
    "name": "supply-agreement.pdf",
    "path": "supply-agreement.pdf",
    "kind": "pdf",
    "created": 1_764_222_000,
    "updated": 1_764_222_060,
    "expires": 1_764_308_400,
    "at": 1_764_222_000,
    "next": None,
    "waiting": ["apr-77e0a1c4d2f9"],
    "note": "default\n42\nq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n\n\u2014 ...\n",
    "log": "default",
    "origin": "interlock/default",
    "size": 42,
    "text": "This Supply Agreement is made between ...",
    "why": "",
}
#: A digest, in hexadecimal
_DIGEST: Final = "ab" * 32
_DIGESTS: Final = frozenset(
    {"revision", "previous", "root", "public_key", "evidence_digest", "digest"}
)
_DEEPEST: Final = 8


def example_of(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    *,
    name: str = "",
    depth: int = 0,
) -> Any:
    """Return an example of *schema*, for the field *name*; *schemas* are those it may refer to."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
        return example_of(schema, schemas, name=name, depth=depth)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "object" and depth < _DEEPEST:
        return _object(schema, schemas, depth)
    known = _known(name, schema)
    if known is not None or name == "next":
        return known
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}), schemas, depth=depth + 1)]
    plain = {"integer": 0, "number": 0, "boolean": False, "string": ""}
    return plain.get(str(schema.get("type")))


def _object(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    return {
        name: example_of(field, schemas, name=name, depth=depth + 1)
        for name, field in schema.get("properties", {}).items()
    }


def _known(name: str, schema: Mapping[str, Any]) -> Any:
    """Return what a field of that name holds, where the schema takes such a value."""
    if name in _DIGESTS and schema.get("type") == "string":
        return _DIGEST
    value = _VALUES.get(name)
    types = {"string": str, "integer": int, "array": list}
    kind = types.get(str(schema.get("type")))
    if kind is not None and not isinstance(value, kind):
        return None
    return value
