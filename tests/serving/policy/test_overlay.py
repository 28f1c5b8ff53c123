"""A workspace changes the data of the shipped policy without `opa`, under a revision of its own."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.policy.finding import Unfit
from interlock.serving.policy.ordinary import ordinary
from interlock.serving.policy.overlay import overlaid

Written: TypeAlias = Callable[[str, str], Path]

REMINDERS = """
grants:
  reminders: [reminder.set]
tools:
  reminder.set:
    action_class: write
    egress: none
    schema: 0a1b
    arguments:
      date: {max_chars: 10}
      text: {max_chars: 200}
"""


async def _asked(bundle: Bundle, request: AccessRequest) -> Decision:
    point = EmbeddedPoint(bundle)
    decision = await point.decide(request)
    point.close()
    return decision


def _request(bundle: Bundle, role: str, tool: str) -> AccessRequest:
    """Return the ordinary request of *role* for *tool* under the revision of *bundle*."""
    (request,) = [
        request
        for request in ordinary(bundle)
        if request.principal.roles == (role,) and request.action.tool == tool
    ]
    return request


async def test_a_tool_of_the_workspace_is_granted(
    written: Written, shipped: Bundle
) -> None:
    """A role, a tool and its limits are data: the shipped module answers, nothing is compiled."""
    bundle = overlaid(shipped, written("data.yaml", REMINDERS))
    request = _request(bundle, "reminders", "reminder.set")
    long = dataclasses.replace(
        request.action, arguments={"date": "2027-01-31", "text": "x" * 201}
    )
    refused = AccessRequest(
        principal=request.principal,
        action=long,
        resource=request.resource,
        context=request.context,
    )

    assert bundle.wasm == shipped.wasm
    assert (await _asked(bundle, request)).effect == "permit"
    decision = await _asked(bundle, refused)
    assert (decision.effect, decision.reasons[0].code) == ("deny", "argument_limit")


async def test_the_revision_is_the_digest_of_module_and_data(
    written: Written, shipped: Bundle, tmp_path: Path
) -> None:
    """Other data is another revision, the same data the same, and the packed bundle loads as it."""
    first = overlaid(shipped, written("data.yaml", REMINDERS))
    again = overlaid(shipped, written("data.yaml", f"# the same data\n{REMINDERS}"))
    other = overlaid(shipped, written("data.yaml", REMINDERS.replace("200", "201")))
    (tmp_path / "bundle.tar.gz").write_bytes(pack(first.files))

    assert first.revision == again.revision
    assert len({shipped.revision, first.revision, other.revision}) == 3
    assert load(tmp_path / "bundle.tar.gz") == first


@pytest.mark.parametrize("text", ["", "limits: {refusals: 5}"])
def test_an_overlay_that_changes_nothing_is_the_shipped_policy(
    written: Written, shipped: Bundle, text: str
) -> None:
    """Runs that were started under the shipped revision go on."""
    assert overlaid(shipped, written("data.yaml", text)) is shipped


def test_a_workspace_without_policies_has_the_shipped_ones(
    shipped: Bundle, tmp_path: Path
) -> None:
    """The folder need not exist."""
    assert overlaid(shipped, tmp_path / "policies") is shipped


def test_rules_that_were_not_built_are_refused(
    written: Written, shipped: Bundle
) -> None:
    """A rule that is not in the compiled module never passes for one that is at work."""
    with pytest.raises(GuardFailed, match="policy build"):
        overlaid(
            shipped,
            written(
                "rules/recipients/recipients.rego", "package rails.rules.recipients"
            ),
        )


def test_a_bundle_of_other_rules_is_refused(written: Written, shipped: Bundle) -> None:
    """A rule that was changed, or shipped Rego of another release, must be compiled anew."""
    folder = written(
        "rules/recipients/recipients.rego", "package rails.rules.recipients"
    )
    (folder / "bundle.tar.gz").write_bytes(pack(shipped.files))
    with pytest.raises(GuardFailed, match="other rules"):
        overlaid(shipped, folder)


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("rules/egress/egress.rego", "package rails.rules.egress", "shadows"),
        ("rules/mine/mine.rego", "package rails.rules.egress", "package"),
        ("rules/mine/mine.rego", 'package rails.rules["egress"]', "package"),
        (
            "rules/mine/mine.rego",
            "# package rails.rules.mine\npackage rails",
            "package",
        ),
        ("rules/mine/mine.rego", "", "package"),
        ("rules/mine/other.rego", "package rails.rules.mine", "layout"),
        ("rules/mine.rego", "package rails.rules.mine", "layout"),
        ("rules/mine/deep/deep.rego", "package rails.rules.deep", "layout"),
    ],
)
def test_a_rule_of_the_workspace_cannot_change_a_shipped_one(
    written: Written, shipped: Bundle, file: str, text: str, code: str
) -> None:
    """Rego outside a package and a folder of its own is refused before anything is compiled."""
    with pytest.raises(Unfit) as caught:
        overlaid(shipped, written(file, text))

    assert [finding.code for finding in caught.value.findings] == [code]
