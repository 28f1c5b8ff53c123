"""The inspection of a workspace finds each mistake in a rule, one line with its code."""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.build import POLICIES, extended
from interlock.serving.policy.inspection import inspect, own_test_results
from interlock.serving.policy.opa import Opa, OpaUnavailable, find_opa
from interlock.serving.policy.overlay import overlaid

Written: TypeAlias = Callable[[str, str], Path]

HOWTO: Final = POLICIES.parent / "docs" / "howto" / "add-a-rule.md"
RULE: Final = "rules/recipients/recipients.rego"
TEST: Final = "rules/recipients/recipients_test.rego"


def _page() -> dict[str, str]:
    rule, test = re.findall(r"```rego\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    return {RULE: rule, TEST: test}


def _found(written: Written, files: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return code and place of each finding in a workspace of *files*."""
    folder = Path()
    for name, text in files.items():
        folder = written(name, text)
    findings = asyncio.run(inspect(folder, find_opa))
    return [(finding.code, finding.where) for finding in findings]


def test_the_rule_of_the_page_is_sound_and_in_force(
    written: Written, shipped: Bundle
) -> None:
    """The page's code, copied word for word into a workspace, has no finding and is compiled."""
    assert _found(written, _page()) == []

    folder = written(RULE, _page()[RULE])
    opa: Opa = find_opa()
    assert [test for test in own_test_results(folder, opa) if test.get("fail")] == []
    bundle = extended(folder, opa)
    assert bundle.messages["recipients"].keys() == {"too_many_recipients"}
    assert bundle.revision != shipped.revision


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("input.action.arguments.to", "input.action.argument.to"), "compile"),
        (("are_few if {", "are_few if {{"), "compile"),
        (("most := 5", "most   := 5"), "format"),
        (('#     too_many_recipients: "', '#     few: "'), "missing_message"),
        (("#   probes:\n", "#   other:\n"), "missing_probe"),
        (("#       start: mail\n", "#       begin: mail\n"), "missing_probe"),
        (('{"none", "web", "model"}', '{"none", "web"}'), "denies_main_job"),
        (
            ("sends_no_mail if catalogue.is_act\n", "sends_no_mail if false\n"),
            "denies_main_job",
        ),
        (("most := 5", "most := 4"), "tests"),
    ],
    ids=[
        "a misspelt field",
        "no Rego",
        "another form",
        "a code without a message",
        "no probe",
        "a probe that is none",
        "a rule that denies model calls",
        "a rule that denies people's acts",
        "a rule that its test does not expect",
    ],
)
def test_a_mistake_in_a_rule_is_found(
    written: Written, change: tuple[str, str], expected: str
) -> None:
    """Whatever is wrong with a rule is named by its code, and the rest is still looked at."""
    page = _page()
    assert change[0] in page[RULE]
    found = _found(written, {**page, RULE: page[RULE].replace(*change)})

    assert expected in {code for code, _ in found}


def test_a_rule_without_its_test_is_found(written: Written) -> None:
    """A rule that nobody tried is a mistake, and so is each line that no test reaches."""
    found = _found(written, {RULE: _page()[RULE]})

    assert ("missing_test", f"policies/{RULE}") in found
    assert ("coverage", f"policies/{RULE}") in found


def test_a_limit_that_stops_everything_is_found(written: Written) -> None:
    """Data that fits its type may still deny the main job."""
    codes = {
        code for code, _ in _found(written, {"data.yaml": "limits: {refusals: 0}"})
    }

    assert codes == {"denies_main_job"}


def test_data_is_inspected_without_opa(written: Written) -> None:
    """A workspace without rules needs no program that is not installed with Interlock."""

    def none() -> Opa:
        raise OpaUnavailable(where="nowhere", why="there is none")

    folder = written("data.yaml", "limits: {refusals: 7}")
    assert asyncio.run(inspect(folder, none)) == ()


def test_changed_data_needs_no_new_build(written: Written, shipped: Bundle) -> None:
    """Rules are compiled once; data beside them is in force at once, under a new revision."""
    folder = Path()
    for name, text in _page().items():
        folder = written(name, text)
    (folder / "bundle.tar.gz").write_bytes(pack(extended(folder, find_opa()).files))
    first = overlaid(shipped, folder)
    other = overlaid(shipped, written("data.yaml", "limits: {refusals: 7}"))

    assert first.wasm == other.wasm != shipped.wasm
    assert first.revision != other.revision
    assert other.data["rails"]["config"]["limits"]["refusals"] == 7
