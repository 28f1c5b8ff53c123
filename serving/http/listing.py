"""Lists, page by page: where a page begins, how much is looked up for it, and what follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from interlock.runtime.policy.request import Principal
from interlock.serving.http.service import Service
from interlock.serving.http.values.page import Page, Wanted

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One list of the caller's tenant, of which one page is wanted; true for one request."""

    shared: Service
    #: What the list is called in its cursors
    name: str
    asking: Principal
    wanted: Wanted

    @property
    def after(self) -> str | None:
        """After what the page begins, None for the first; raises `RequestRefused`."""
        return self.shared.cursors.read(
            self.wanted.cursor,
            of=self.name,
            tenant=self.asking.tenant,
        )

    @property
    def after_number(self) -> int | None:
        """As `after`, in a list whose things have numbers."""
        return None if self.after is None else int(self.after)

    @property
    def limit(self) -> int:
        """How many to look up: one more than the page takes says that another page follows."""
        return self.wanted.limit + 1

    def page(
        self,
        listed: Sequence[T],
        *,
        place: Callable[[T], object],
        shown: Callable[[T], V],
    ) -> Page[V]:
        """Return the page of what was looked up, each as *shown*.

        *place* is after what a list goes on that follows the thing.
        """
        things = listed[: self.wanted.limit]
        last = str(place(things[-1])) if len(listed) > len(things) else None
        following = self.shared.cursors.made(
            last,
            of=self.name,
            tenant=self.asking.tenant,
        )
        return Page(data=[shown(thing) for thing in things], next=following)
