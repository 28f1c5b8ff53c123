"""The main job stays permitted, and a policy that denies a part of it is named with the part."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import jobs

Built: TypeAlias = Callable[[Callable[[Path], object]], Bundle]
Permitted: TypeAlias = Callable[..., dict[str, str]]

#: A rule that takes every tool for a mail, except those it knows to send none
NARROW: Final = """# METADATA
# title: Narrow
# description: A mail names somebody.
# custom:
#   codes:
#     nobody: "It names nobody."
package rails.rules.narrow

deny contains {"code": "nobody", "parameters": {}} if {
	not sends_no_mail
	not names_somebody
}

sends_no_mail if data.rails.config.tools[input.action.tool].egress in {"none", "web"}

names_somebody if is_array(input.action.arguments.to)
"""


def wrong(answers: dict[str, str]) -> dict[str, str]:
    """Return the roles that may not do what they must."""
    return {role: detail for role, detail in answers.items() if detail}


def configured(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Change the configuration."""

    def edit(rails: Path) -> None:
        file = rails / "config" / "data.yaml"
        document = yaml.safe_load(file.read_text("utf-8"))
        change(document)
        file.write_text(yaml.safe_dump(document), "utf-8")

    return edit


def test_the_main_job_is_permitted(permitted: Permitted) -> None:
    """Under the shipped policy every role may do what it is there for."""
    answers = permitted(load(BUNDLE))

    assert wrong(answers) == {}
    assert answers.keys() >= jobs.stated([POLICIES]).keys()


def test_a_rule_that_denies_a_part_of_the_job_is_found(
    built: Built, permitted: Permitted
) -> None:
    """A rule that takes a model call and people's acts for mails is named with each of them."""

    def edit(rails: Path) -> None:
        (rails / "rules" / "narrow").mkdir()
        (rails / "rules" / "narrow" / "narrow.rego").write_text(NARROW, "utf-8")

    answers = wrong(permitted(built(edit)))

    assert (
        "model.generate: deny (narrow/nobody) instead of permit"
        in answers["contract_review.steps"]
    )
    assert "approval.decide: deny (narrow/nobody)" in answers["reviewer"]
    assert "kill_switch.release: deny (narrow/nobody)" in answers["administrator"]


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("contract_review.steps", "document.read"),
        ("contract_review.planner", "mail.send"),
        ("analyst", "run.start"),
        ("reviewer", "approval.decide"),
        ("administrator", "kill_switch.release"),
        ("everyone", "kill_switch.engage"),
    ],
)
def test_a_grant_that_was_lost_is_found(
    built: Built, permitted: Permitted, role: str, name: str
) -> None:
    """What a role needs stands outside the bundle, so a bundle cannot lose it in silence."""
    answers = wrong(
        permitted(built(configured(lambda config: config["grants"][role].remove(name))))
    )

    assert answers == {
        role: f"{name}: not granted, not installed, or nothing it may reach"
    }


def test_a_tool_that_drifted_is_found(built: Built, permitted: Permitted) -> None:
    """A tool of this installation whose schema is not the reviewed one is no ordinary tool."""

    def change(config: dict[str, Any]) -> None:
        config["tools"]["document.read"]["schema"] = "0"

    answers = wrong(permitted(built(configured(change))))

    drifted = "document.read: deny (reviewed/tool_drifted) instead of permit"
    assert answers == {
        "contract_analyst.steps": drifted,
        "contract_review.steps": drifted,
    }


def test_a_workspace_states_its_own_jobs(
    built: Built, permitted: Permitted, tmp_path: Path
) -> None:
    """A role in the file of a workspace replaces the role of that name, and the others stay."""
    (tmp_path / "own" / "probes").mkdir(parents=True)
    (tmp_path / "own" / "probes" / "jobs.yaml").write_text(
        "analyst: [run.start]\n", "utf-8"
    )
    folders = (POLICIES, tmp_path / "own")
    lost = built(
        configured(lambda config: config["grants"]["analyst"].remove("run.cancel"))
    )

    assert wrong(permitted(lost)).keys() == {"analyst"}
    assert wrong(permitted(lost, folders=folders)) == {}
    assert jobs.stated(folders)["reviewer"] == jobs.stated([POLICIES])["reviewer"]


@pytest.mark.parametrize(
    "content", ["analyst: run.start", "- analyst", "analyst: [1]", "{"]
)
def test_a_file_that_states_no_jobs_is_refused(tmp_path: Path, content: str) -> None:
    """A job that cannot be read is never passed over."""
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "jobs.yaml").write_text(content, "utf-8")

    with pytest.raises(BadInput):
        jobs.stated([tmp_path])


def test_a_policy_that_grants_everything_states_no_grant(permitted: Permitted) -> None:
    """Without grants in its data a policy proves no job, whatever it answers."""
    answers = wrong(permitted(load(BUNDLES[PERMISSIVE])))

    assert answers.keys() == jobs.stated([POLICIES]).keys()
