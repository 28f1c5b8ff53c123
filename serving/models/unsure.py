"""What stands in for the model that reads: the extractor, which has said what it knows.

It answers every question with "unsure", so a review is finished when no model can be asked, and its
answers are degraded like those of any other model that stands in.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage

from interlock.runtime.policy.decision import Permit
from interlock.tools.contracts.extraction import EXTRACTOR
from interlock.tools.models.router.candidate import Candidate
from interlock.tools.models.served import Served

#: Tokens of its answer
_LONGEST: Final = 20
_ANSWER: Final = json.dumps({"answer": "unsure", "quotation": ""})


class Unsure:
    """A model that says of everything that it is unsure; nothing leaves this process."""

    async def answer(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the one answer."""
        return AIMessage(content=_ANSWER)


def without_model() -> Candidate:
    """Return what answers where no model that reads does."""
    served = Served(model=Unsure(), longest_answer=_LONGEST)
    return Candidate(name=EXTRACTOR, served=served, weight=0, is_fallback=True)
