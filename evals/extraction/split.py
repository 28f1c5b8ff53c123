"""Divides contracts into train and dev so that no filer stands on both sides.

The filer is the leading company token of the title, without case, punctuation and legal form. The
division is a pure function of the titles and `SEED`: filers are taken in the order of a seeded hash
until a fifth of the contracts is on the dev side. The filers of the contracts at hand as PDF, which
are what people are shown, stand on the dev side whatever their hash, so that no demonstration is on
training data.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock.evals.extraction.data import Contract

SEED = "interlock-clauses-1"
DEV_SHARE = 0.2
SHOWN = frozenset(
    "BANGI DOMINIADVISORTRUST FREECOOK FUSIONPHARMACEUTICALS IPAYMENT OPERA REEDS SONOS THRIVENTVARIABLEINSURANCEACCOUNTB "  # noqa: SIM905 - words read best as words
    "VARIABLESEPARATEACCOUNT VERTEXENERGY WARNERCHILCOTT".split()
)

_LEGAL_FORM = re.compile(
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
    """The company a title begins with, comparable across spellings."""
    lead = re.sub(r"[\W_]+", "", re.split(r"_| - ", title, maxsplit=1)[0]).upper()
    return _LEGAL_FORM.sub("", lead) or lead


def split(contracts: Sequence[Contract]) -> Split:
    """The division; the order within each side is the order given."""
    sizes = Counter(filer(contract.title) for contract in contracts)
    dev: set[str] = set()
    taken = 0
    for name in sorted(sizes, key=lambda name: (name not in SHOWN, _hash(name))):
        if name in SHOWN or taken < DEV_SHARE * len(contracts):
            dev.add(name)
            taken += sizes[name]
    return Split(
        train=tuple(c for c in contracts if filer(c.title) not in dev),
        dev=tuple(c for c in contracts if filer(c.title) in dev),
        train_filers=tuple(sorted(set(sizes) - dev)),
        dev_filers=tuple(sorted(dev)),
    )


def folds(contracts: Sequence[Contract], count: int) -> tuple[int, ...]:
    """The fold of each contract, 0 to `count` - 1, the same for all contracts of a filer and nearly equal in size."""
    sizes = Counter(filer(contract.title) for contract in contracts)
    load, fold_of = [0] * count, {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], _hash(name))):
        fold_of[name] = load.index(min(load))
        load[fold_of[name]] += sizes[name]
    return tuple(fold_of[filer(contract.title)] for contract in contracts)


def digest(filers: Iterable[str]) -> str:
    """SHA-256 of a list of filers, one a line."""
    return hashlib.sha256("\n".join(filers).encode()).hexdigest()


def _hash(name: str) -> str:
    return hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest()
