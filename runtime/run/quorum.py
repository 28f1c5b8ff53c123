"""Quorums: whose verdicts one question takes, and which of these are still to be given.

The policy names the seats when it asks for people, and counts for itself when it is asked again:
what is counted here only says who may still decide, and when the run is worth waking.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import orjson

from interlock.runtime.canonical import Json, canonical

#: The role that was needed, and the role that a verdict was given in
Filled: TypeAlias = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """So many people of one role; people of a role above it may be asked in their place."""

    #: The role that the policy needs
    role: str
    count: int
    #: The role whose people are asked: the same, or one above it to whom the question was passed
    by: str
    #: The roles to which it may be passed up
    above: tuple[str, ...] = ()


Quorum: TypeAlias = tuple[Seat, ...]


def one_of(role: str) -> Quorum:
    """Return the quorum of one person of *role*."""
    return (Seat(role=role, count=1, by=role),)


def written(quorum: Quorum) -> str:
    """Return the quorum as a row and the ledger hold it."""
    seats: list[Json] = [
        {
            "role": seat.role,
            "count": seat.count,
            "by": seat.by,
            "above": list(seat.above),
        }
        for seat in quorum
    ]
    return canonical(seats).decode()


def read(text: str) -> Quorum:
    """Return the quorum that a row holds; raises KeyError, TypeError or ValueError for none."""
    return tuple(
        Seat(
            role=seat["role"],
            count=seat["count"],
            by=seat["by"],
            above=tuple(seat["above"]),
        )
        for seat in orjson.loads(text)
    )


def unfilled(quorum: Quorum, filled: Iterable[Filled]) -> Quorum:
    """Return the seats that are still to be filled, with how many of each."""
    counted = Counter(filled)
    left = (
        replace(seat, count=seat.count - counted[(seat.role, seat.by)])
        for seat in quorum
    )
    return tuple(seat for seat in left if seat.count > 0)


def passed_up(
    quorum: Quorum, filled: Iterable[Filled], *, seat: Seat, to: str
) -> Quorum:
    """Return the quorum in which the people of *to* are asked for what is open of *seat*.

    What is filled stays as it is: each verdict counts in the role in which it was given.
    """
    counted = Counter(filled)
    seats: dict[Filled, Seat] = {}
    for one in quorum:
        is_passed = (one.role, one.by) == (seat.role, seat.by)
        done = counted[(one.role, one.by)] if is_passed else one.count
        parts = (replace(one, count=done), replace(one, count=one.count - done, by=to))
        for part in parts:
            place = (part.role, part.by)
            before = seats[place].count if place in seats else 0
            if part.count:
                seats[place] = replace(part, count=part.count + before)
    return tuple(seats.values())


def seat_for(open_seats: Quorum, roles: Sequence[str]) -> Seat | None:
    """Return the first open seat that somebody with *roles* can fill, or None."""
    return next((seat for seat in open_seats if seat.by in roles), None)
