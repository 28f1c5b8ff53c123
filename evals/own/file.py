"""Reading a file of cases: whatever is wrong in it is told with the line, before anything runs."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ValidationError

from interlock.evals.own.cases import RATES, Cases
from interlock.runtime.errors import BadInput, Code
from interlock.tools import plain_yaml

_NEXT: Final = "`interlock new eval NAME` writes one that is right."


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFile:
    """A file that was read."""

    path: Path
    text: str
    cases: Cases

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the file; raises `BadInput` with the line of the first thing that is wrong."""
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise BadInput(
                what=f"cases {path}",
                why=str(error),
                next_step="Begin such a file with `interlock new eval NAME`.",
                code="not_found",
            ) from error
        try:
            file = cls(path=path, text=text, cases=Cases.model_validate(_parsed(text)))
        except plain_yaml.NotPlain as error:
            raise _wrong(path, error.line or 1, error.why) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            line = plain_yaml.line_of(text, first["loc"])
            raise _wrong(path, line, why) from error
        file.check()
        return file

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return sha256(self.text.encode()).hexdigest()

    def check(self) -> None:
        """Raise `BadInput` for two cases of one name, and for a rate that there is not."""
        names: set[str] = set()
        for number, case in enumerate(self.cases.cases):
            if case.name in names:
                why = f"there is a case {case.name!r} before it"
                raise self.wrong(why, "cases", number, "name", code="duplicate")
            names.add(case.name)
        for rate in self.cases.required:
            if rate not in RATES:
                why = f"there is no rate {rate!r}; rates are: {'; '.join(RATES)}"
                raise self.wrong(why, "required", rate, code="not_found")

    def wrong(self, why: str, *place: str | int, code: Code = "invalid") -> BadInput:
        """Return the error for what stands at *place*."""
        return _wrong(self.path, plain_yaml.line_of(self.text, place), why, code)


def _parsed(text: str) -> Any:
    return plain_yaml.parse(text) or {}


def _wrong(path: Path, line: int, why: str, code: Code = "invalid") -> BadInput:
    return BadInput(
        what=f"{path}:{line}",
        why=why,
        next_step=_NEXT,
        code=code,
        data={"file": str(path), "line": line},
    )
