"""The mistakes in policy data.

They are values of a wrong type, names of things that do not exist, and texts that a rule needs and
is not shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import NotCanonical
from interlock.serving.policy.configuration import CONFIGURATION
from interlock.serving.policy.finding import Finding, FindingCode
from interlock.serving.policy.layers import Layer, Place, named, origin
from interlock.serving.policy.unknown_names import unknown_names

#: The arguments of a tool that sends mail whose texts the rule egress reads
_ADDRESSES: Final = ("to", "cc", "bcc")
#: Kind of pydantic's error -> our code; every other kind is a wrong type
_CODES: Final[Mapping[str, FindingCode]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "literal_error": "not_one_of",
}
#: Kind of pydantic's error -> what the value must be
_TYPES: Final[Mapping[str, str]] = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a map",
    "mapping_type": "a map",
}


def mistakes(config: Mapping[str, Any], layers: Sequence[Layer]) -> tuple[Finding, ...]:
    """Return every mistake in the merged data *config*, each with the file of *layers* to correct.

    Names are looked up only in data that fits its type.
    """

    def where(place: Place) -> str:
        return f"{origin(layers, place)}: {named(place)}"

    try:
        canonical(config)
        CONFIGURATION.validate_python(config)
    except NotCanonical as error:
        place = tuple(error.where.strip("$.").split("."))
        return (
            Finding(
                code="not_canonical",
                where=where(place),
                detail=error.why,
            ),
        )
    except ValidationError as error:
        return tuple(
            _unfit({**detail}, where) for detail in error.errors(include_url=False)
        )
    return (*unknown_names(config, where), *_not_shown(config, where))


def _unfit(error: Mapping[str, Any], where: Callable[[Place], str]) -> Finding:
    place = tuple(str(part) for part in error["loc"])
    kind = error["type"]
    code = _CODES.get(kind, "wrong_type")
    return Finding(
        code=code,
        where=where(place),
        detail=_words(error),
    )


def _words(error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind == "missing":
        return "it is missing"
    if kind == "extra_forbidden":
        return "there is no such setting"
    problem = f"it is {error['input']!r}"
    if kind == "literal_error":
        return f"{problem}, not {error['ctx']['expected']}"
    if kind in _TYPES:
        return f"{problem}, not {_TYPES[kind]}"
    return f"{problem}: {error['msg']}"


def _not_shown(
    config: Mapping[str, Any], where: Callable[[Place], str]
) -> Iterator[Finding]:
    """Yield the arguments whose texts a shipped rule reads, and which the engine is not shown."""
    read: list[Place] = []
    for name, rules in config["tools"].items():
        if rules["egress"] == "mail":
            addressed = dict.fromkeys((*_ADDRESSES, *rules.get("recipients", ())))
            read += [("tools", name, "arguments", address) for address in addressed]
    for name, rules in config.get("acts", {}).items():
        if "note" not in rules["waives"]:
            read.append(("acts", name, "arguments", "note"))
    for place in read:
        part, name, arguments, argument = place
        limits = config[part][name][arguments].get(argument)
        if limits is not None and not limits.get("shown", False):
            yield Finding(
                code="not_shown",
                where=where(place),
                detail="a rule reads its text: it needs shown: true",
            )
