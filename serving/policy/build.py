"""Builds a policy bundle: the same bytes from the same sources and the same OPA.

Run as a module to write the committed bundles and the files generated from the types. One bundle
serves both engines: `policy.wasm` for the embedded one, the Rego sources for an OPA server. The
manifest does not list the module, because an OPA without a Wasm engine refuses to start on one that
does.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import InterlockError
from interlock.runtime.policy.engine.archive import pack, unpack
from interlock.runtime.policy.engine.bundle import (
    DATA,
    MANIFEST,
    MODULE,
    Bundle,
    load,
    revised,
)
from interlock.serving.policy import rules
from interlock.serving.policy.capabilities import CAPABILITIES, capabilities
from interlock.serving.policy.opa import Opa, find_opa
from interlock.serving.policy.overlay import configuration
from interlock.serving.policy.schema import main as write_schemas

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
POLICIES: Final = _REPOSITORY / "policies"
#: A policy that grants everything: the proof that a demonstration can fail
PERMISSIVE: Final = _REPOSITORY / "evals" / "data" / "permissive"
#: Source folder -> the bundle committed for it
BUNDLES: Final[Mapping[Path, Path]] = {
    POLICIES: POLICIES / "bundle.tar.gz",
    PERMISSIVE: PERMISSIVE.with_suffix(".tar.gz"),
}
ENTRYPOINT: Final = "rails/decision"
_CONFIG: Final = "rails/config/"
_RULES: Final = "data.rails.rules."


def sources(folder: Path) -> dict[str, bytes]:
    """Return what a bundle of *folder* is made of, by path: Rego without tests, and the data."""
    files = sorted(
        [*folder.glob("rails/**/*.rego"), *folder.glob("rails/**/data.yaml")]
    )
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in files
        if not file.stem.endswith("_test")
    }


def build(folder: Path, opa: Opa) -> bytes:
    """Return the bundle of *folder*; raises `OpaRefused` when OPA does not compile it."""
    return pack(compiled(sources(folder), opa).files)


def extended(folder: Path, opa: Opa) -> Bundle:
    """Return the bundle of the shipped rails with the data and the rules of a workspace.

    *folder* is the `policies/` of the workspace. Raises `Unfit` for a mistake in the workspace,
    `OpaRefused` when OPA does not compile the rules.
    """
    return compiled(staged(folder, rules.sources(folder)), opa)


def staged(folder: Path, own: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the shipped sources with the data of *folder* laid over them, and the rules *own*."""
    config = configuration(load(BUNDLES[POLICIES]), folder)
    files = rules.together(sources(POLICIES), own)
    files = {path: text for path, text in files.items() if not path.startswith(_CONFIG)}
    return {**files, "rails/config/data.json": canonical(config)}


def compiled(files: Mapping[str, bytes], opa: Opa) -> Bundle:
    """Return the bundle of the sources *files*; raises `OpaRefused`."""
    with tempfile.TemporaryDirectory() as scratch:
        stage = Path(scratch, "stage")
        write(stage, files)
        messages, probes = _metadata(opa, stage)
        notes = {
            "rails/reasons/data.json": canonical(messages),
            "rails/probes/data.json": canonical(probes),
        }
        write(stage, notes)
        wasm, data = _compile(opa, stage)
    content = {path: text for path, text in files.items() if path.endswith(".rego")}
    content[MODULE] = wasm
    content[MANIFEST] = canonical(
        {
            "roots": ["rails"],
            "rego_version": 1,
            "metadata": {"opa": opa.version},
        }
    )
    return revised(content, data)


def main() -> None:
    """Write the capabilities, the schemas and every bundle; end with one line when OPA refuses."""
    try:
        opa = find_opa()
        CAPABILITIES.write_bytes(capabilities(opa))
        write_schemas()
        for folder, target in BUNDLES.items():
            target.write_bytes(build(folder, opa))
    except InterlockError as error:
        print(error, file=sys.stderr)  # noqa: T201 - why nothing was built is this command's output
        sys.exit(error.exit_code)


def _metadata(opa: Opa, stage: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the rules in *stage* say of themselves: their messages and their probes.

    Messages are by rule and code, and name every rule; probes are by rule.
    """
    printed = opa.run("inspect", "--annotations", "--format", "json", ".", cwd=stage)
    report = json.loads(printed)
    names = [name for name in report["namespaces"] if name.startswith(_RULES)]
    messages: dict[str, Any] = {name.removeprefix(_RULES): {} for name in names}
    probes: dict[str, Any] = {}
    for entry in report["annotations"]:
        rule = entry["path"][-1]["value"]
        custom = entry["annotations"].get("custom", {})
        if "codes" in custom:
            messages[rule] = custom["codes"]
        if "probes" in custom:
            probes[rule] = custom["probes"]
    return messages, probes


def _compile(opa: Opa, stage: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the Wasm module and the data of the sources in *stage*."""
    target = stage.parent / "compiled.tar.gz"
    opa.run(
        "build",
        "--bundle",
        ".",
        "--target",
        "wasm",
        "--entrypoint",
        ENTRYPOINT,
        "--capabilities",
        CAPABILITIES,
        "--output",
        target,
        cwd=stage,
    )
    files = unpack(target.read_bytes())
    return files[MODULE], json.loads(files[DATA])


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write *files* by their paths in *folder*."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    main()
