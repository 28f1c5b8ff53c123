"""What the engine is asked: the request as canonical JSON, without long texts and lists."""

from hashlib import sha256
from typing import Any, Final

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.policy.request import AccessRequest

LONGEST_STRING: Final = 1024  # characters
LONGEST_LIST: Final = 64  # items


def question(request: AccessRequest) -> bytes:
    """Return the policy input for *request*.

    Argument strings beyond 1,024 characters and lists beyond 64 items are replaced by their size
    and digest, so that a rule can limit them and no document text reaches the engine. The keys of
    an object stay as they are. Raises `NotCanonical`.
    """
    action = request.action
    small = {name: _small(value) for name, value in action.arguments.items()}
    return canonical(
        {
            "principal": request.principal.written,
            "action": {
                "tool": action.tool,
                "action_class": action.action_class,
                "arguments": action.written if small == action.arguments else small,
            },
            "resource": request.resource.written,
            "context": request.context.written,
        }
    )


def _small(value: Any) -> Json:
    if isinstance(value, str):
        return (
            value
            if len(value) <= LONGEST_STRING
            else {"chars": len(value), "sha256": _hash(value)}
        )
    if isinstance(value, dict):
        return {name: _small(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > LONGEST_LIST:
            return {"items": len(value), "sha256": _hash(value)}
        return [_small(item) for item in value]
    small: Json = value
    return small


def _hash(value: Json) -> str:
    return sha256(canonical(value)).hexdigest()
