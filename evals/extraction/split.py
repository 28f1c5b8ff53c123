"""Divides contracts into train and dev so that no filer stands on both sides.

The filer is the leading company token of the title, without case, punctuation and legal form. The
division is a pure function of the titles and `SEED`: filers are taken in the order of a seeded hash
until a fifth of the contracts is on the dev side. The filers in `SHOWN` filed the contracts at hand
as PDF, which people are shown. These filers stand on the dev side whatever their hash, so that they
take part in the figures. The shipped model is fitted on both sides, so a demonstration shows what
the model has seen; the figures of the record do not.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from interlock.evals.extraction.data import Contract

SEED: Final = "interlock-clauses-1"
DEV_SHARE: Final = 0.2
SHOWN: Final = frozenset(
    {
        "BANGI",
        "DOMINIADVISORTRUST",
        "FREECOOK",
        "FUSIONPHARMACEUTICALS",
        "IPAYMENT",
        "OPERA",
        "REEDS",
        "SONOS",
        "THRIVENTVARIABLEINSURANCEACCOUNTB",
        "VARIABLESEPARATEACCOUNT",
        "VERTEXENERGY",
        "WARNERCHILCOTT",
    }
)

_LEGAL_FORM: Final = re.compile(
    r"(?:INCORPORATED|CORPORATION|COMPANY|LIMITED|INC|CORP|LTD|LLC|PLC|LP|CO|SA|NV|AG)$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Two disjoint groups of contracts and the filers of each, ascending."""

    train: tuple[Contract, ...]
    dev: tuple[Contract, ...]
    train_filers: tuple[str, ...]
    dev_filers: tuple[str, ...]


def filer(title: str) -> str:
    """Return the company that a title begins with, in a form that is equal across spellings."""
    first, *_ = re.split(r"_| - ", title, maxsplit=1)
    lead = re.sub(r"[\W_]+", "", first).upper()
    return _LEGAL_FORM.sub("", lead) or lead


def split(contracts: Sequence[Contract]) -> Split:
    """Return the division; contracts keep their order within each side."""
    sizes = _sizes(contracts)
    wanted = DEV_SHARE * len(contracts)
    dev: set[str] = set()
    taken = 0
    for name in sorted(sizes, key=_shown_first):
        if name in SHOWN or taken < wanted:
            dev.add(name)
            taken += sizes[name]
    train_side: list[Contract] = []
    dev_side: list[Contract] = []
    for contract in contracts:
        side = dev_side if filer(contract.title) in dev else train_side
        side.append(contract)
    train = set(sizes) - dev
    return Split(
        train=tuple(train_side),
        dev=tuple(dev_side),
        train_filers=tuple(sorted(train)),
        dev_filers=tuple(sorted(dev)),
    )


def folds(contracts: Sequence[Contract], count: int) -> tuple[int, ...]:
    """Return the fold of each contract, from 0 to *count* - 1.

    All contracts of a filer are in one fold, and the folds are nearly equal in size.
    """
    sizes = _sizes(contracts)

    def largest_first(name: str) -> tuple[int, str]:
        return -sizes[name], _hash(name)

    load = [0] * count
    fold_of: dict[str, int] = {}
    for name in sorted(sizes, key=largest_first):
        fold = load.index(min(load))
        fold_of[name] = fold
        load[fold] += sizes[name]
    return tuple(fold_of[filer(contract.title)] for contract in contracts)


def digest(filers: Iterable[str]) -> str:
    """Return the SHA-256 of a list of filers, one a line."""
    lines = "\n".join(filers)
    return hashlib.sha256(lines.encode()).hexdigest()


def _sizes(contracts: Sequence[Contract]) -> Counter[str]:
    """Return the number of contracts of each filer."""
    return Counter(filer(contract.title) for contract in contracts)


def _shown_first(name: str) -> tuple[bool, str]:
    return name not in SHOWN, _hash(name)


def _hash(name: str) -> str:
    return hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest()
