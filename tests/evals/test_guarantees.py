"""Each guarantee notices that its guard is gone; `python -m interlock.evals.guarantees` tells how,
on PostgreSQL too.
"""

import asyncio
from collections.abc import Mapping

import pytest

from interlock.evals.guarantees.proof import BREAKS, Proof, prove
from interlock.serving.verification.guarantees import GUARANTEES


@pytest.fixture(scope="module")
def proofs() -> Mapping[str, Proof]:
    """What each guarantee said when its guard was taken away in a home of its own."""
    return {proof.id: proof for proof in asyncio.run(prove())}


def test_every_guard_is_taken_away() -> None:
    """There is a way to take away the guard of every guarantee, and of nothing else."""
    assert BREAKS.keys() == GUARANTEES.keys()


@pytest.mark.parametrize("name", GUARANTEES)
def test_a_guarantee_notices_that_its_guard_is_gone(
    proofs: Mapping[str, Proof], name: str
) -> None:
    """A guard that lets pass what it must stop is named; a scenario that merely breaks proves
    nothing.
    """
    assert proofs[name].noticed, proofs[name].detail
