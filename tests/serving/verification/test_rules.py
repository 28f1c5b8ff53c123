"""Every rule is asked, and one that was taken out of the policy is named, alone."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml

from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.policy.build import BUNDLES, PERMISSIVE, POLICIES
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import probes

Built: TypeAlias = Callable[[Callable[[Path], object]], Bundle]
Proved: TypeAlias = Callable[..., dict[str, str]]

RULES: Final = sorted(path.name for path in (POLICIES / "rails" / "rules").iterdir())
#: Each reason that must be given, with its rule
DENIALS: Final = sorted(
    {
        (probe.rule, probe.code)
        for probe in probes.stated([POLICIES])
        if probe.code and probe.answer == "deny"
    }
)
CLOSED: Final = """# METADATA
# title: Closed
# description: Nothing is done in the run of that name.
# custom:
#   codes:
#     closed: "It is closed."
{probes}package rails.rules.closed

deny contains {{"code": "closed", "parameters": {{}}}} if not is_open

is_open if input.context.run.agent != "{agent}"
"""
PROBES: Final = """#   probes:
#     - code: {code}
#       start: look
#       change: {{{place}: nobody}}
"""


def wrong(answers: dict[str, str]) -> dict[str, str]:
    """Return the rules that did not answer as they must."""
    return {rule: said for rule, said in answers.items() if said}


def source(rails: Path, rule: str) -> Path:
    """Return the file of one rule, or of what composes them."""
    return (
        rails / "rails.rego"
        if rule == "rails"
        else rails / "rules" / rule / f"{rule}.rego"
    )


def without(rule: str, head: str) -> Callable[[Path], object]:
    """Rename the clauses of a rule that begin so, and nothing reads them any more."""

    def edit(rails: Path) -> None:
        file = source(rails, rule)
        text = file.read_text("utf-8")
        assert head in text
        file.write_text(
            text.replace(head, f"formerly{head[head.index(' ') :]}"), "utf-8"
        )

    return edit


def configured(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Change the configuration."""

    def edit(rails: Path) -> None:
        file = rails / "config" / "data.yaml"
        document = yaml.safe_load(file.read_text("utf-8"))
        change(document)
        file.write_text(yaml.safe_dump(document), "utf-8")

    return edit


def adding(*, agent: str = "nobody", probes: str = "") -> Callable[[Path], object]:
    """Add a rule of one's own, with or without probes."""

    def edit(rails: Path) -> None:
        (rails / "rules" / "closed").mkdir()
        source(rails, "closed").write_text(
            CLOSED.format(agent=agent, probes=probes), "utf-8"
        )

    return edit


def test_every_rule_of_the_committed_bundle_is_asked_and_right(proved: Proved) -> None:
    """Each rule folder and the composition has its probes, and answers them."""
    assert proved(load(BUNDLE)) == dict.fromkeys([*RULES, "rails"], "")


@pytest.mark.parametrize(("rule", "code"), DENIALS)
def test_a_denial_that_was_taken_out_is_named(
    built: Built, proved: Proved, rule: str, code: str
) -> None:
    """Without one clause of one rule, that rule is wrong and no other, and the reason that did not
    come is named.
    """
    clause = "faults contains" if rule == "rails" else "deny contains"
    answers = wrong(proved(built(without(rule, f'{clause} {{"code": "{code}"'))))

    assert list(answers) == [rule]
    assert f"({rule}/{code})" in answers[rule]


#: Rules that can say nothing without the obligations of the rule
RESTS_ON: Final = dict.fromkeys(("action_class", "autonomy"), ("open_approvals",))


@pytest.mark.parametrize("rule", ["action_class", "autonomy"])
def test_an_obligation_that_was_taken_out_is_named(
    built: Built, proved: Proved, rule: str
) -> None:
    """Without its obligation a rule no longer makes anything wait, and is named."""
    answers = wrong(
        proved(built(without(rule, "oblige contains approvals.obligation")))
    )

    assert list(answers) == [rule, *RESTS_ON.get(rule, ())]
    assert "instead of wait" in answers[rule]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "grants"])
def test_a_rule_that_was_taken_out_whole_is_named(
    built: Built, proved: Proved, rule: str
) -> None:
    """A rule of the house that a bundle no longer has is wrong: it is asked whether or not the
    bundle speaks of it.
    """
    assert list(
        wrong(proved(built(lambda rails: shutil.rmtree(rails / "rules" / rule))))
    ) == [rule, *RESTS_ON.get(rule, ())]


def test_without_grants_nothing_can_be_proved(built: Built, proved: Proved) -> None:
    """When nothing is permitted any more, no denial proves anything, and every rule says so."""
    answers = wrong(
        proved(built(lambda rails: shutil.rmtree(rails / "rules" / "grants")))
    )

    assert answers.keys() == {*RULES, "rails"}
    assert all(
        "unchanged: deny (rails/not_granted) instead of permit" in said
        for said in answers.values()
    )


def test_a_composition_that_overrules_denials_is_found(
    built: Built, proved: Proved
) -> None:
    """When a deny no longer overrides, every rule that denies is wrong."""

    def edit(rails: Path) -> None:
        file = rails / "rails.rego"
        file.write_text(
            file.read_text("utf-8").replace("\tnot is_denied\n", ""), "utf-8"
        )

    assert wrong(proved(built(edit))).keys() >= {
        rule for rule, _ in DENIALS if rule != "rails"
    }


def test_approvals_that_never_count_are_found(built: Built, proved: Proved) -> None:
    """When a good verdict no longer lets an action go, that is a failure too."""

    def edit(rails: Path) -> None:
        file = rails / "lib" / "approvals" / "approvals.rego"
        file.write_text(
            file.read_text("utf-8").replace(
                'verdict.verdict == "approved"', 'verdict.verdict == "yes"'
            ),
            "utf-8",
        )

    assert "approved, unchanged: wait" in wrong(proved(built(edit)))["action_class"]


def test_a_rule_without_a_probe_is_a_failure(built: Built, proved: Proved) -> None:
    """A rule that somebody adds and nobody asks is named; so is one without any words."""
    silent = "package rails.rules.silent\n\ndeny contains {} if false\n"

    def edit(rails: Path) -> None:
        adding()(rails)
        (rails / "rules" / "silent").mkdir()
        source(rails, "silent").write_text(silent, "utf-8")

    assert wrong(proved(built(edit))) == {
        "closed": "it has no probe",
        "silent": "it has no probe",
    }


def test_a_rule_brings_its_probe(built: Built, proved: Proved) -> None:
    """A probe in the metadata of a rule is asked like those of the house."""
    probes = PROBES.format(code="closed", place="context.run.agent")

    assert wrong(proved(built(adding(probes=probes)))) == {}


@pytest.mark.parametrize(
    ("agent", "code", "place", "says"),
    [
        (
            "other",
            "closed",
            "context.run.agent",
            "permit (grants/granted) instead of deny (closed/closed)",
        ),
        (
            "nobody",
            "shut",
            "context.run.agent",
            "deny (closed/closed) instead of deny (closed/shut)",
        ),
        (
            "nobody",
            "closed",
            "context.run.name",
            "permit (grants/granted) instead of deny (closed/closed)",
        ),
        ("nobody", "closed", "context.nowhere.agent", "a probe of rule closed"),
        (
            "nobody",
            "closed, answer: never",
            "context.run.agent",
            "a probe of rule closed",
        ),
        (
            "contract_analyst",
            "closed",
            "context.run.agent",
            "look, unchanged: deny (closed/closed) instead of permit",
        ),
    ],
)
def test_a_probe_that_proves_nothing_is_a_failure(
    built: Built, proved: Proved, *, agent: str, code: str, place: str, says: str
) -> None:
    """A rule that does not answer its own probe, a probe that is none, and a rule that denies
    everything are wrong.
    """
    probes = PROBES.format(code=code.replace(", ", "\n#       "), place=place)

    assert says in wrong(proved(built(adding(agent=agent, probes=probes))))["closed"]


CUSTOM: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "another domain": lambda config: config["egress"]["mail_domains"].update(
        default=["interlock.example"]
    ),
    "another tenant sends": lambda config: config["egress"].update(
        mail_domains={"other": ["other.example"]}
    ),
    "nobody sends": lambda config: config["egress"].update(mail_domains={}),
    "another reviewer": lambda config: config["approval"].update(
        role="counsel", ttl_s=60
    ),
    "other roles": lambda config: config.update(
        grants={"clerk": sorted([*config["tools"], *config["acts"]])}
    ),
    "no mail": lambda config: (
        config["tools"].pop("mail.send")
        and config["grants"]["contract_review.planner"].remove("mail.send")
    ),
    "mail unattended": lambda config: config["autonomy"].update(
        unattended_irreversible=["mail.send"]
    ),
    "many refusals": lambda config: config["limits"].update(refusals=10**9),
    "tight limits": lambda config: config["tools"]["mail.send"]["arguments"].update(
        subject={"max_chars": 0}, to={"max_items": 1, "shown": True}
    ),
}


@pytest.mark.parametrize("custom", CUSTOM)
def test_a_configuration_of_ones_own_is_no_failure(
    built: Built, proved: Proved, custom: str
) -> None:
    """The probes are made of what the installation configures, so none fails only because it is
    another one.
    """
    assert wrong(proved(built(configured(CUSTOM[custom])))) == {}


def test_a_limit_that_nobody_keeps_is_found(built: Built, proved: Proved) -> None:
    """Each configured limit of the tools asked about is broken once."""

    def edit(rails: Path) -> None:
        file = source(rails, "tool_limits")
        file.write_text(
            file.read_text("utf-8").replace(
                "is_array(value)\n\tcount(value) <= bound", "is_array(value)"
            ),
            "utf-8",
        )

    answers = wrong(proved(built(edit)))
    assert list(answers) == ["tool_limits"]
    assert (
        answers["tool_limits"].count("argument_limit") == 3
    )  # to, cc and attachments of a mail


def test_without_trusted_arguments_that_rule_is_not_proved(
    built: Built, proved: Proved
) -> None:
    """A rule that the configuration leaves with nothing to say is a failure, and never "not
    applicable".
    """
    answers = wrong(
        proved(
            built(
                configured(
                    lambda config: config["tools"]["document.read"].pop(
                        "trusted_arguments"
                    )
                )
            )
        )
    )

    assert answers == {
        "trusted_arguments": "it has no probe; no tool here to start from: trusted"
    }


def test_a_policy_that_grants_everything_is_wrong_in_every_rule(proved: Proved) -> None:
    """Under the permissive policy no rule of the house is there to answer."""
    answers = wrong(proved(load(BUNDLES[PERMISSIVE])))

    assert answers.keys() == {*RULES, "rails"}
    assert answers["kill_switch"] == (
        "it has no probe; no tool here to start from: verdict; no tool here to start from: write"
    )
