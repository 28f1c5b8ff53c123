"""Who is addressed: whether what a verb asks for is for the principal, or for somebody else."""

from collections.abc import Sequence
from typing import Final

from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.intent.reading import Token
from interlock.runtime.policy.intent.vocabulary import Vocabulary

#: What begins a question of its own: "say what it asks me to do"
ASKING: Final = listed("what how why whether which who whom whose")
DETERMINERS: Final = listed(
    "the a an my your his her its our their this that these those all every each both some "
    "any another"
)
_ME: Final = frozenset(["me", "us", "myself", "ourselves"])
_SOMEBODY: Final = listed(
    "him her them everyone everybody someone somebody anyone all whoever people"
)
#: Groups of things that can be told something
_PEOPLE: Final = frozenset({"group", "channel", "person"})


def is_for_others(
    direct: Sequence[Token], tokens: Sequence[Token], vocabulary: Vocabulary
) -> bool:
    """Whether somebody else is addressed: a name, an address, "him", or "my landlord"."""
    if not tokens or is_for_me(direct, tokens):
        return False
    if any(_is_somebody(token) for token in tokens):
        return True
    if _first_texts(tokens) & _SOMEBODY:
        return True
    addressed = _addressed(direct, tokens)
    words = [token for token in addressed[:4] if token.text not in DETERMINERS]
    groups = vocabulary.thing(words, 0)[0] if words else frozenset()
    is_asking = bool(words) and words[0].text in ASKING
    return bool(words) and not is_asking and (not groups or bool(groups & _PEOPLE))


def is_for_me(direct: Sequence[Token], tokens: Sequence[Token]) -> bool:
    """Whether the principal is addressed: "give me", "to me"."""
    addressed = _addressed(direct, tokens)
    texts = _first_texts(tokens)
    is_first = bool(addressed) and addressed[0].text in _ME
    return is_first or ("to" in texts and bool(texts & _ME))


def _is_somebody(token: Token) -> bool:
    return token.shape == "address" or (token.is_name and token.text != "i")


def _addressed(direct: Sequence[Token], tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens among which stands who is addressed."""
    if not direct and any(token.text == "to" for token in tokens):
        return [token for token in tokens if token.text != "to"]
    return list(direct)


def _first_texts(tokens: Sequence[Token]) -> set[str]:
    return {token.text for token in tokens[:6]}
