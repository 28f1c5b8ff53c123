"""Consistency proofs against the definition of RFC 6962, for every pair of sizes."""

import pytest

from interlock.runtime.record.consistency import holds, proof, root_of
from interlock.runtime.record.tlog import leaf_hash

LEAVES = [leaf_hash(b"%d" % number) for number in range(33)]


@pytest.mark.parametrize("new", range(1, 34))
def test_a_proof_holds_for_its_sizes_and_roots_alone(new: int) -> None:
    """Whatever beginning of a log is proved, another root or another size is not."""
    new_root = root_of(LEAVES[:new])
    for old in range(1, new + 1):
        old_root = root_of(LEAVES[:old])
        hashes = proof(LEAVES[:new], old)

        def proved(
            hashes: list[bytes], before: bytes, after: bytes, old: int = old
        ) -> bool:
            return holds(hashes, old=old, old_root=before, new=new, new_root=after)

        assert proved(hashes, old_root, new_root)
        assert not proved(hashes, b"x" * 32, new_root)
        assert old == new or not proved(hashes, old_root, b"x" * 32)
        assert not proved([*hashes, b"x" * 32], old_root, new_root)
        assert old == new or not proved(hashes[:-1], old_root, new_root)


def test_the_vector_of_the_standard() -> None:
    """The proof between 3 and 7 leaves has the four nodes that the RFC names: c, d, g and l."""
    c, d = LEAVES[2:3], LEAVES[3:4]
    named = [root_of(c), root_of(d), root_of(LEAVES[:2]), root_of(LEAVES[4:7])]

    assert proof(LEAVES[:7], 3) == named
    assert len(proof(LEAVES[:7], 4)) == 1
    assert len(proof(LEAVES[:7], 6)) == 3


def test_no_beginning_is_longer_than_the_log() -> None:
    """More leaves than there are have no proof; none and all need none."""
    with pytest.raises(ValueError, match="beginning"):
        proof(LEAVES[:3], 4)
    assert proof(LEAVES, 0) == proof(LEAVES, len(LEAVES)) == []
