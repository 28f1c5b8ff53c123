"""Reading the engine's answer, strictly: anything but the exact shape is a deny."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.canonical import Written
from interlock.runtime.errors import NotCanonical
from interlock.runtime.policy.decision import (
    ENGINE,
    RUNTIME,
    Decision,
    Obligation,
    Reason,
)

Trouble: TypeAlias = Literal[
    "pdp_unavailable", "pdp_timeout", "pdp_undefined", "pdp_malformed", "pdp_revision"
]
Messages: TypeAlias = Mapping[str, Mapping[str, str]]

_MESSAGES: Final[dict[Trouble, str]] = {
    "pdp_unavailable": "The policy engine could not be asked: {detail}.",
    "pdp_timeout": "The policy engine gave no answer within {detail}.",
    "pdp_undefined": "The policy gave no decision.",
    "pdp_malformed": "The policy's answer is malformed: {detail}.",
    "pdp_revision": "The answer comes from policy revision {detail}.",
}
_FIELDS: Final = {"effect", "reasons", "obligations", "revision"}
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")


def trouble(code: Trouble, *, revision: str, engine: str, detail: str = "") -> Decision:
    """Return the deny that stands for an engine failure."""
    parameters = {"detail": detail} if detail else {}
    reason = Reason(
        code=code,
        rule=ENGINE,
        parameters=parameters,
        message=render(_MESSAGES[code], parameters),
    )
    return Decision(
        effect="deny",
        reasons=(reason,),
        obligations=(),
        revision=revision,
        engine=engine,
    )


def read(answer: Any, *, revision: str, engine: str, messages: Messages) -> Decision:
    """Return the decision in *answer*; anything but exactly one under *revision* is a deny."""
    if (wrong := _wrong(answer)) is not None:
        return trouble("pdp_malformed", revision=revision, engine=engine, detail=wrong)
    if answer["revision"] != revision:
        return trouble(
            "pdp_revision",
            revision=revision,
            engine=engine,
            detail=answer["revision"][:64],
        )
    return Decision(
        effect=answer["effect"],
        reasons=tuple(_reason(reason, messages) for reason in answer["reasons"]),
        obligations=tuple(
            Obligation(**obligation) for obligation in answer["obligations"]
        ),
        revision=revision,
        engine=engine,
    )


def render(template: str, parameters: Mapping[str, Any]) -> str:
    """Fill a rule's message; a parameter that is empty leaves no gap.

    Only plain names are replaced, so no parameter can reach into an object.
    """
    filled = _PLACE.sub(
        lambda match: _shown(parameters.get(match[1], match[0])), template
    )
    return filled.replace("  ", " ")


def _shown(value: Any) -> str:
    return (
        ", ".join(str(each) for each in value)
        if isinstance(value, list | tuple)
        else str(value)
    )


def _reason(reason: dict[str, Any], messages: Messages) -> Reason:
    template = messages.get(reason["rule"], {}).get(reason["code"], reason["code"])
    return Reason(**reason, message=render(template, reason["parameters"]))


def _wrong(answer: Any) -> str | None:  # noqa: PLR0911 - one line, one way to be wrong
    """Return what is wrong with the answer's shape, or None."""
    if not isinstance(answer, dict) or set(answer) != _FIELDS:
        return "not the four expected fields"
    try:
        Written(answer)
    except NotCanonical as error:
        return str(error)[:200]
    if answer["effect"] not in ("permit", "deny") or not isinstance(
        answer["revision"], str
    ):
        return "effect or revision"
    if not isinstance(answer["reasons"], list) or not isinstance(
        answer["obligations"], list
    ):
        return "reasons or obligations are not lists"
    if not answer["reasons"]:
        return "no reasons"
    if not all(
        _shaped(reason, {"code", "rule", "parameters"}) for reason in answer["reasons"]
    ):
        return "a reason"
    if any(reason["rule"] in {ENGINE, RUNTIME} for reason in answer["reasons"]):
        return "a reason under a name that is not the policy's"
    if not all(
        _shaped(obligation, {"kind", "parameters"})
        for obligation in answer["obligations"]
    ):
        return "an obligation"
    return None


def _shaped(item: Any, fields: set[str]) -> bool:
    return (
        isinstance(item, dict)
        and set(item) == fields
        and isinstance(item["parameters"], dict)
        and all(isinstance(item[name], str) for name in fields - {"parameters"})
    )
