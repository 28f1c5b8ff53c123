"""What is wrong with a policy: one value a mistake, with its code, its place and words."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from interlock.runtime.errors import BadInput

FindingCode: TypeAlias = Literal[
    # data
    "unreadable",
    "not_yaml",
    "set_twice",
    "not_canonical",
    "missing",
    "unknown_field",
    "wrong_type",
    "not_one_of",
    "unknown_tool",
    "unknown_act",
    "not_irreversible",
    "unknown_argument",
    "unknown_kind",
    "unknown_thing",
    "not_shown",
    # rules
    "layout",
    "package",
    "shadows",
    "compile",
    "format",
    "tests",
    "coverage",
    "missing_test",
    "missing_metadata",
    "missing_message",
    "unused_message",
    "missing_probe",
    "denies_main_job",
    # generated files
    "generated",
    "bundle",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One mistake: its code, the file or the place that must be corrected, and what is wrong."""

    code: FindingCode
    where: str
    detail: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.where}: {' '.join(self.detail.split())} [{self.code}]"


class Unfit(BadInput):
    """The policy of a workspace has mistakes, so it was not used (fails closed)."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        first = findings[0]
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        super().__init__(
            what=first.where,
            why=f"{' '.join(first.detail.split())} [{first.code}]{more}",
            next_step="See every mistake with `interlock policy check`.",
        )
