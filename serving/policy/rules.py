"""The rules of a workspace: `policies/rules/<rule>/<rule>.rego`, each with its test beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from interlock.serving.policy.finding import Finding, Unfit

#: Where a rule stands in a bundle
RULES: Final = "rails/rules"
_TEST: Final = "_test.rego"


def sources(folder: Path) -> dict[str, bytes]:
    """Return the rules of the folder `policies/` by their path in a bundle, without their tests."""
    return {
        path: content
        for path, content in whole(folder).items()
        if not path.endswith(_TEST)
    }


def whole(folder: Path) -> dict[str, bytes]:
    """Return the rules and their tests by their path in a bundle.

    Raises `Unfit` for a file that is not where a rule or its test belongs, or that is of another
    package than its own: it could change a shipped rule.
    """
    files: dict[str, bytes] = {}
    for file in _files(folder):
        rule = file.parent.name
        if wrong := tuple(_misplaced(folder, file, rule)):
            raise Unfit(*wrong)
        files[f"{RULES}/{rule}/{file.name}"] = file.read_bytes()
    return files


def together(
    shipped: Mapping[str, bytes], own: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the files of both; raises `Unfit` when *own* has a rule of a shipped name."""
    rules = {path.rpartition("/")[0] for path in shipped}
    for path in own:
        place = path.rpartition("/")[0]
        if place in rules:
            name = place.rpartition("/")[2]
            detail = f"the shipped rails have a rule {name}; choose another name"
            raise Unfit(
                Finding(
                    code="shadows",
                    where=path.replace("rails/", "policies/"),
                    detail=detail,
                )
            )
    return {**shipped, **own}


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the rules of the folder `policies/`, sorted."""
    return tuple(sorted({path.split("/")[-2] for path in sources(folder)}))


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "rules").rglob("*.rego"))


def _misplaced(folder: Path, file: Path, rule: str) -> Iterator[Finding]:
    where = file.relative_to(folder.parent).as_posix()
    expected = {
        f"{rule}.rego": f"rails.rules.{rule}",
        f"{rule}{_TEST}": f"rails.rules.{rule}_test",
    }
    if file.parent.parent != folder / "rules" or file.name not in expected:
        yield Finding(
            code="layout",
            where=where,
            detail="a rule is rules/<rule>/<rule>.rego, its test <rule>_test.rego beside it",
        )
        return
    package = expected[file.name]
    if _package(file) != package:
        yield Finding(
            code="package",
            where=where,
            detail=f"its package must be {package}",
        )


def _package(file: Path) -> str | None:
    """Return the package that the first statement names, or None."""
    for line in file.read_text("utf-8", errors="replace").splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        is_package = len(words) == 2 and words[0] == "package"  # noqa: PLR2004 - `package NAME`
        return words[1] if is_package else None
    return None
