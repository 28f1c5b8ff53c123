"""The names that policy data use and nothing of the policy has."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, get_args

from interlock.runtime.policy.act import CLASSES
from interlock.runtime.policy.request import Proposer
from interlock.serving.policy.finding import Finding
from interlock.serving.policy.layers import Place

#: What a role of an agent has parts for
_PROPOSERS: Final[tuple[str, ...]] = get_args(Proposer)
#: The parts of a tool's entry that list arguments of the tool
_LISTED: Final = (
    "trusted_arguments",
    "critical_arguments",
    "named_arguments",
    "chosen_arguments",
    "recipients",
)
#: The parts of a wording that name groups of things
_GROUPS: Final = ("objects", "places", "never")
#: The place of a value -> the file that sets it, and the place in words
Where: TypeAlias = Callable[[Place], str]


def unknown_names(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield each name in the data *config* that names nothing; the data fit their type."""
    yield from _grants(config, where)
    yield from _acts(config, where)
    yield from _alone(config, where)
    yield from _arguments(config["tools"], where)
    yield from _required(config["tools"], where)
    yield from _asked_together(config, where)
    yield from _kinds(config, where)
    yield from _things(config["intent"], where)


def _grants(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    tools = config["tools"]
    grantable = {*tools, *config.get("acts", {})}
    for role, names in config["grants"].items():
        _, dot, proposer = role.partition(".")
        if dot and proposer not in _PROPOSERS:
            yield Finding(
                code="not_one_of",
                where=where(("grants", role)),
                detail=f"{proposer!r} is none of {', '.join(_PROPOSERS)}: nobody has this role",
            )
        for name in names:
            if name not in (tools if dot else grantable):
                yield _unknown_tool(name, where(("grants", role)))


def _acts(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield the acts that nobody does: what is said of one binds no other."""
    for act in config.get("acts", {}):
        if act not in CLASSES:
            yield Finding(
                code="unknown_act",
                where=where(("acts", act)),
                detail=f"{act} is nothing that people do",
            )


def _unknown_tool(name: str, place: str) -> Finding:
    return Finding(
        code="unknown_tool",
        where=place,
        detail=f"{name} is no tool of this policy",
    )


def _alone(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield what is listed to go alone and is no irreversible tool."""
    for part, names in config["autonomy"].items():
        for name in names:
            tool = config["tools"].get(name, {})
            if tool.get("action_class") != "irreversible":
                yield Finding(
                    code="not_irreversible",
                    where=where(("autonomy", part)),
                    detail=f"{name} is no irreversible tool of this policy",
                )


def _arguments(tools: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    for name, rules in tools.items():
        named: list[tuple[str, Place]] = [
            (argument, ("tools", name, part))
            for part in _LISTED
            for argument in rules.get(part, ())
        ]
        named += [
            (limits["same_as"], ("tools", name, "arguments", argument))
            for argument, limits in rules["arguments"].items()
            if "same_as" in limits
        ]
        for argument, place in named:
            if argument not in rules["arguments"]:
                yield Finding(
                    code="unknown_argument",
                    where=where(place),
                    detail=f"{argument} is no argument of {name}",
                )


def _required(tools: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    for name, rules in tools.items():
        for required in rules.get("requires", ()):
            if required not in tools:
                yield _unknown_tool(required, where(("tools", name, "requires")))


def _asked_together(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield the tools that are to take several verdicts and are none: one would do for the tool."""
    for quorum in config["approval"]["quorums"]:
        if quorum["tool"] not in config["tools"]:
            yield _unknown_tool(quorum["tool"], where(("approval", "quorums")))


def _kinds(config: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield the kinds of effect that the vocabulary does not have: no words ask for them."""
    known = config["intent"]["kinds"]
    used: list[tuple[str, Place]] = [
        (kind, ("intent", part))
        for part in ("outward", "varied")
        for kind in config["intent"][part]
    ]
    for name, rules in config["tools"].items():
        for effect in rules.get("effect", ()):
            kinds = [effect] if isinstance(effect, str) else effect
            used += [(kind, ("tools", name, "effect")) for kind in kinds]
    for kind, place in used:
        if kind not in known:
            yield Finding(
                code="unknown_kind",
                where=where(place),
                detail=f"{kind} is no kind of effect of intent.kinds, so no words ask for it",
            )


def _things(intent: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    """Yield the groups of things that a wording names and nobody lists: they never stand there."""
    for kind, ways in intent["kinds"].items():
        for way, fields in ways.items():
            for part in _GROUPS:
                for group in fields.get(part, ()):
                    if group not in intent["things"]:
                        place = ("intent", "kinds", kind, way, part)
                        yield Finding(
                            code="unknown_thing",
                            where=where(place),
                            detail=f"{group} is no group of intent.things",
                        )
