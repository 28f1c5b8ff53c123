"""The how-to's rule, copied word for word, is sound: it answers its probe and stops no job."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from interlock.runtime.policy.engine.bundle import Bundle
from interlock.serving.policy.build import POLICIES
from interlock.serving.policy.opa import Opa, find_opa

Built: TypeAlias = Callable[[Callable[[Path], object]], Bundle]
Answers: TypeAlias = Callable[[Bundle], dict[str, str]]

HOWTO: Final = POLICIES.parent / "docs" / "howto" / "add-a-rule.md"


def copied(rails: Path) -> None:
    """Copy both blocks of Rego into the folder of the rule."""
    rule, test = re.findall(r"```rego\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    folder = rails / "rules" / "recipients"
    folder.mkdir()
    (folder / "recipients.rego").write_text(rule, "utf-8")
    (folder / "recipients_test.rego").write_text(test, "utf-8")


def test_the_rule_of_the_howto_is_sound(
    built: Built, proved: Answers, permitted: Answers
) -> None:
    """Every rule answers as it must, the new one too, and every role may do its job."""
    bundle = built(copied)
    rules = proved(bundle)

    assert "recipients" in rules
    assert not any(rules.values()), rules
    assert not any(permitted(bundle).values())


def test_the_tests_of_the_howto_cover_its_rule(built: Built, tmp_path: Path) -> None:
    """The tests of the page pass, and nothing of the rule is left untried."""
    built(copied)
    opa: Opa = find_opa()

    opa.run("fmt", "--fail", "--list", tmp_path / "policies" / "rails")
    opa.run(
        "test", "--coverage", "--threshold", "100", "--bundle", tmp_path / "policies"
    )
