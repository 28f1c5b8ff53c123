"""The analyst of a home: its tools beside those of the contract review."""

from collections.abc import Sequence

from interlock.agents.analyst import Analyst
from interlock.runtime.door.tool import AnyTool
from interlock.tools.contracts.citations import citation_tools
from interlock.tools.contracts.lookup import lookup_tools
from interlock.tools.contracts.review import Reviews
from interlock.tools.contracts.search import search_tools
from interlock.tools.library import Library
from interlock.tools.planning import planning


def analyst(
    tools: Sequence[AnyTool],
    *,
    library: Library,
    reviews: Reviews,
    categories: Sequence[str],
) -> Analyst:
    """Return the analyst, which has the *tools* of the review, too."""
    own = (
        planning,
        *search_tools(library),
        *lookup_tools(reviews, categories=categories),
        *citation_tools(library),
    )
    return Analyst([*tools, *own], categories=categories)
