"""What may be raised: one tree, sorted by who must act.

A refusal by the policy is no error. It is a value: `interlock.Denied`.
"""

from interlock.runtime.errors import (
    AgentFailed,
    BadInput,
    BundleChanged,
    Erased,
    Fenced,
    GuardFailed,
    InterlockError,
    NotAPermit,
    NotAuthenticated,
    NotCanonical,
    NotFound,
    NotPermitted,
    NotRecorded,
    NotWitnessed,
    OtherVersion,
    RefusedTooOften,
    RolledBack,
    Tampered,
    Unanswered,
    Ungoverned,
)

__all__ = [
    "AgentFailed",
    "BadInput",
    "BundleChanged",
    "Erased",
    "Fenced",
    "GuardFailed",
    "InterlockError",
    "NotAPermit",
    "NotAuthenticated",
    "NotCanonical",
    "NotFound",
    "NotPermitted",
    "NotRecorded",
    "NotWitnessed",
    "OtherVersion",
    "RefusedTooOften",
    "RolledBack",
    "Tampered",
    "Unanswered",
    "Ungoverned",
]
