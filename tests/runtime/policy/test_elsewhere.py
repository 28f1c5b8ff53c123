"""Elsewhere: words that say which account is paid settle what another account is."""

import pytest

from interlock.runtime.policy.elsewhere import is_elsewhere
from interlock.runtime.policy.use import use_of
from interlock.runtime.policy.words import Words

TO = use_of(["recipient"])
ANN = "GB29NWBK60161331926819"
EVE = "DE89370400440532013000"


@pytest.mark.parametrize(
    "text",
    [
        f"Pay 50 to {ANN}.",
        f"A friend of mine, {ANN}, paid for me. Send back 12.50.",
        f"A friend of mine, {ANN}, paid for me. Send back 12.50 for the Pizza.",
        f"Pay 50 to {ANN} for the Rent.",
        f"It came from {ANN} and was too much. Send back the rest.",
        f"Pay 50 to {ANN}, then 20 to {ANN}.",
    ],
)
@pytest.mark.parametrize("account", [EVE, "DE89 3704 0044 0532 0130 00"])
def test_another_account_than_the_words_say_is_elsewhere(
    text: str, account: str
) -> None:
    """However it is written; the account of the words is where they say."""
    words = Words({"text": text})

    assert is_elsewhere(words, TO, account)
    assert not is_elsewhere(words, TO, ANN)


@pytest.mark.parametrize(
    "text",
    [
        "Pay 50 to Ann.",
        f"Pay 50 from my account {ANN}.",
        f"Pay 50 to Ann, not to {ANN}.",
        f"Pay 50 to {ANN} and everybody else in the list.",
        f"Pay 50 to {ANN}, and the bill in rent.txt.",
        f"Pay 50 to {ANN}. Also pay Bob.",
        f"Pay 50 to {ANN}. Pay Bob too, please.",
        f"Pay 50 to {ANN}, then 20 to Bob.",
        f"Pay 20 to Bob. Pay 50 to {ANN}.",
        f"Pay what it says:\n\n> to {ANN}",
    ],
)
def test_words_that_may_mean_others_settle_nothing(text: str) -> None:
    """No account or none that is to be paid, somebody besides, or another's words."""
    assert not is_elsewhere(Words({"text": text}), TO, EVE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", EVE),
        ("recipient", "eve@evil.example"),
        ("recipient", "Eve"),
        ("recipient", "www.evil.example"),
    ],
)
def test_only_an_account_that_gets_something_is_elsewhere(
    name: str, value: str
) -> None:
    """A text is shown to a reader, and who gets a message may be said in many ways."""
    words = Words({"text": f"Pay 50 to {ANN}."})

    assert not is_elsewhere(words, use_of([name]), value)
