"""What the engine is asked: the request as canonical JSON, small, and without texts.

An engine may be another process that writes down what it is asked. So it is shown a text only
where a rule reads the text, which is what the entry of the argument in the policy's data says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, TypeAlias

from interlock.runtime.canonical import Document, Json, Written, canonical
from interlock.runtime.policy.abridged import Abridged
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest, Context

LONGEST_STRING: Final = 1024  # characters
LONGEST_LIST: Final = 64  # items
#: A text of fewer characters may stand in the name of a resource by chance
SHORTEST_TEXT: Final = 4
#: Tool or act -> argument -> whether its texts are shown
Listed: TypeAlias = Mapping[str, Mapping[str, bool]]


def listed(data: Any) -> dict[str, dict[str, bool]]:
    """Return the arguments that the policy's *data* lists for each tool and act.

    Shown is one whose entry says `shown: true`, or `one_of`: its texts stand in the data anyway.
    Data of another form lists nothing, so nothing is shown (fails closed).
    """
    config = _at(_at(data, "rails"), "config")
    entries: dict[str, dict[str, bool]] = {}
    for part in ("acts", "tools"):
        for name, rules in _at(config, part).items():
            arguments = _at(rules, "arguments")
            entries[name] = {
                argument: _is_shown(limits) for argument, limits in arguments.items()
            }
    return entries


def question(request: AccessRequest, entries: Listed) -> bytes:
    """Return the policy input for *request*.

    In an argument that *entries* do not show, each text is replaced by its size and digest, and an
    object as a whole. In one that they show, so are texts beyond 1,024 characters. Lists beyond 64
    items are replaced in both. The name of an argument that nobody listed is an agent's word where
    the arguments do not fit the schema, and becomes a digest. Raises `NotCanonical`.
    """
    action = request.action
    known = entries.get(action.tool, {})
    arguments: dict[str, Document] = {}
    unseen: list[str] = []
    for name, value in action.arguments.items():
        is_named = request.context.schema_valid or name in known
        is_shown = known.get(name, False)
        arguments[name if is_named else _named(name)] = (
            _small(value) if is_shown else _hidden(value)
        )
        unseen += [] if is_shown else _texts(value)
    unlisted = [name for name in action.arguments if name not in arguments]
    resource = request.resource
    if _repeats(resource.id, unseen):
        resource = replace(resource, id=_named(resource.id))
    return canonical(
        {
            "principal": request.principal.written,
            "action": {
                "tool": action.tool,
                "action_class": action.action_class,
                "arguments": arguments,
            },
            "resource": resource.written,
            "context": _context(request.context, unlisted),
        }
    )


def _context(context: Context, unlisted: list[str]) -> Written:
    """Return the facts, with the labels of the *unlisted* arguments under the digests too."""
    if not unlisted:
        return context.written
    return replace(
        context,
        labels=_renamed(context.labels, unlisted),
        actionable=_renamed(context.actionable, unlisted),
    ).written


def _renamed(labels: Mapping[str, Label], unlisted: list[str]) -> dict[str, Label]:
    return {
        _named(name) if name in unlisted else name: label
        for name, label in labels.items()
    }


def _at(value: Any, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _is_shown(limits: Any) -> bool:
    if not isinstance(limits, dict):
        return False
    return limits.get("shown") is True or "one_of" in limits


def _repeats(name: str, unseen: list[str]) -> bool:
    """Whether the name of a resource is too long, or holds a text that is not shown."""
    if len(name) > LONGEST_STRING:
        return True
    return any(text in name for text in unseen if len(text) >= SHORTEST_TEXT)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, the keys of its objects too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _hidden(value: Any) -> Json:
    if isinstance(value, Abridged):
        return value  # a record that is asked again: more of it is not there
    if isinstance(value, str):
        return {"chars": len(value), "sha256": _hash(value)}
    if isinstance(value, dict):
        return {"fields": len(value), "sha256": _hash(value)}
    if isinstance(value, list | tuple):
        return _items(value) or [_hidden(item) for item in value]
    small: Json = value
    return small


def _small(value: Any) -> Json:
    if isinstance(value, Abridged):
        return value  # as above
    if isinstance(value, str) and len(value) > LONGEST_STRING:
        return _hidden(value)
    if isinstance(value, dict):
        return {name: _small(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return _items(value) or [_small(item) for item in value]
    small: Json = value
    return small


def _items(value: list[Any] | tuple[Any, ...]) -> Json:
    """Return the size and digest of a list that is too long, or None."""
    if len(value) <= LONGEST_LIST:
        return None
    return {"items": len(value), "sha256": _hash(list(value))}


def _named(name: str) -> str:
    return f"sha256:{_hash(name)}"


def _hash(value: Json) -> str:
    return sha256(canonical(value)).hexdigest()
