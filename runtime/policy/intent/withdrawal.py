"""Withdrawals: clauses that take back or keep back what was asked for: "rather do not".

What one takes back is all that the same text asked for so far. Which part of that was meant is not
known, so none of it is licensed (fails closed); whoever asks says again what is wanted.
"""

import re
from collections.abc import Sequence
from typing import Final

from interlock.runtime.policy.intent.clauses import Clause
from interlock.runtime.policy.intent.grammar import RESERVED

_OPENING: Final = (
    r"(?:on second thoughts?|on reflection|actually|no|wait|sorry|hmm|oh|well|ok|okay|please"
    r"|just|then|in fact|you know what|maybe|perhaps|you|we|let us)"
)
_WHAT: Final = (
    r"(?:it|that|this|the above|my request|my last (?:message|request)|what i (?:said|asked)"
    r"|everything|all of (?:it|that|this)|any of (?:it|that|this)|about (?:it|that|this))"
)
_WITHDRAWS: Final = re.compile(
    rf"(?:{_OPENING} )*(?:"
    rf"(?:do|should|must|will|would) not(?: do| bother| go ahead)?(?: {_WHAT}| so| anything)?"
    rf"|never ?mind(?: {_WHAT})?"
    rf"|(?:forget|scratch|strike|disregard|ignore) {_WHAT}"
    rf"|(?:better|rather) not(?: do)?(?: {_WHAT})?"
    rf"|i take {_WHAT} back"
    rf"|(?<= )(?:cancel|stop|drop|skip|leave) {_WHAT})"
    r"(?: (?:after all|any ?more|yet|now|then|please|at all|for now|today|though))*"
)
_RESERVES: Final = re.compile(
    rf"(?:(?:only|just|not|please|always) )*(?:{RESERVED.pattern}\w*(?: \w+){{0,3}}"
    r"|(?:ask|check with|consult|confirm with) me (?:first|before(?: \w+){0,6})"
    r"|(?:wait for|get|with) my (?:ok|okay|go-ahead|consent|agreement|approval|confirmation|word)"
    r"(?: first| before(?: \w+){0,6})?)"
)


def reserves(parts: Sequence[Clause]) -> bool:
    """Whether a sentence keeps back what it asks for: "pay Bob, but ask me first".

    It does not where it says on what condition: "pay it, and if it is odd, ask me first".
    """
    for number, clause in enumerate(parts):
        is_held = any(earlier.mood == "supposes" for earlier in parts[:number])
        text = " ".join(token.text for token in clause.tokens)
        if not is_held and _RESERVES.fullmatch(text):
            return True
    return False


def withdraws(clause: Clause, before: Sequence[Clause]) -> bool:
    """Whether *clause* takes back what was asked for before its sentence and in *before*.

    It does not where the sentence says on what condition: "if it is not right, don't".
    """
    if any(earlier.mood == "supposes" for earlier in before):
        return False
    text = " ".join(token.text for token in clause.tokens)
    return _WITHDRAWS.fullmatch(text) is not None
