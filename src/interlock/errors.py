"""What may be raised: one tree, sorted by who must act.

A refusal by the policy is no error. It is a value: `interlock.Denied`.
"""

from interlock.runtime.errors import (
    BadInput,
    BundleChanged,
    Erased,
    Fenced,
    GuardFailed,
    InterlockError,
    NotAPermit,
    NotCanonical,
    NotFound,
    NotPermitted,
    NotRecorded,
    NotWitnessed,
    OtherVersion,
    RolledBack,
    Tampered,
    Unanswered,
    Ungoverned,
)

__all__ = [
    "BadInput",
    "BundleChanged",
    "Erased",
    "Fenced",
    "GuardFailed",
    "InterlockError",
    "NotAPermit",
    "NotCanonical",
    "NotFound",
    "NotPermitted",
    "NotRecorded",
    "NotWitnessed",
    "OtherVersion",
    "RolledBack",
    "Tampered",
    "Unanswered",
    "Ungoverned",
]
