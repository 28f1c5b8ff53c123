"""What a message to a model is made of: text, and what the model is declared to take beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from interlock.runtime.door.tool import ToolFailed

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

#: The parts beside text that a model may take, as the API of chat completions names them
Part: TypeAlias = Literal["image_url", "input_audio", "file"]
REFUSED: Final = "model_parts"
_EMBEDDED: Final = "data:"


def check(messages: "Iterable[BaseMessage]", *, takes: frozenset[Part]) -> None:
    """Raise `ToolFailed` unless every part of *messages* is text or one that the model *takes*.

    A picture must be in the message itself: a server that is handed a URL would ask for it, with
    whatever the agent wrote into it. What is not known is refused (fails closed).
    """
    for message in messages:
        content: object = message.content
        if not isinstance(content, str) and not _is_taken(content, takes):
            raise ToolFailed(code=REFUSED)


def _is_taken(content: object, takes: frozenset[Part]) -> bool:
    if not isinstance(content, Sequence):
        return False
    return all(_fits(part, takes) for part in content)


def _fits(part: object, takes: frozenset[Part]) -> bool:
    match part:
        case str():
            return True
        case {"type": "text", "text": str(), **rest}:
            return not rest
        case {"type": str(kind), **rest} if kind in takes:
            return all(_is_embedded(url) for url in _urls(rest))
        case _:
            return False


def _urls(value: object) -> Iterator[object]:
    """Yield whatever stands under a name that holds a place on the net, at any depth."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if "url" in str(name) and not isinstance(item, Mapping):
                yield item
            else:
                yield from _urls(item)
    elif isinstance(value, list):
        for item in value:
            yield from _urls(item)


def _is_embedded(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(_EMBEDDED)
