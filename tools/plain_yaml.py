"""Plain YAML: the one way in which the product reads a YAML file.

Every document has one meaning that a person sees in it: a key that stands twice, an alias and a key
that is no text are refused. A few lines of aliases stand for a document of any size.
"""

from collections.abc import Sequence
from typing import Any

import yaml


class NotPlain(ValueError):
    """A text is no plain YAML, with the line where that shows."""

    def __init__(self, *, why: str, line: int | None) -> None:
        self.why, self.line = why, line
        super().__init__(why if line is None else f"line {line}: {why}")


def parse(text: str) -> Any:
    """Return the document in *text*; None when *text* holds none. Raises `NotPlain`."""
    try:
        return yaml.load(text, _Plain)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise NotPlain(
            why=str(error.problem or error.context),
            line=None if mark is None else mark.line + 1,
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NotPlain(why=" ".join(str(error).split()), line=None) from error


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line of what stands at *place*, keys and numbers of items, in plain YAML.

    Where nothing stands there it is the line of the nearest thing above: 1 for the document.
    """
    node: Any = yaml.compose(text, _Plain)
    line = 1
    for step in place:
        below = _below(node, step)
        if below is None:
            break
        line, node = below
    return line


def _below(node: Any, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and the node of a key or an item of *node*."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        items = node.value[step : step + 1]
        return next(((item.start_mark.line + 1, item) for item in items), None)
    return None


class _Plain(yaml.SafeLoader):
    """Reads what `parse` reads."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node; raises `ComposerError` for an alias."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML has no types
            raise yaml.composer.ComposerError(
                None, None, "an alias is not allowed here", event.start_mark
            )
        return super().compose_node(parent, index)


def _pairs(loader: _Plain, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is not a string", key_node.start_mark
            )
        if key in pairs:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is here twice", key_node.start_mark
            )
        pairs[key] = loader.construct_object(value_node, deep=True)
    return pairs


_Plain.add_constructor("tag:yaml.org,2002:map", _pairs)
