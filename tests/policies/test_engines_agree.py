"""The Wasm module and an OPA server, on the same bundle, give the same answer to every input."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = Any  # parsed
Engine: TypeAlias = Callable[[bytes], Json]

_SEED = 20261122
_MUTANTS = 900
_ODD: tuple[Json, ...] = (
    *(None, True, False, 0, 1, -1, 3, 6, 101, 2**53 - 1, 1 - 2**53),
    *(
        "",
        "pure",
        "write",
        "mail.send",
        "reviewer",
        "ann",
        "public",
        "hush",
        "ä" * 4097,
        "\u212aelvin",
        "\U0001f512",
    ),
    *(
        [],
        ["reviewer"],
        [None],
        [[]],
        ["bob@example.com", "BOB@Example.COM"],
        ["bob@EXÄMPLE.com"],
        ["a@b@c", 7],
    ),
    *(
        {},
        {"chars": 4097, "sha256": "0"},
        {"items": 2, "sha256": "0"},
        {"a": "reviewer"},
    ),
)


def test_both_engines_answer_alike(
    embedded: Engine,
    served: Engine,
    permitted: Mapping[str, Json],
    denied: Mapping[str, Json],
) -> None:
    """Reasons, their order, obligations and revision are equal for plain, mutated and senseless
    inputs.
    """
    starts = [*permitted.values(), *denied.values()]
    effects = set()
    for document in [*starts, *_ODD, *_mutants(starts)]:
        asked = orjson.dumps(document)
        decision = embedded(asked)
        assert _bytes(decision) == _bytes(served(asked)), document
        effects.add((decision["effect"], len(decision["obligations"])))
    assert effects == {("deny", 0), ("permit", 1), ("permit", 2)}


def _bytes(decision: Json) -> bytes:
    # Python holds 1, 1.0 and true for equal; a recorded decision does not.
    return orjson.dumps(decision, option=orjson.OPT_SORT_KEYS)


def _mutants(starts: list[Json]) -> Iterator[Json]:
    """Requests with one to three places deleted or replaced by something odd; the same ones every
    time.
    """
    chance = random.Random(_SEED)  # noqa: S311 - test data, not a secret
    for _ in range(_MUTANTS):
        document = orjson.loads(orjson.dumps(chance.choice(starts)))
        for _ in range(chance.randint(1, 3)):
            _mutate(document, chance)
        yield document


def _mutate(document: Json, chance: random.Random) -> None:
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = chance.choice(keys)
        inner = place[key]
        if isinstance(inner, dict | list) and chance.random() < 0.85:
            place = inner
            continue
        if chance.random() < 0.4:
            del place[key]
        else:
            place[key] = orjson.loads(orjson.dumps(chance.choice(_ODD)))
        return
