"""What a tool does, in words for people who know nothing of tools."""

from collections.abc import Mapping
from typing import Final

from interlock.runtime.door.tool import AnyTool

_WORDS: Final[Mapping[str, str]] = {
    "mail.send": "Send a mail",
    "report.write": "Write the report",
    "report.withdraw": "Withdraw the report",
    "records.file": "File the record of the contract",
    "records.withdraw": "Withdraw the record of the contract",
    "document.read": "Read a document",
    "contracts.review": "Review the contract",
    "contracts.doubts": "Name what the review is unsure of",
    "contracts.weigh": "Weigh what a model said of it",
    "model.generate": "Ask a language model",
}
INTEGRITY: Final[Mapping[str, str]] = {
    "trusted": "named by the person who asked",
    "unvouched": "the agent's own words",
    "untrusted": "made from what the agent read",
}
CONFIDENTIALITY: Final[Mapping[str, str]] = {
    "public": "public",
    "internal": "internal",
    "confidential": "confidential",
}
#: What a budget limits
KINDS: Final[Mapping[str, str]] = {
    "money_micro": "money",
    "tokens": "tokens",
    "steps": "steps",
    "effects": "effects",
    "wall_ms": "time",
    "gpu_ms": "graphics time",
    "reviewer_ms": "reviewers' time",
}


def tool_in_words(name: str, tools: Mapping[str, AnyTool]) -> str:
    """Return what the tool does: in our words, else in its own first sentence, else its name."""
    known = tools.get(name)
    own = "" if known is None else known.description.partition(".")[0]
    return _WORDS.get(name) or own or name
