"""Builds a policy bundle: the same bytes from the same sources and the same OPA; run as a module to write them.

One bundle serves both engines: `policy.wasm` for the embedded one, the Rego sources for an OPA
server. The manifest does not list the module, because an OPA without a Wasm engine refuses to start
on one that does.
"""

import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.policy.engine.bundle import revision_of
from interlock.serving.policy.capabilities import CAPABILITIES, capabilities
from interlock.serving.policy.opa import Opa, find_opa
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
_DATA: Final = "data.json"
_MODULE: Final = "policy.wasm"
_RULES: Final = "data.rails.rules."


def sources(folder: Path) -> dict[str, bytes]:
    """Return what a bundle of *folder* is made of, by path: Rego without its tests, and the data."""
    files = sorted([*folder.glob("rails/**/*.rego"), *folder.glob("rails/**/data.yaml")])
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in files
        if not file.stem.endswith("_test")
    }


def build(folder: Path, opa: Opa) -> bytes:
    """Return the bundle of *folder*; raises `OpaRefused` when OPA does not compile it."""
    files = sources(folder)
    with tempfile.TemporaryDirectory() as scratch:
        stage = Path(scratch, "stage")
        _write(stage, files)
        messages, probes = _metadata(opa, stage)
        _write(
            stage,
            {
                "rails/reasons/data.json": canonical(messages),
                "rails/probes/data.json": canonical(probes),
            },
        )
        compiled = _compile(opa, stage)
    rego = {path: content for path, content in files.items() if path.endswith(".rego")}
    return _pack(_stated({**rego, _DATA: compiled[_DATA], _MODULE: compiled[_MODULE]}, opa))


def unpack(bundle: bytes) -> dict[str, bytes]:
    """Return the files of *bundle* by path."""
    with tarfile.open(fileobj=io.BytesIO(bundle), mode="r:gz") as archive:
        members = [(member.name.lstrip("/"), archive.extractfile(member)) for member in archive]
        return {name: content.read() for name, content in members if content is not None}


def main() -> None:
    """Write the capabilities, the schemas and every bundle."""
    opa = find_opa()
    CAPABILITIES.write_bytes(capabilities(opa))
    write_schemas()
    for folder, target in BUNDLES.items():
        target.write_bytes(build(folder, opa))


def _metadata(opa: Opa, stage: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the rules say of themselves: rule -> code -> message, and rule -> probes; every rule is in the first."""
    found = json.loads(opa.run("inspect", "--annotations", "--format", "json", ".", cwd=stage))
    messages: dict[str, Any] = {
        name.removeprefix(_RULES): {} for name in found["namespaces"] if name.startswith(_RULES)
    }
    probes: dict[str, Any] = {}
    for entry in found["annotations"]:
        rule, custom = entry["path"][-1]["value"], entry["annotations"].get("custom", {})
        if "codes" in custom:
            messages[rule] = custom["codes"]
        if "probes" in custom:
            probes[rule] = custom["probes"]
    return messages, probes


def _compile(opa: Opa, stage: Path) -> dict[str, bytes]:
    target = stage.parent / "compiled.tar.gz"
    how: list[str | Path] = [
        "--target",
        "wasm",
        "--entrypoint",
        ENTRYPOINT,
        "--capabilities",
        CAPABILITIES,
        "--output",
        target,
    ]
    opa.run("build", "--bundle", ".", *how, cwd=stage)
    return unpack(target.read_bytes())


def _stated(files: Mapping[str, bytes], opa: Opa) -> dict[str, bytes]:
    """Return the files with the revision they are, in the manifest for people and in the data for the policy."""
    manifest: dict[str, Json] = {
        "roots": ["rails"],
        "rego_version": 1,
        "metadata": {"opa": opa.version},
    }
    data = json.loads(files[_DATA])
    number = revision_of({**files, ".manifest": canonical(manifest), _DATA: canonical(data)})
    data["rails"]["build"] = {"revision": number}
    return {
        **files,
        ".manifest": canonical(manifest | {"revision": number}),
        _DATA: canonical(data),
    }


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _pack(files: Mapping[str, bytes]) -> bytes:
    """Return a gzipped tar that says nothing of when, where or by whom it was made."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


if __name__ == "__main__":
    main()
