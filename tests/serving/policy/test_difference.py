"""What differs between two policies: each place of the data, each rule, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from interlock.runtime.policy.engine.bundle import Bundle, revised
from interlock.serving.policy.build import BUNDLES, POLICIES
from interlock.serving.policy.difference import difference
from interlock.serving.policy.overlay import overlaid

Command: TypeAlias = Callable[..., Any]
Written: TypeAlias = Callable[[str, str], Path]
DATA = """
grants: {clerk: [run.start], auditor: [ledger.export], reviewer: null}
limits: {refusals: 4}
tools: {mail.send: {arguments: {to: {max_items: 3}}}}
"""


def test_every_changed_place_of_the_data_is_named(
    shipped: Bundle, written: Written
) -> None:
    """Grants, limits, roles and the catalogue: what came and what went, at its place."""
    other = overlaid(shipped, written("data.yaml", DATA))
    compared = difference(shipped, other)

    assert {(one.place, one.removed, one.added) for one in compared.data} == {
        ("grants.clerk", (), ("run.start",)),
        (
            "grants.auditor",
            (
                "record.export",
                "run.read",
                "job.read",
                "approval.read",
                "budget.read",
                "policy.read",
                "release.read",
                "ledger.read",
                "webhook.read",
                "quality.read",
            ),
            (),
        ),
        (
            "grants.reviewer",
            (
                "run.resume",
                "approval.decide",
                "approval.edit",
                "approval.claim",
                "approval.release",
                "approval.delegate",
                "approval.escalate",
                "approval.ask",
                "action.resolve",
                "record.export",
                "run.read",
                "job.read",
                "approval.read",
                "document.open",
                "budget.read",
                "policy.read",
                "release.read",
                "release.promote",
                "rollout.start",
                "rollout.turn",
                "rollout.resume",
                "quality.own",
            ),
            (),
        ),
        ("limits.refusals", (5,), (4,)),
        ("tools.mail.send.arguments.to.max_items", (20,), (3,)),
    }
    assert compared.rules == ()
    assert compared.before == shipped.revision
    assert compared.after == other.revision


def test_a_rule_that_came_went_or_changed_is_shown_by_its_lines(
    shipped: Bundle,
) -> None:
    """Rego is compared file by file, and a module of other bytes is named even without a rule."""
    path = "rails/rules/note/note.rego"
    files = {**shipped.files, "rails/rules/odd/odd.rego": b"package rails.rules.odd\n"}
    files[path] = files[path].replace(b"package", b"# new\npackage", 1)
    files.pop("rails/rules/refusals/refusals.rego")
    files["policy.wasm"] += b"\0"
    compared = difference(shipped, revised(files, shipped.data))
    lines = {rule.path: rule.lines for rule in compared.rules}

    assert set(lines) == {
        path,
        "rails/rules/odd/odd.rego",
        "rails/rules/refusals/refusals.rego",
    }
    assert "+# new" in lines[path]
    assert "+package rails.rules.odd" in lines["rails/rules/odd/odd.rego"]
    assert compared.is_module_changed
    assert not difference(shipped, shipped).is_module_changed


def test_the_command_compares_a_bundle_a_folder_and_what_is_in_force(
    home: Path, written: Written, command: Command
) -> None:
    """Each side is a bundle or a folder; without the second the policy in force is meant."""
    folder = written("data.yaml", "limits: {refusals: 4}\n")
    bundle = str(BUNDLES[POLICIES])
    changed = command(home, "policy", "diff", bundle, str(folder), "--json")
    human = command(home, "policy", "diff", str(folder))
    same = command(home, "policy", "diff", bundle)

    assert changed.value["data"] == [
        {"place": "limits.refusals", "removed": [5], "added": [4]}
    ]
    assert changed.value["rules"] == []
    assert "limits.refusals: 4 -> 5" in human.out
    assert same.code == 0
    assert "limits" not in same.out
    assert command(home, "policy", "diff", str(home / "none")).code == 5
