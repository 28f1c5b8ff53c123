"""Batches: many questions in one document, with the parts that they share."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from interlock.serving.access.query import Query, parsed, wrong

Semantic: TypeAlias = Literal[
    "execute_all", "deny_on_first_deny", "permit_on_first_permit"
]
MOST_EVALUATIONS: Final = 100
_PARTS: Final = ("subject", "action", "resource", "context")
_SEMANTICS: Final[tuple[Semantic, ...]] = get_args(Semantic)


def queries(document: Mapping[str, Any], items: object) -> list[Query]:
    """Return the queries of *document*, each with the parts that it leaves out."""
    if not isinstance(items, list):
        raise wrong("evaluations", "it is no list")
    if len(items) > MOST_EVALUATIONS:
        raise wrong("evaluations", f"it has more than {MOST_EVALUATIONS} items")
    defaults = {name: document[name] for name in _PARTS if name in document}
    read = []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise wrong(f"evaluations[{number}]", "it is no object")
        read.append(parsed(defaults | dict(item)))
    return read


def stops(document: Mapping[str, Any]) -> Callable[[bool], bool]:
    """Return after which answer no further question is asked."""
    options = document.get("options")
    stated = (
        options.get("evaluations_semantic") if isinstance(options, Mapping) else None
    )
    if stated is not None and stated not in _SEMANTICS:
        raise wrong("options.evaluations_semantic", "there is no such semantic")
    match stated:
        case "deny_on_first_deny":
            return lambda is_permit: not is_permit
        case "permit_on_first_permit":
            return lambda is_permit: is_permit
        case _:
            return lambda _: False
