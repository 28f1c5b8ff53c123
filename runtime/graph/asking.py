"""Questions over one text: the text first and the question last, so that a server reads it once.

A server that keeps prefixes reads what two questions have in common a single time. Everything that
stays the same therefore stands before everything that changes.
"""

from collections.abc import Sequence
from typing import Final

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

_TEXT: Final = "<document>\n{text}\n</document>\n\n{question}"


def over(text: str, question: str, *, instructions: str) -> Sequence[BaseMessage]:
    """Return the messages that ask one question over *text*; *instructions* begin them."""
    return [
        SystemMessage(content=instructions),
        HumanMessage(content=_TEXT.format(text=text, question=question)),
    ]
