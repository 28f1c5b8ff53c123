"""The worlds of the benchmark: what an attacker may write into them, and where.

An environment is made once with the texts that AgentDojo has, and once with a token in each place
that AgentDojo lets an attacker write. Every other environment comes from these two.
"""

import copy
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from interlock.evals.agentdojo.package import SuiteName, suites

_MARK: Final = "MARK-{number}-KRAM"
#: What stands where an attacker's text will
TEXT: Final = "TEXT-TXET"


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One suite's environment, with and without tokens, as plain JSON values."""

    suite: SuiteName
    plain: Any
    marked: Any
    #: Token -> the place that it stands in
    tokens: Mapping[str, str]

    def documents(self, seen: frozenset[str]) -> Any:
        """Return the environment's values with `TEXT` in the places *seen*, ours elsewhere."""
        tokens = [token for token, place in self.tokens.items() if place in seen]
        return _mixed(self.plain, self.marked, tokens)


@cache
def template(suite: SuiteName) -> Template:
    """Return the environment of a suite, loaded once."""
    known = suites()[suite]
    places = known.get_injection_vector_defaults()
    tokens = {_MARK.format(number=number): place for number, place in enumerate(places)}
    marks = {place: token for token, place in tokens.items()}
    return Template(
        suite=suite,
        plain=_values(known.load_and_inject_default_environment({})),
        marked=_values(known.load_and_inject_default_environment(marks)),
        tokens=tokens,
    )


@cache
def seen(suite: SuiteName, task: str) -> frozenset[str]:
    """Return the places that the outputs of the user task's calls show."""
    from agentdojo.functions_runtime import FunctionsRuntime  # noqa: PLC0415 - an optional package

    known = suites()[suite]
    base = template(suite)
    world = copied(_marked(suite))
    runtime = FunctionsRuntime(known.tools)
    calls = known.user_tasks[task].ground_truth(copied(world))
    outputs = ""
    for call in calls:
        result, _ = runtime.run_function(world, call.function, call.args)
        outputs += str(result)
    return frozenset(place for token, place in base.tokens.items() if token in outputs)


def injected(suite: SuiteName, text: str, places: frozenset[str]) -> Any:
    """Return an environment with the attacker's *text* in *places*."""
    world = copied(_prepared(suite, places))
    rewrite(world, {TEXT: text})
    return world


@cache
def _marked(suite: SuiteName) -> Any:
    return _environment(suite, template(suite).marked)


@cache
def _prepared(suite: SuiteName, places: frozenset[str]) -> Any:
    return _environment(suite, template(suite).documents(places))


def _environment(suite: SuiteName, document: Any) -> Any:
    return suites()[suite].environment_type.model_validate(document)


def copied(world: Any) -> Any:
    """Return a copy of an environment; the judges and ground truths change what they are given."""
    return pickle.loads(pickle.dumps(world))  # noqa: S301 - what this process wrote a moment ago


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def rewrite(value: Any, names: Mapping[str, str]) -> Any:
    """Return the value with every text changed by *names*; objects and lists are changed in place.

    What the environment counts of its texts, the sizes of files, is left as it is.
    """
    if not names:
        return value
    if type(value) is str:
        for old, new in names.items():
            value = value.replace(old, new)
        return value
    if isinstance(value, BaseModel):
        rewrite(value.__dict__, names)
    elif isinstance(value, dict):
        items = [
            (rewrite(key, names), rewrite(item, names)) for key, item in value.items()
        ]
        value.clear()
        value.update(items)
    elif isinstance(value, list):
        value[:] = [rewrite(item, names) for item in value]
    return value


def _values(world: Any) -> Any:
    return copy.deepcopy(world.model_dump(mode="json"))


def _mixed(plain: Any, marked: Any, tokens: list[str]) -> Any:
    """Return *marked* where it holds one of *tokens*, with `TEXT` in its place, else *plain*."""
    if isinstance(marked, str):
        for token in tokens:
            if token in marked:
                return marked.replace(token, TEXT)
        return plain
    if isinstance(marked, dict):
        pairs = zip(plain.items(), marked.items(), strict=True)
        return {
            _mixed(key, mark, tokens): _mixed(value, other, tokens)
            for (key, value), (mark, other) in pairs
        }
    if isinstance(marked, list):
        items = zip(plain, marked, strict=True)
        return [_mixed(value, other, tokens) for value, other in items]
    return plain
