"""The fail-closed property: take a fact away from any request, and the answer never gets weaker."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson
from opapywasm import OpaWasmPolicy

Json: TypeAlias = Any  # parsed
Engine: TypeAlias = Callable[[bytes], Json]
Documents: TypeAlias = dict[str, dict[str, Json]]
Path: TypeAlias = tuple[str | int, ...]


def test_the_starting_requests_are_what_they_say(
    embedded: Engine, permitted: Documents, denied: Documents
) -> None:
    """Each start is permitted, or refused for its one reason; nothing below is proved on a wrong
    start.
    """
    assert {"permit"} == {
        _decide(embedded, document)["effect"] for document in permitted.values()
    }
    for code, document in denied.items():
        assert [code] == [
            reason["code"] for reason in _decide(embedded, document)["reasons"]
        ]


def test_a_permit_never_gets_weaker_by_a_missing_field(
    embedded: Engine, permitted: Documents
) -> None:
    """A permit less one field or list item is a deny, or a permit with at least the same
    obligations.
    """
    for name, document in permitted.items():
        before = _decide(embedded, document)
        for path in _places(document):
            after = _decide(embedded, _without(document, path))
            assert not _weaker(before, after), (name, path, after)


def test_a_permit_never_gets_weaker_by_a_null(
    embedded: Engine, permitted: Documents
) -> None:
    """A fact that is null helps no more than one that is missing."""
    for name, document in permitted.items():
        before = _decide(embedded, document)
        for path in _places(document):
            after = _decide(embedded, _with_null(document, path))
            assert not _weaker(before, after), (name, path, after)


def test_a_deny_never_becomes_a_permit_by_a_missing_field(
    embedded: Engine, denied: Documents
) -> None:
    """What is refused stays refused when any fact of the runtime is lost.

    Left out are the values of single arguments and list items: an agent that proposes other
    arguments asks something else, and a runtime that lists no kill switch says that there is none.
    """
    for code, document in denied.items():
        for path in _places(document):
            proposed = path[:2] == ("action", "arguments") and len(path) > len(
                ("action", "arguments")
            )
            if proposed or isinstance(path[-1], int):
                continue
            after = _decide(embedded, _without(document, path))
            assert after["effect"] == "deny", (code, path, after)


def test_lost_configuration_never_weakens_an_answer(
    module: OpaWasmPolicy,
    data: dict[str, Json],
    permitted: Documents,
    denied: Documents,
) -> None:
    """A part of the configuration that is missing allows nothing that the whole one refuses.

    Left out is what only ever narrows: the limits of single arguments and the items of lists. So
    are the words of the vocabulary, which no rule reads.
    """
    starts = [*permitted.values(), *denied.values()]
    before = [_decide(_engine(module, data), document) for document in starts]
    for path in _places(data["config"]):
        if isinstance(path[-1], int) or len(path) > len(
            ("tools", "mail.send", "arguments", "to")
        ):
            continue
        if _is_vocabulary(path):
            continue
        less = _engine(module, data | {"config": _without(data["config"], path)})
        for document, answer in zip(starts, before, strict=True):
            assert not _weaker(answer, _decide(less, document)), (path, document)


def test_without_data_nothing_is_permitted(
    module: OpaWasmPolicy, permitted: Documents
) -> None:
    """An engine that was never given its data denies, and says that it has no revision."""
    for document in permitted.values():
        decision = _decide(_engine(module, {}), document)
        assert (decision["effect"], decision["revision"]) == ("deny", "")
        assert "no_revision" in {reason["code"] for reason in decision["reasons"]}


def _is_vocabulary(path: Path) -> bool:
    """Whether it is a thing, or one way to ask for a kind of effect."""
    is_wording = path[:2] == ("intent", "kinds") and len(path) > len(
        ("intent", "kinds", "a")
    )
    return is_wording or path[:2] == ("intent", "things")


def _engine(module: OpaWasmPolicy, rails: dict[str, Json]) -> Engine:
    module.set_data({"rails": rails})
    return module.evaluate


def _decide(engine: Engine, document: Json) -> Json:
    decision = engine(orjson.dumps(document))
    assert decision.keys() == {"effect", "reasons", "obligations", "revision"}
    for reason in decision["reasons"]:
        assert reason.keys() == {"code", "rule", "parameters"}
    return decision


def _weaker(before: Json, after: Json) -> bool:
    if after["effect"] == "deny":
        return False
    return before["effect"] == "deny" or any(
        owed not in after["obligations"] for owed in before["obligations"]
    )


def _places(value: Json, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, index))


def _without(document: Json, path: Path) -> Json:
    changed, place = _opened(document, path)
    del place[path[-1]]
    return changed


def _with_null(document: Json, path: Path) -> Json:
    changed, place = _opened(document, path)
    place[path[-1]] = None
    return changed


def _opened(document: Json, path: Path) -> tuple[Json, Json]:
    changed = place = copy.deepcopy(document)
    for key in path[:-1]:
        place = place[key]
    return changed, place
