"""The probes: what each rule is asked, and what it must say.

The probes of the rules that come with Interlock stand in `policies/probes/rules.yaml`, outside the
bundle, so a policy that lost one of these rules is noticed. A workspace has such a file of its own,
and a rule may carry probes in its metadata (docs/howto/add-a-rule.md).
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    TypeAlias,
)

from pydantic import ConfigDict, TypeAdapter, ValidationError

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.ordinary import at
from interlock.serving.verification.starts import Start
from interlock.tools import plain_yaml

Answer: TypeAlias = Literal["permit", "wait", "deny"]
#: Where a folder of policies keeps its probes of rules
RULES: Final = "probes/rules.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One question: a request that passes, changed in some places, and what a rule must say."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    rule: str
    #: The reason the rule must give; None for a rule that gives no reason but makes the action wait
    code: str | None = None
    answer: Answer = "deny"
    start: Start = "write"
    #: Place in the request -> the new value there, such as {"context.run.autonomy": 0}
    change: dict[str, Json] = field(default_factory=dict)


_PROBES: Final = TypeAdapter(list[Probe])
_REQUEST: Final = TypeAdapter(AccessRequest)


def stated(folders: Iterable[Path]) -> list[Probe]:
    """Return the probes of the folders of policies.

    Raises `BadInput` for a file that holds anything but probes.
    """
    probes: list[Probe] = []
    for folder in folders:
        content = document(folder / RULES)
        for rule, entries in content.items():
            probes += _read(rule, entries)
    return probes


def document(file: Path) -> dict[str, Any]:
    """Return the map in the YAML *file*, or an empty map when the file does not exist.

    Raises `BadInput` for a file that cannot be read or holds no map.
    """
    if not file.exists():
        return {}
    try:
        content = plain_yaml.parse(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(str(file), error) from error
    if not isinstance(content, dict):
        wrong_type = TypeError("it is no map of names to values")
        raise _unreadable(str(file), wrong_type)
    return content


def brought(bundle: Bundle, rule: str) -> list[Probe]:
    """Return the probes in the metadata of *rule*.

    Raises `BadInput` when the metadata holds anything but probes.
    """
    entries = at(bundle.data, "rails", "probes", rule)
    return _read(rule, entries or [])


def configured(
    bundle: Bundle, starts: Mapping[Start, AccessRequest]
) -> Iterator[Probe]:
    """Yield a probe for every argument limit of the tools and acts in *starts*."""
    probed: set[str] = set()
    for start, request in starts.items():
        tool = request.action.tool
        if tool in probed:
            continue
        probed.add(tool)
        kind = "tools" if request.context.subject is None else "acts"
        arguments = at(bundle.data, "rails", "config", kind, tool, "arguments")
        yield from _breaking(start, arguments or {})


def _breaking(start: Start, arguments: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield a probe for every limit: a request with a value just beyond the limit."""
    for argument, limits in arguments.items():
        for limit, bound in limits.items():
            value = _beyond(limit, bound)
            if value is None:
                continue
            yield Probe(
                rule="tool_limits",
                code="argument_limit",
                start=start,
                change={f"action.arguments.{argument}": value},
            )


def changed(request: AccessRequest, probe: Probe) -> AccessRequest:
    """Return a copy of *request* with the changes of the probe.

    Raises `BadInput` when the changed content is no request any more.
    """
    content = copy.deepcopy(request.document())
    try:
        for path, value in probe.change.items():
            _put(content, path, value)
        return _REQUEST.validate_python(content)
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise _unreadable(f"a probe of rule {probe.rule}", error) from error


def _beyond(limit: str, bound: Any) -> Json:
    """Return a value just beyond the limit, or None for a limit of an unknown kind."""
    match limit:
        case "max_chars":
            return "x" * (int(bound) + 1)
        case "max_items":
            return ["x"] * (int(bound) + 1)
        case "min":
            return int(bound) - 1
        case "max":
            return int(bound) + 1
        case "one_of":
            return "".join(("not ", *bound))
        case _:
            return None


def _read(rule: str, entries: Any) -> list[Probe]:
    try:
        named = [{**entry, "rule": rule} for entry in entries]
        return _PROBES.validate_python(named)
    except (ValidationError, TypeError) as error:
        raise _unreadable(f"a probe of rule {rule}", error) from error


def _put(content: Any, path: str, value: Json) -> None:
    *parents, last = path.split(".")
    for name in parents:
        key = _key(content, name)
        content = content[key]
    key = _key(content, last)
    content[key] = value


def _key(content: Any, name: str) -> str | int:
    if isinstance(content, list):
        return int(name)
    return name


def _unreadable(what: str, error: Exception) -> BadInput:
    why = " ".join(str(error).split())
    return BadInput(what=what, why=why, next_step="See docs/howto/add-a-rule.md.")
