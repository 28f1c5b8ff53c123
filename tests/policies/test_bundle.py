"""The committed bundle is what its sources say, and nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from opapywasm import OpaWasmPolicy

from interlock.runtime.policy.engine.archive import unpack
from interlock.runtime.policy.engine.bundle import revision_of
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES, build, sources
from interlock.serving.policy.check import bundle_in_step, check
from interlock.serving.policy.opa import Opa, OpaRefused
from interlock.serving.policy.schema import SCHEMAS, schema_of, schemas


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A copy of the policies that a test may change."""
    return shutil.copytree(POLICIES, tmp_path / "policies")


def test_nothing_is_wrong_with_the_policies(opa: Opa) -> None:
    """Form, types, tests, coverage, configuration, schemas, capabilities and bundles are all in
    order.
    """
    assert check(opa) == ()


@pytest.mark.parametrize(
    "folder", [POLICIES, PERMISSIVE], ids=lambda folder: folder.name
)
def test_the_committed_bundle_is_in_step_with_its_sources(
    opa: Opa, folder: Path
) -> None:
    """A bundle built now holds the same bytes, file by file, as the committed one."""
    assert unpack(build(folder, opa)) == unpack(BUNDLES[folder].read_bytes())


def test_two_builds_give_the_same_bytes(opa: Opa, workshop: Path) -> None:
    """Neither time nor place nor file dates leave a trace in a bundle."""
    for file in workshop.glob("rails/**/*.rego"):
        file.touch()
    assert build(POLICIES, opa) == build(workshop, opa)


def test_a_changed_source_is_out_of_step(opa: Opa, workshop: Path) -> None:
    """One more grant makes another revision, which the check finds in the manifest, the data and
    nowhere else.
    """
    configuration = workshop / "rails" / "config" / "data.yaml"
    configuration.write_text(
        configuration.read_text().replace(
            "  analyst:\n", "  analyst:\n    - mail.send\n"
        )
    )
    findings = bundle_in_step(opa, workshop, BUNDLES[POLICIES])
    assert [finding.where for finding in findings] == [".manifest", "data.json"]


def test_a_missing_bundle_is_a_finding(opa: Opa, tmp_path: Path) -> None:
    """No bundle is not a bundle in step."""
    (finding,) = bundle_in_step(opa, POLICIES, tmp_path / "bundle.tar.gz")
    assert "missing" in finding.detail


def test_a_bundle_holds_its_sources_and_no_tests(bundle: dict[str, bytes]) -> None:
    """Both engines find what they need, and what is not policy stays out."""
    rego = {path for path in sources(POLICIES) if path.endswith(".rego")}
    assert rego | {".manifest", "data.json", "policy.wasm"} == bundle.keys()
    assert not [path for path in bundle if "_test" in path]


def test_the_revision_stands_in_manifest_and_data(bundle: dict[str, bytes]) -> None:
    """Both engines answer under the revision that the contents of the bundle are."""
    expected = revision_of(bundle)
    assert expected == json.loads(bundle[".manifest"])["revision"]
    assert {"revision": expected} == json.loads(bundle["data.json"])["rails"]["build"]


@pytest.mark.parametrize(
    "call",
    ["time.now_ns()", 'sprintf("%d", [1])', "opa.runtime()", 'http.send({"url": "x"})'],
)
def test_a_builtin_outside_the_capabilities_does_not_compile(
    opa: Opa, workshop: Path, call: str
) -> None:
    """A policy that reads a clock, the world, or what only one engine has is refused by the
    compiler.
    """
    rule = workshop / "rails" / "rules" / "clock" / "clock.rego"
    rule.parent.mkdir()
    rule.write_text(f"package rails.rules.clock\n\ndeny contains {{}} if {call}\n")
    with pytest.raises(OpaRefused, match="undefined function"):
        build(workshop, opa)


def test_a_new_rule_is_a_new_folder(opa: Opa, workshop: Path) -> None:
    """A rule takes part as soon as its folder exists; nothing registers it."""
    rule = workshop / "rails" / "rules" / "closed" / "closed.rego"
    rule.parent.mkdir()
    rule.write_text(
        'package rails.rules.closed\n\ndeny contains {"code": "closed", "parameters": {}} if true\n'
    )
    answer = opa.run(
        "eval", "--bundle", workshop, "--format", "raw", "data.rails.decision.reasons"
    )
    assert {"code": "closed", "rule": "closed", "parameters": {}} in json.loads(answer)


def test_a_field_that_no_type_has_does_not_pass_the_check(
    opa: Opa, workshop: Path
) -> None:
    """Rego is checked against the schemas of the Python types: a misspelt field is an error, not an
    undefined value.
    """
    rule = workshop / "rails" / "lib" / "catalogue" / "catalogue.rego"
    rule.write_text(rule.read_text().replace("principal.roles", "principal.role"))
    assert "compile" in {finding.code for finding in check(opa, workshop)}


def test_a_configuration_that_does_not_fit_its_type_is_a_finding(
    opa: Opa, workshop: Path
) -> None:
    """A misspelt limit would be no limit; it is refused instead."""
    configuration = workshop / "rails" / "config" / "data.yaml"
    configuration.write_text(configuration.read_text().replace("max_chars", "max_char"))
    assert "unknown_field" in {finding.code for finding in check(opa, workshop)}


def test_the_permissive_bundle_lets_everything_through(denied: dict[str, Any]) -> None:
    """Under the permissive policy the same requests pass, with nothing owed but the reservation."""
    files = unpack(BUNDLES[PERMISSIVE].read_bytes())
    with OpaWasmPolicy.from_wasm_bytes(files["policy.wasm"]) as policy:
        policy.set_data(files["data.json"])
        for document in denied.values():
            assert policy.evaluate(document) == {
                "effect": "permit",
                "reasons": [{"rule": "rails", "code": "granted", "parameters": {}}],
                "obligations": [
                    {"kind": "reserve", "parameters": document["context"]["cost"]}
                ],
                "revision": json.loads(files[".manifest"])["revision"],
            }


def test_the_schemas_are_in_step_with_the_types() -> None:
    """The committed schemas are the ones the types give now."""
    assert schemas() == {file.name: file.read_bytes() for file in SCHEMAS.iterdir()}


def test_a_type_without_a_form_has_no_schema() -> None:
    """A type the schemas cannot say is an error, never an open schema."""
    with pytest.raises(TypeError, match="has no schema"):
        schema_of(float)
