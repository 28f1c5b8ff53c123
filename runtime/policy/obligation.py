"""Obligations: what the policy demands before the act. One that nobody can discharge is a deny."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, TypeGuard

from interlock.runtime.policy.bounds import ORDINARY, Bounds
from interlock.runtime.policy.decision import RUNTIME, Decision, Reason

LONGEST_WAIT_S: Final = 30 * 24 * 3600
#: What one look of a person may take, where the policy does not say
ORDINARY_LOOK_S: Final = 120
Parameters: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """So many people of one role, and the roles to which the question may be passed up."""

    role: str
    count: int
    above: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Duties:
    """The obligations of one decision, understood."""

    #: Whose members must approve, and how many of each; empty when nobody must
    seats: tuple[Needed, ...] = ()
    ttl_s: int = 0
    #: After how many seconds the question is shown as overdue
    overdue_s: int = LONGEST_WAIT_S
    #: How long each of those people may look, in seconds
    look_s: int = ORDINARY_LOOK_S
    bounds: Bounds = ORDINARY

    @property
    def looks_ms(self) -> int:
        """How long all of those people may look together: each of them once."""
        people = sum(seat.count for seat in self.seats)
        return people * self.look_s * 1000


def understand(decision: Decision) -> Duties | Reason:
    """Return what must be done before the act, or the reason of a deny (XACML 3.0, 7.2.2)."""
    duties = Duties()
    for obligation in decision.obligations:
        discharge = _DISCHARGES.get(obligation.kind, _nobody)
        joined = discharge(duties, obligation.parameters)
        if joined is None:
            return undischarged(obligation.kind)
        duties = joined
    return duties


def undischarged(kind: str) -> Reason:
    """Return the reason of a deny: nobody here can do the duty of *kind*."""
    return Reason(
        code="obligation_unknown",
        rule=RUNTIME,
        parameters={"kind": kind},
        message=f"This runtime cannot discharge what the policy demands: {kind}.",
    )


def _reserve(duties: Duties, _: Parameters) -> Duties:
    return duties  # every cost is reserved, asked or not


def _approve(duties: Duties, parameters: Parameters) -> Duties | None:
    ttl_s = parameters.get("ttl_s")
    overdue_s = parameters.get("overdue_s", ttl_s)
    look_s = parameters.get("look_s", ORDINARY_LOOK_S)
    bounds = _bounds(duties, parameters, "open_of_run", "open_of_tenant")
    seats = _seats(parameters)
    if not _is_count(ttl_s) or not _is_count(overdue_s) or bounds is None or not seats:
        return None
    if duties.seats or not 0 < ttl_s <= LONGEST_WAIT_S:
        return None
    if not _is_count(look_s) or look_s > LONGEST_WAIT_S:
        return None
    return replace(
        duties,
        seats=seats,
        ttl_s=ttl_s,
        overdue_s=overdue_s,
        look_s=look_s,
        bounds=bounds,
    )


def _seats(parameters: Parameters) -> tuple[Needed, ...]:
    """Return the seats that are stated; none where one is unreadable (fails closed).

    Where no seats are stated, one person of the stated role is asked.
    """
    stated = parameters.get("seats", [{"role": parameters.get("role"), "count": 1}])
    if not isinstance(stated, list):
        return ()
    seats = [_needed(seat) for seat in stated]
    return tuple(seat for seat in seats if seat) if all(seats) else ()


def _needed(seat: object) -> Needed | None:
    if not isinstance(seat, Mapping):
        return None
    role, count, above = seat.get("role"), seat.get("count"), seat.get("above", [])
    is_stated = isinstance(role, str) and _is_count(count) and isinstance(above, list)
    if not is_stated or not count or not all(isinstance(one, str) for one in above):
        return None
    return Needed(role=str(role), count=count, above=tuple(above))


def _bound(duties: Duties, parameters: Parameters) -> Duties | None:
    bounds = _bounds(duties, parameters, "calls", "answer_bytes")
    if bounds is None:
        return None
    return duties if bounds == duties.bounds else replace(duties, bounds=bounds)


def _bounds(duties: Duties, parameters: Parameters, *names: str) -> Bounds | None:
    """Return the bounds with those of *names* that are stated; None where one is no number."""
    stated = {name: parameters[name] for name in names if name in parameters}
    if not all(_is_count(bound) for bound in stated.values()):
        return None
    standing = duties.bounds
    if all(getattr(standing, name) == bound for name, bound in stated.items()):
        return standing
    return replace(standing, **stated)


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _nobody(_: Duties, __: Parameters) -> None:
    return None


#: Each kind of obligation, and how it joins the duties; None means that it is not understood
_DISCHARGES: Final[Mapping[str, Callable[[Duties, Parameters], Duties | None]]] = {
    "reserve": _reserve,
    "approve": _approve,
    "bound": _bound,
}
