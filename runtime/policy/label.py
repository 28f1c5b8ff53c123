"""Labels: where a value came from and who may see it."""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

#: Named by the principal; said by the agent alone; read from outside
Integrity: TypeAlias = Literal["trusted", "unvouched", "untrusted"]
Confidentiality: TypeAlias = Literal["public", "internal", "confidential"]

_INTEGRITY: tuple[Integrity, ...] = get_args(Integrity)  # weakest claim last
_CONFIDENTIALITY: tuple[Confidentiality, ...] = get_args(
    Confidentiality
)  # most restricted last


#: The sources of what the principal wrote, and of what the schema of the tool says by itself
PRINCIPAL: Final = "principal"
SCHEMA: Final = "schema"
#: The source of what the run's plan says, before the name of the step
PLANNED: Final = "plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The integrity, confidentiality and sources of one value.

    Labels only ever join upwards: mixing values gives the least trusted, most confidential label
    and all sources (the lattice of Denning, CACM 19(5), 1976).
    """

    integrity: Integrity
    confidentiality: Confidentiality
    #: Where the value came from: "principal", "principal:text[12:30]", "schema",
    #: "plan:STEP", "document:sha256:...", "tool:mail.send", "tool:mail.find#results.*.sender"
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

    @property
    def in_bits(self) -> "Label":
        """The label of a choice that a counted number of bits of the value allows.

        The choice is the agent's own word among what the agent had in mind; who may see the value,
        and where the value came from, holds of the choice, too.
        """
        if self.integrity != "untrusted":
            return self
        return replace(self, integrity="unvouched")

    @property
    def at_large(self) -> "Label":
        """The label with whole sources: without the places in the words, and without the fields.

        What a run holds has such a label, so that it does not grow with every value.
        """
        sources = {_whole(source) for source in self.sources}
        return Label(
            integrity=self.integrity,
            confidentiality=self.confidentiality,
            sources=tuple(sorted(sources - {SCHEMA})),
        )


def _whole(source: str) -> str:
    for origin in (PRINCIPAL, PLANNED):
        if source.startswith(f"{origin}:"):
            return origin
    return source.partition("#")[0] if source.startswith("tool:") else source


#: The principal's own request and our configuration, before anything is read.
TRUSTED = Label(integrity="trusted", confidentiality="public", sources=(PRINCIPAL,))
#: The agent's own word: nobody named it and nothing was read that could have said it.
UNVOUCHED = Label(integrity="unvouched", confidentiality="public", sources=("agent",))
