"""The probes: what each rule is asked, and what it must say.

The probes of the rules that come with Interlock stand in `policies/probes/rules.yaml`, outside the
bundle: so a policy that lost one of these rules is found. A workspace has such a file of its own,
and a rule may bring its probes in its metadata (docs/howto/add-a-rule.md).
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from interlock.runtime.canonical import Json
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.ordinary import at
from interlock.serving.verification.starts import Start

Answer: TypeAlias = Literal["permit", "wait", "deny"]
#: Where a folder of policies keeps its probes of rules
RULES: Final = "probes/rules.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One question: a request that passes, changed in some places, and what a rule must say."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    rule: str
    #: The reason the rule must give; None where it gives none but makes the action wait
    code: str | None = None
    answer: Answer = "deny"
    start: Start = "write"
    #: Place in the request -> what to put there, such as {"context.run.autonomy": 0}
    change: dict[str, Json] = field(default_factory=dict)


_probes: Final = TypeAdapter(list[Probe])
_request: Final = TypeAdapter(AccessRequest)


def stated(folders: Iterable[Path]) -> list[Probe]:
    """Return the probes of the folders of policies; raises `BadInput` for what are no probes."""
    stated: list[Probe] = []
    for folder in folders:
        for rule, probes in document(folder / RULES).items():
            stated += _read(rule, probes)
    return stated


def document(file: Path) -> dict[str, Any]:
    """Return the map that *file* holds, empty when there is none; raises `BadInput`."""
    if not file.exists():
        return {}
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(str(file), error) from error
    if not isinstance(content, dict):
        raise _unreadable(str(file), TypeError("it is no map of names to values"))
    return content


def brought(bundle: Bundle, rule: str) -> list[Probe]:
    """Return the probes in the metadata of *rule*; raises `BadInput` when they are not probes."""
    return _read(rule, at(bundle.data, "rails", "probes", rule) or [])


def configured(bundle: Bundle, starts: Mapping[Start, AccessRequest]) -> Iterator[Probe]:
    """Yield a probe for every limit of an argument of the tools and acts that are asked about."""
    probed: set[str] = set()
    for start, request in starts.items():
        tool = request.action.tool
        if tool in probed:
            continue
        probed.add(tool)
        kind = "tools" if request.context.subject is None else "acts"
        rules = at(bundle.data, "rails", "config", kind, tool)
        for argument, limits in (at(rules, "arguments") or {}).items():
            for limit, bound in limits.items():
                value = _beyond(limit, bound)
                if value is not None:
                    yield _breaking(start, argument, value)


def _breaking(start: Start, argument: str, value: Json) -> Probe:
    return Probe(
        rule="tool_limits",
        code="argument_limit",
        start=start,
        change={f"action.arguments.{argument}": value},
    )


def changed(request: AccessRequest, probe: Probe) -> AccessRequest:
    """Return *request* as the probe has it; raises `BadInput` when it is no request any more."""
    content = copy.deepcopy(request.document())
    try:
        for path, value in probe.change.items():
            _put(content, path, value)
        return _request.validate_python(content)
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise _unreadable(f"a probe of rule {probe.rule}", error) from error


def _beyond(limit: str, bound: Any) -> Json:
    """Return a value that just breaks the limit, or None for a limit that nobody knows."""
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


def _read(rule: str, probes: Any) -> list[Probe]:
    try:
        return _probes.validate_python([{**probe, "rule": rule} for probe in probes])
    except (ValidationError, TypeError) as error:
        raise _unreadable(f"a probe of rule {rule}", error) from error


def _put(content: Any, path: str, value: Json) -> None:
    *parents, last = path.split(".")
    for name in parents:
        content = content[_key(content, name)]
    content[_key(content, last)] = value


def _key(content: Any, name: str) -> str | int:
    return int(name) if isinstance(content, list) else name


def _unreadable(what: str, error: Exception) -> BadInput:
    why = " ".join(str(error).split())
    return BadInput(what=what, why=why, next_step="See docs/howto/add-a-rule.md.")
