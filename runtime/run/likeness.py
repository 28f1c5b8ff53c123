"""Likeness: which approvals one person may decide together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interlock.runtime.canonical import canonical, digest
from interlock.runtime.run.question import Approval
from interlock.runtime.run.quorum import Quorum
from interlock.runtime.run.verdict import Shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A value that approvals of a group have in common."""

    value: Any
    #: The ids of those that have it
    approvals: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """What approvals have in common that may be decided together; they are alike if all of it is.

    The same agent asks for the same tool in the same class, under the same policy and the same
    pins, and the same people are to decide. The same rules asked for a person, with the same codes.
    The evidence is of one kind: its arguments have the same names, and each argument is as trusted
    and as confidential in all of them. What the arguments say, what they touch and for whom it is
    done may differ: `values` is what is shown before a verdict.
    """

    agent: str
    tool: str
    action_class: str
    quorum: Quorum
    revision: str
    pins: bytes
    codes: tuple[str, ...]
    #: Of each argument its name, integrity and confidentiality
    kinds: tuple[tuple[str, ...], ...]


def likeness_of(approval: Approval) -> Likeness:
    """Return what *approval* must have in common with another; raises KeyError for no evidence."""
    evidence: Mapping[str, Any] = approval.evidence
    kinds = [(name, *label) for name, label in evidence["labels"].items()]
    return Likeness(
        agent=evidence["agent"],
        tool=evidence["tool"],
        action_class=evidence["class"],
        quorum=approval.unfilled,
        revision=approval.revision,
        pins=canonical(evidence["pins"]),
        codes=tuple(evidence["codes"]),
        kinds=tuple(sorted(kinds)),
    )


def groups(approvals: Sequence[Approval]) -> list[list[Approval]]:
    """Return the approvals in groups that may be decided together, in the order of their first."""
    alike: dict[Likeness, list[Approval]] = {}
    for approval in approvals:
        alike.setdefault(likeness_of(approval), []).append(approval)
    return list(alike.values())


def values(group: Sequence[Approval]) -> dict[str, list[Value]]:
    """Return all that a group would do by name, each different value once, the rarest first.

    An argument goes by its name; "resource" and "on_behalf_of" are what is touched and for whom.
    No value is left out, so none of them hides among many.
    """
    counted: dict[str, dict[bytes, Value]] = {}
    for approval in group:
        for name, value in _asked(approval).items():
            of_name = counted.setdefault(name, {})
            one = of_name.setdefault(canonical({"value": value}), Value(value=value))
            one.approvals.append(approval.id)
    return {
        name: sorted(of_name.values(), key=lambda one: len(one.approvals))
        for name, of_name in counted.items()
    }


def _asked(approval: Approval) -> dict[str, Any]:
    evidence: Mapping[str, Any] = approval.evidence
    arguments: dict[str, Any] = evidence["arguments"]
    return {
        "resource": evidence["resource"],
        "on_behalf_of": evidence["on_behalf_of"],
    } | arguments


def shown(group: Sequence[Approval]) -> list[Shown]:
    """Return the group as a person was shown it."""
    return [
        Shown(approval=approval.id, evidence=approval.evidence_digest)
        for approval in group
    ]


def digest_of(group: Sequence[Approval]) -> str:
    """Return the digest of all evidence of the group, by approval."""
    return digest({approval.id: approval.evidence_digest for approval in group})
