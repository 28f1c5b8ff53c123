"""What a server that keeps prefixes would compute: counted, as vLLM counts its own."""

from dataclasses import dataclass, field
from typing import Final

#: A token of the twin is so many bytes, and a block so many tokens: prefixes are kept by blocks
BYTES_A_TOKEN: Final = 4
BLOCK: Final = 16


@dataclass(kw_only=True, slots=True)
class Prefixes:
    """Counts the tokens of prompts, and how many of them were known before under the same salt."""

    #: Tokens of all prompts, and those of them that had to be computed
    asked: int = 0
    computed: int = 0
    _known: dict[str, list[str]] = field(default_factory=dict)

    def take(self, prompt: str, *, salt: str) -> tuple[int, int]:
        """Return the tokens of the prompt and how many were known, and know them all from now."""
        tokens = max(1, len(prompt.encode()) // BYTES_A_TOKEN)
        earlier = self._known.setdefault(salt, [])
        shared = max((_shared(prompt, other) for other in earlier), default=0)
        cached = min(shared // BYTES_A_TOKEN // BLOCK * BLOCK, tokens - 1)
        earlier.append(prompt)
        self.asked += tokens
        self.computed += tokens - cached
        return tokens, cached


def _shared(one: str, other: str) -> int:
    """Return the bytes with which both begin."""
    length = 0
    for left, right in zip(one.encode(), other.encode(), strict=False):
        if left != right:
            break
        length += 1
    return length
