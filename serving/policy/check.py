"""Checks the policies of the house: form, types, tests, and generated files in step.

Run as a module to see the findings.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from interlock.runtime.policy.engine.archive import unpack
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES, build
from interlock.serving.policy.capabilities import CAPABILITIES, capabilities
from interlock.serving.policy.configuration import CONFIGURATION
from interlock.serving.policy.opa import Opa, OpaRefused, find_opa
from interlock.serving.policy.schema import SCHEMAS, schemas

_BUILD: Final = "run `python -m interlock.serving.policy.build`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, and the words of whoever found it."""

    check: str
    detail: str


def check(opa: Opa, policies: Path = POLICIES) -> tuple[Finding, ...]:
    """Return everything that is wrong with *policies* and the files generated from them."""
    return (
        *_asked_of_opa(opa, policies),
        *_configuration(policies),
        *_generated(opa),
        *_bundles(opa),
    )


def main() -> None:
    """Print the findings; exit 1 when there are any."""
    findings = check(find_opa())
    for finding in findings:
        print(f"{finding.check}: {finding.detail}")  # noqa: T201 - the findings are this command's output
    sys.exit(1 if findings else 0)


def bundle_in_step(opa: Opa, folder: Path, bundle: Path) -> tuple[Finding, ...]:
    """Return what differs between *bundle* and one built now from *folder*.

    Files are compared, not the gzip around them: its bytes depend on the zlib of the machine.
    """
    if not bundle.exists():
        return (Finding(check="bundle", detail=f"{bundle.name} is missing; {_BUILD}"),)
    committed, fresh = unpack(bundle.read_bytes()), unpack(build(folder, opa))
    return tuple(_differences("bundle", committed, fresh))


def _asked_of_opa(opa: Opa, policies: Path) -> Iterator[Finding]:
    rego = policies / "rails"
    allowed: list[str | Path] = ["--capabilities", CAPABILITIES]
    strict: list[str | Path] = ["check", "--strict", *allowed, "--bundle"]
    commands: Mapping[str, list[str | Path]] = {
        "format": ["fmt", "--fail", "--list", rego, PERMISSIVE],
        "types": [*strict, policies, "--schema", SCHEMAS],
        "permissive": [*strict, PERMISSIVE],
        "tests": ["test", *allowed, "--bundle", policies],
        "coverage": ["test", "--coverage", "--threshold", "100", *allowed, "--bundle", policies],
    }
    for name, command in commands.items():
        try:
            opa.run(*command)
        except OpaRefused as refused:
            yield Finding(check=name, detail=refused.said)


def _configuration(policies: Path) -> Iterator[Finding]:
    try:
        CONFIGURATION.validate_python(
            yaml.safe_load((policies / "rails" / "config" / "data.yaml").read_bytes())
        )
    except ValidationError as error:
        yield Finding(check="configuration", detail=str(error))


def _generated(opa: Opa) -> Iterator[Finding]:
    expected = {**schemas(), CAPABILITIES.name: capabilities(opa)}
    files = [CAPABILITIES, *SCHEMAS.glob("*.json")]
    yield from _differences(
        "generated", {file.name: file.read_bytes() for file in files if file.exists()}, expected
    )


def _bundles(opa: Opa) -> Iterator[Finding]:
    for folder, bundle in BUNDLES.items():
        try:
            yield from bundle_in_step(opa, folder, bundle)
        except OpaRefused as refused:
            yield Finding(check="bundle", detail=str(refused))


def _differences(
    check: str, committed: Mapping[str, bytes], fresh: Mapping[str, bytes]
) -> Iterator[Finding]:
    for path in sorted(committed.keys() | fresh.keys()):
        if committed.get(path) != fresh.get(path):
            yield Finding(check=check, detail=f"{path} is out of step with its source; {_BUILD}")


if __name__ == "__main__":
    main()
