"""Checks the policies of the house: form, types, tests, and generated files in step.

Run as a module to see the findings.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from interlock.runtime.policy.engine.archive import unpack
from interlock.serving.policy import layers
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES, build
from interlock.serving.policy.capabilities import CAPABILITIES, capabilities
from interlock.serving.policy.finding import Finding, FindingCode, Unfit
from interlock.serving.policy.mistakes import mistakes
from interlock.serving.policy.opa import Opa, OpaRefused, find_opa
from interlock.serving.policy.schema import SCHEMAS, schemas

_BUILD: Final = "run `python -m interlock.serving.policy.build`"


def check(opa: Opa, policies: Path = POLICIES) -> tuple[Finding, ...]:
    """Return everything that is wrong with *policies* and the files generated from them."""
    if wrong := configured(policies):
        return wrong
    return (*_asked_of_opa(opa, policies), *_generated(opa), *_bundles(opa))


def main() -> None:
    """Print the findings; exit 1 when there are any."""
    findings = check(find_opa())
    for finding in findings:
        print(finding)  # noqa: T201 - the findings are this command's output
    sys.exit(1 if findings else 0)


def configured(policies: Path) -> tuple[Finding, ...]:
    """Return the mistakes in the data of *policies*."""
    try:
        files = _shipped(policies / "rails" / "config")
    except Unfit as unfit:
        return unfit.findings
    return mistakes(layers.merged({}, files), files)


def _shipped(config: Path) -> tuple[layers.Layer, ...]:
    """Return the data files of the house: those of a folder below stand under its name."""
    below = [
        replace(layer, content={folder.name: layer.content})
        for folder in sorted(config.iterdir())
        if folder.is_dir()
        for layer in layers.read(folder)
    ]
    return (*layers.read(config), *below)


def bundle_in_step(opa: Opa, folder: Path, bundle: Path) -> tuple[Finding, ...]:
    """Return what differs between *bundle* and one built now from *folder*.

    Files are compared, not the gzip around them: its bytes depend on the zlib of the machine.
    """
    if not bundle.exists():
        return (
            Finding(
                code="bundle",
                where=bundle.name,
                detail=f"it is missing; {_BUILD}",
            ),
        )
    committed = unpack(bundle.read_bytes())
    fresh = unpack(build(folder, opa))
    return tuple(_differences("bundle", committed, fresh))


def _asked_of_opa(opa: Opa, policies: Path) -> Iterator[Finding]:
    rego = policies / "rails"
    allowed: list[str | Path] = ["--capabilities", CAPABILITIES]
    strict: list[str | Path] = ["check", "--strict", *allowed, "--bundle"]
    tests: list[str | Path] = [*allowed, "--bundle", policies]
    commands: tuple[tuple[FindingCode, list[str | Path]], ...] = (
        ("format", ["fmt", "--fail", "--list", rego, PERMISSIVE]),
        ("compile", [*strict, policies, "--schema", SCHEMAS]),
        ("compile", [*strict, PERMISSIVE]),
        ("tests", ["test", *tests]),
        ("coverage", ["test", "--coverage", "--threshold", "100", *tests]),
    )
    for code, command in commands:
        try:
            opa.run(*command)
        except OpaRefused as refused:
            yield Finding(
                code=code,
                where=policies.name,
                detail=refused.said,
            )


def _generated(opa: Opa) -> Iterator[Finding]:
    expected = {**schemas(), CAPABILITIES.name: capabilities(opa)}
    files = [CAPABILITIES, *SCHEMAS.glob("*.json")]
    committed = {file.name: file.read_bytes() for file in files if file.exists()}
    yield from _differences("generated", committed, expected)


def _bundles(opa: Opa) -> Iterator[Finding]:
    for folder, bundle in BUNDLES.items():
        try:
            yield from bundle_in_step(opa, folder, bundle)
        except OpaRefused as refused:
            yield Finding(
                code="bundle",
                where=bundle.name,
                detail=refused.said,
            )


def _differences(
    code: FindingCode, committed: Mapping[str, bytes], fresh: Mapping[str, bytes]
) -> Iterator[Finding]:
    for path in sorted(committed.keys() | fresh.keys()):
        if committed.get(path) != fresh.get(path):
            detail = f"it is out of step with its source; {_BUILD}"
            yield Finding(
                code=code,
                where=path,
                detail=detail,
            )


if __name__ == "__main__":
    main()
