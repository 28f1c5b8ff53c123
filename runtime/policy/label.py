"""Labels: where a value came from and who may see it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

#: Named by the principal; said by the agent alone; read from outside
Integrity: TypeAlias = Literal["trusted", "unvouched", "untrusted"]
Confidentiality: TypeAlias = Literal["public", "internal", "confidential"]

_INTEGRITY: tuple[Integrity, ...] = get_args(Integrity)  # weakest claim last
_CONFIDENTIALITY: tuple[Confidentiality, ...] = get_args(
    Confidentiality
)  # most restricted last


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The integrity, confidentiality and sources of one value.

    Labels only ever join upwards: mixing values gives the least trusted, most confidential label
    and all sources (the lattice of Denning, CACM 19(5), 1976).
    """

    integrity: Integrity
    confidentiality: Confidentiality
    #: Where the value came from: "principal", "document:sha256:...", "tool:mail.send"
    sources: tuple[str, ...] = ()

    def join(self, other: "Label") -> "Label":
        """Return the label of a value computed from both; commutative, associative, idempotent."""
        return Label(
            integrity=max(self.integrity, other.integrity, key=_INTEGRITY.index),
            confidentiality=max(
                self.confidentiality, other.confidentiality, key=_CONFIDENTIALITY.index
            ),
            sources=tuple(sorted({*self.sources, *other.sources})),
        )


#: The principal's own request and our configuration, before anything is read.
TRUSTED = Label(integrity="trusted", confidentiality="public", sources=("principal",))
#: The agent's own word: nobody named it and nothing was read that could have said it.
UNVOUCHED = Label(integrity="unvouched", confidentiality="public", sources=("agent",))
