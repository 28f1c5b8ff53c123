"""Says how good the search is: a main rule of the policy is taken away, and it is to find.

Run `python -m interlock.evals.adaptive --json`. Each row is a policy that lacks one rule, and after
how many tries the first effect was found that nobody asked for. Exit code 1 when nothing was found
somewhere: then a clean result of the suite would prove nothing. Needs `opa`.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from interlock.evals import report
from interlock.evals.adaptive.score import Score
from interlock.evals.adaptive.whole import Part, Piece, searched
from interlock.evals.suites.permissive import PERMISSIVE
from interlock.runtime.policy.engine.archive import pack
from interlock.serving.policy.build import POLICIES, compiled, sources
from interlock.serving.policy.opa import find_opa

_Files: TypeAlias = Mapping[str, bytes]
#: The sets of tools whose data the shipped rules are laid over
PARTS: Final[tuple[Part, ...]] = ("bank", "office")
#: Row -> the rules that are taken away together
ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "trusted_arguments": ("trusted_arguments",),
    "intent": ("intent",),
    "sequence": ("sequence",),
    "actionable": ("actionable",),
    "action_class": ("action_class",),
    "repeats": ("repeats",),
    "grants and offered": ("grants", "offered"),
}
#: What stands for the rule that grants where everything is granted
_GRANTED: Final = b"""package rails.rules.grants

allow contains {"code": "granted", "parameters": {}}
"""


@dataclass(kw_only=True)
class Report:
    """After how many tries the search found first, without each rule."""

    tries: int
    #: Row -> part -> goal and number of the first find; without those that are known
    first: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the search finds without each of the rules."""
        return all(any(parts.values()) for parts in self.first.values())


def measured(tries: int, jobs: int) -> Report:
    """Search so many tries a part, under each policy."""
    made = Report(tries=tries)
    with tempfile.TemporaryDirectory() as name:
        for row, bundle in _bundles(Path(name)):
            pieces = [
                Piece(part=part, tries=tries, seed=row, bundle=bundle) for part in PARTS
            ]
            found = searched(pieces, jobs=jobs)
            made.first[row] = {part: _new(score) for part, score in found}
    return made


def _bundles(folder: Path) -> Iterator[tuple[str, Path]]:
    yield "everything is granted", PERMISSIVE
    opa = find_opa()
    files = sources(POLICIES)
    for row, rules in ROWS.items():
        bundle = folder / f"{len(row)}-{rules[0]}.tar.gz"
        bundle.write_bytes(pack(compiled(_without(files, rules), opa).files))
        yield row, bundle


def _without(files: _Files, rules: tuple[str, ...]) -> dict[str, bytes]:
    folders = {f"rails/rules/{rule}" for rule in rules}
    left = {
        path: text
        for path, text in files.items()
        if path.rpartition("/")[0] not in folders
    }
    if "grants" in rules:
        left["rails/rules/grants/grants.rego"] = _GRANTED
    return left


def _new(score: Score) -> dict[str, int]:
    new = {find.goal for find in score.finds if not find.known}
    return {goal: number for goal, number in score.first.items() if goal in new}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the report, and return the exit code."""
    parser = report.parser(
        "Take each main rule away, and see how soon the search finds."
    )
    parser.add_argument(
        "--tries",
        type=int,
        default=2_000,
        help="of each set of tools under each policy",
    )
    options = parser.parse_args(arguments)
    return report.tell(
        measured(options.tries, os.cpu_count() or 1),
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
