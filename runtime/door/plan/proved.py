"""What a plan proves of one call."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from interlock.runtime.policy.label import PLANNED, Confidentiality, Label


@dataclass(frozen=True, kw_only=True, slots=True)
class Proved:
    """The step that a call fits, and what the plan says of its arguments; nothing outside."""

    step: str | None = None
    #: The arguments that the step says anything of
    planned: frozenset[str] = frozenset()
    #: Those of them that no stranger could have made another value
    trusted: frozenset[str] = frozenset()
    #: Those of which the planner chose a part, of a text that no stranger wrote or chose
    chosen: frozenset[str] = frozenset()
    confidentiality: Confidentiality = "public"

    def over(
        self,
        labels: Mapping[str, Label],
    ) -> dict[str, Label]:
        """Return the labels, better where the plan proves more than what proved them before."""
        return {name: self._better(name, label) for name, label in labels.items()}

    def _better(
        self,
        name: str,
        label: Label,
    ) -> Label:
        if label.integrity == "trusted" or name not in self.planned:
            return label
        source = f"{PLANNED}:{self.step}"
        if name not in self.trusted | self.chosen:
            return replace(label, sources=tuple(sorted({*label.sources, source})))
        return Label(
            integrity="trusted" if name in self.trusted else "unvouched",
            confidentiality=self.confidentiality,
            sources=(source,),
        )
