"""What came of the questions to a model about places in doubt, in one line."""

from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "agreed": "agreed",
    "differed": "differed",
    "unsure": "unsure",
    "added": "quoted elsewhere",
    "ungrounded": "dropped, as the quotation is not there",
    "unanswered": "without an answer",
    "left": "not asked",
}


def consulted_line(consulted: Mapping[str, Any]) -> str:
    """Return the line; *consulted* is as the review has it."""
    parts = [
        f"{consulted[name]} {words}"
        for name, words in _WORDS.items()
        if consulted[name]
    ]
    codes = ", ".join(consulted["codes"])
    told = f" ({codes})" if codes else ""
    what = ", ".join(parts) or "no doubt was left"
    return (
        f"A model was asked about {consulted['asked']} places in doubt: {what}{told}."
    )
