"""Elsewhere: accounts that are others than those that the words themselves say.

Who says which account is to be paid, with no word that may mean more payees, is not asked about the
account that a stranger's text has. Who says a number of an account and another number of a name
pays two: whoever is only named may have any account. A second payee without a number of its own
is denied so, too (fails closed). Only accounts are told apart so, for people say in many ways to
whom a message goes.
"""

import re
from typing import Final

from interlock.runtime.policy.asked import form_of
from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.use import Use
from interlock.runtime.policy.words import Words

#: Words that may be about others than whose account is said
_OTHERS: Final = re.compile(
    r"\b(?:all|both|each|every|everyone|everybody|others?|another|anyone|whoever|whom|also"
    r"|too(?!\s+(?:much|many|little|few|high|low|big|small|large|late|early|soon|often|expensive|dear))"
    r"|senders?|owners?|people|members|participants|suppliers|tenants|staff|bills?|invoices?)\b"
)


def is_elsewhere(
    words: Words,
    use: Use,
    value: str,
) -> bool:
    """Whether *value* is an account, and the words say other ones and no word of more payees."""
    if not use.is_destination or not _is_account(value):
        return False
    stated = words.stated(use)
    is_said = any(map(_is_account, stated)) and words.source(value, use) is None
    return is_said and not words.has(_OTHERS) and not _pays_by_name(words)


def _pays_by_name(words: Words) -> bool:
    """Whether the words say one number of an account, and another one of a mere name."""
    accounts = {number for number, name in words.pairs if _is_account(name)}
    names = {number for number, _ in words.pairs} - accounts
    return bool(accounts and names)


def _is_account(value: str) -> bool:
    bare = folded(value).replace(" ", "")
    return form_of(bare) == "account"
