"""Proofs of RFC 6962, section 2.1: that an entry is in a log, and that a log only grew.

A whole tile of leaves never changes, so its root is computed once. A proof then reads the leaves of
two tiles at most, however long the log is.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, select

from interlock.runtime.errors import BadInput
from interlock.runtime.record import logs
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.tlog import Frontier, node_hash

#: Leaves of a tile: a power of two
TILE: Final = 1024
_ENTRIES: Final = tables.ledger_entry.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A proof for one size of the log, with the root that it leads to."""

    size: int
    root: bytes
    #: The hashes, in the order of RFC 6962
    path: tuple[bytes, ...]


class Proofs:
    """Makes proofs of the logs of one store; lives as long as the store and is safe to share."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: The roots of the whole tiles of each log, from the first one on
        self._tiles: dict[str, list[bytes]] = {}

    async def inclusion(self, log: str, seq: int, *, size: int | None) -> Proof:
        """Return the proof that entry *seq* is in the log of *size*, or as long as it is now.

        Raises `BadInput` for an entry or a size that the log has not reached.
        """
        tree = await self._tree(log, size, within=seq)
        if seq >= tree.size:
            raise _beyond("seq", tree.size)
        path = tree.path(seq, 0, tree.size)
        return tree.proof(path)

    async def consistency(self, log: str, first: int, *, size: int | None) -> Proof:
        """Return the proof that the log of *size* begins with the log as it was at size *first*.

        Raises as `inclusion` does, and for a *first* of zero.
        """
        tree = await self._tree(log, size, within=first)
        if not 0 < first <= tree.size:
            raise _beyond("first", tree.size)
        path = tree.subproof(first, 0, tree.size, is_whole=True)
        return tree.proof(path)

    async def _tree(self, log: str, size: int | None, *, within: int) -> "_Tree":
        """Return the tree of that size, with the leaves of the tile *within* which a proof goes."""
        frontier = await self._store.read(
            lambda connection: logs.frontier(connection, log)
        )
        longest = (frontier or Frontier()).size
        wanted = longest if size is None else size
        if wanted > longest:
            raise _beyond("size", longest)
        whole = wanted // TILE
        tiles = await self._whole_tiles(log, whole)
        touched = {within // TILE, whole}
        leaves = {number: await self._leaves(log, number) for number in touched}
        return _Tree(
            size=wanted,
            tiles=tiles,
            leaves=leaves,
        )

    async def _whole_tiles(self, log: str, number: int) -> Sequence[bytes]:
        """Return the roots of the first tiles, at least so many; each is computed once."""
        tiles = self._tiles.setdefault(log, [])
        while len(tiles) < number:
            following = len(tiles)
            leaves = await self._leaves(log, following)
            root = _root(leaves)
            # Somebody else may have come first while the leaves were read.
            if following == len(tiles):
                tiles.append(root)
            await asyncio.sleep(0)  # a long log keeps nobody else waiting
        return tiles

    async def _leaves(self, log: str, tile: int) -> Sequence[bytes]:
        """Return the leaves of a tile, as many as there are."""
        look = partial(_leaves, log=log, start=tile * TILE)
        return await self._store.read(look)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tree:
    """A log at one size."""

    size: int
    #: The root of each whole tile, and the leaves of those that a proof goes into
    tiles: Sequence[bytes]
    leaves: Mapping[int, Sequence[bytes]]

    def proof(self, path: Sequence[bytes]) -> Proof:
        """Return the proof with these hashes, and the root that it leads to."""
        return Proof(
            size=self.size,
            root=self.root(0, self.size),
            path=tuple(path),
        )

    def root(self, start: int, end: int) -> bytes:
        """Return the root of the leaves from *start* up to *end*, as the tree has it there."""
        if end - start == TILE and start % TILE == 0:
            return self.tiles[start // TILE]
        if end - start == 1:
            return self.leaves[start // TILE][start % TILE]
        if end == start:
            return Frontier().root()
        middle = start + _split(end - start)
        left = self.root(start, middle)
        right = self.root(middle, end)
        return node_hash(left, right)

    def path(self, seq: int, start: int, end: int) -> list[bytes]:
        """Return the hashes beside the way from leaf *seq* to the root, the lowest first."""
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if seq < middle:
            left = self.path(seq, start, middle)
            return [*left, self.root(middle, end)]
        right = self.path(seq, middle, end)
        return [*right, self.root(start, middle)]

    def subproof(
        self, first: int, start: int, end: int, *, is_whole: bool
    ) -> list[bytes]:
        """Return the hashes that lead from the tree of the leaves up to *first* to this one."""
        if first == end:
            return [] if is_whole else [self.root(start, end)]
        middle = start + _split(end - start)
        if first <= middle:
            left = self.subproof(first, start, middle, is_whole=is_whole)
            return [*left, self.root(middle, end)]
        right = self.subproof(first, middle, end, is_whole=False)
        return [*right, self.root(start, middle)]


def _split(number: int) -> int:
    """Return the largest power of two below *number*, which is two or more."""
    return 1 << ((number - 1).bit_length() - 1)


def _root(leaves: Sequence[bytes]) -> bytes:
    """Return the root of a whole tile."""
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [node_hash(left, right) for left, right in pairs]
    return level[0]


def _leaves(connection: Connection, *, log: str, start: int) -> Sequence[bytes]:
    query = (
        select(_ENTRIES.leaf)
        .where(_ENTRIES.log == log)
        .where(_ENTRIES.seq >= start)
        .where(_ENTRIES.seq < start + TILE)
        .order_by(_ENTRIES.seq)
    )
    rows = connection.execute(query)
    return list(rows.scalars())


def _beyond(name: str, size: int) -> BadInput:
    return BadInput(
        what=name,
        why=f"the log has {size} entries",
        next_step="Ask for less.",
    )
