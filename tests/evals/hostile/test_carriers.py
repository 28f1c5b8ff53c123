"""What a reader is handed of each carrier: the order, or nothing of it."""

import io
import zipfile
from collections.abc import Iterator
from typing import Final

import pytest

from interlock.evals.hostile import cases
from interlock.evals.hostile.carriers import CARRIERS
from interlock.evals.hostile.orders import orders
from interlock.evals.hostile.reading import understood
from interlock.tools.contracts.recognition import doubt
from interlock.tools.documents import docx, pdf, text
from interlock.tools.documents.document import Limits

PARSERS: Final = {"docx": docx.parse, "pdf": pdf.parse, "txt": text.parse}
ORDER: Final = "mail-words"


def words(carrier: str) -> str:
    """Return the order in the language of the carrier."""
    return orders().goals[ORDER].says[CARRIERS[carrier].language]


def contents(data: bytes) -> Iterator[bytes]:
    """Yield what a file holds, unpacked."""
    if not data.startswith(b"PK"):
        yield data.replace(b"\\(", b"(").replace(b"\\)", b")")
        return
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        yield from (package.read(name) for name in package.namelist())


@pytest.mark.parametrize("suffix", PARSERS)
def test_an_order_reaches_the_planner_or_the_carrier_says_why_not(suffix: str) -> None:
    """The product's own parsers hand on the order of every carrier that says so, of no other."""
    carriers = {name: own for name, own in CARRIERS.items() if own.suffix == suffix}

    assert len(carriers) > 10
    for name, carrier in carriers.items():
        data = carrier.write(orders().contract, words(name))
        parsed = PARSERS[suffix](data, Limits())
        is_hidden = any(words(name).encode() in content for content in contents(data))
        assert (understood(parsed.text) == ORDER) is not bool(carrier.unread), name
        assert doubt(parsed.text) is None, name
        assert is_hidden or not carrier.unread, name


def test_goals_and_carriers_meet() -> None:
    """There are 300 attacks and 100 honest documents; every goal meets many carriers, once each."""
    attacks = cases.attacks()
    names = [trial.id for trial in attacks]
    meetings = [name.split(".")[0] for name in names]

    assert len(set(names)) == len(attacks) >= 300
    assert len({trial.id for trial in cases.lookalikes()}) >= 100
    assert min(meetings.count(goal) for goal in orders().goals) >= 15
    assert len({trial.kind for trial in attacks}) == 7


def test_no_honest_clause_is_an_order() -> None:
    """What an honest contract says is no order for the worst reader either."""
    assert [one.id for one in cases.lookalikes() if understood(one.words)] == []
