"""What the contract tools keep in one storage, and what a home is by that."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from interlock.runtime.graph.agents import PartsOf
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.storage import Storage
from interlock.serving.artefacts import artefacts, named
from interlock.serving.models.shares import Shares
from interlock.serving.pins import pinned
from interlock.serving.settings import Settings
from interlock.tools.contracts.finder import ConfinedFinder
from interlock.tools.contracts.records import Records
from interlock.tools.contracts.review import Reviews
from interlock.tools.contracts.risk import Playbooks
from interlock.tools.library import Library
from interlock.tools.reports import Reports


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What the contract tools keep in one storage."""

    library: Library
    records: Records
    reviews: Reviews
    reports: Reports
    playbooks: Playbooks
    #: The version of the clause finder, and the categories that it finds
    finder: str
    categories: tuple[str, ...]
    #: Which model gets how much of a run
    shares: Shares

    @classmethod
    def over(
        cls, storage: Storage, settings: Settings, *, finder: ConfinedFinder | None
    ) -> "Kept":
        """Open what is kept in *storage*; raises `BadInput` for playbooks that cannot be used."""
        finder = finder or ConfinedFinder.shipped()
        library = Library(store=storage.store, vault=storage.vault)
        playbooks = Playbooks.read(settings.playbooks, categories=finder.categories)
        reviews = Reviews(
            store=storage.store,
            vault=storage.vault,
            library=library,
            finder=finder,
            playbooks=playbooks,
        )
        return cls(
            library=library,
            records=Records(store=storage.store, vault=storage.vault),
            reviews=reviews,
            reports=Reports(store=storage.store, vault=storage.vault),
            playbooks=playbooks,
            finder=finder.version,
            shares=Shares(),
            categories=finder.categories,
        )

    def pins(
        self, settings: Settings, planner: Callable[..., Any] | None
    ) -> dict[str, str]:
        """Return what a run is pinned to beside the policy and its tools."""
        return pinned(settings, self.playbooks, finder=self.finder, planner=planner)

    def parts(self, settings: Settings, bundle: Bundle) -> PartsOf:
        """Return what finds out the artefacts of the home, of the agents that it has."""
        return lambda agents: named(
            artefacts(settings, bundle, self.playbooks, agents, finder=self.finder)
        )
