"""Consistency proofs of RFC 6962, section 2.1.2: one log is the beginning of another.

A proof is made from the leaf hashes, all of them, so it costs one hash a leaf.
"""

from collections.abc import Sequence

from interlock.runtime.record.tlog import Frontier, node_hash


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree over *leaves*."""
    tree = Frontier()
    for leaf in leaves:
        tree = tree.append(leaf)
    return tree.root()


def proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """Return the proof that the first *old* of *leaves* are the beginning of all of them.

    It is empty for no leaves and for all. Raises ValueError for more leaves than there are.
    """
    if not 0 <= old <= len(leaves):
        raise ValueError(f"{old} leaves are not the beginning of {len(leaves)}")
    return [] if old in {0, len(leaves)} else _of(leaves, old, is_whole=True)


def _of(leaves: Sequence[bytes], old: int, *, is_whole: bool) -> list[bytes]:
    """Return SUBPROOF of the RFC; *is_whole* says that the old tree is known to whoever checks."""
    if old == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    if old <= split:
        return [*_of(left, old, is_whole=is_whole), root_of(right)]
    return [*_of(right, old - split, is_whole=False), root_of(left)]


def holds(
    hashes: Sequence[bytes],
    *,
    old: int,
    old_root: bytes,
    new: int,
    new_root: bytes,
) -> bool:
    """Whether *hashes* prove that the tree of *old* leaves is the beginning of that of *new*."""
    if old in {0, new}:
        return not hashes and (old == 0 or old_root == new_root)
    path = list(hashes)
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    if node:
        if not path:
            return False
        first = second = path.pop(0)
    else:
        first = second = old_root
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and (first, second) == (old_root, new_root)
