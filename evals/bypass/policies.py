"""Policies that are accepted and not enforced, swapped by whoever may not, or grown too wide."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import ANA, Counter, Useless, laws
from interlock.evals.guarantees.patch import replacing
from interlock.evals.guarantees.rules import without_rule
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import InterlockError
from interlock.runtime.testing import StaticPoint
from interlock.serving.operations import policies
from interlock.serving.policy import overlay
from interlock.serving.policy.rails import rails

#: Data with a mistake that would leave a rule without effect
_MISTAKES: Final = (
    "tools: {mail.send: {trustd_arguments: [to]}}",
    "tools: {mail.send: {arguments: {to: {max_item: 1}}}}",
    "tools: {mail.send: {arguments: {subject: {max_chars: '200'}}}}",
    "tools: {mail.sned: {trusted_arguments: [to]}}",
    "limits: {refusal: 1}",
    "approval: {quorums: [{tool: mail.sned, needs: [{role: legal, count: 2}]}]}",
    "acts: {approval.decid: {action_class: irreversible, waives: [], arguments: {}}}",
    "autonomy: {unattended_irreversible: [mail.sned]}",
    "egress: {mail_domain: {default: []}}",
    "mode: log",
    "enforce: false",
)


async def _accepted(counter: Counter) -> str:
    folder = counter.folder / "policies"
    folder.mkdir()
    file = folder / "data.yaml"
    file.write_text("limits: {refusals: 4}", "utf-8")
    if rails(folder).revision == rails().revision:
        raise Useless("data without a mistake should be laid over")
    taken = []
    for mistake in _MISTAKES:
        file.write_text(mistake, "utf-8")
        with suppress(InterlockError):
            rails(folder)
            taken.append(mistake)
    return f"taken: {'; '.join(taken)}" if taken else ""


async def _swapped(counter: Counter) -> str:
    await counter.begin()
    other = StaticPoint(revision="f" * 64)
    runtime = counter.runtime
    swapped = PolicyInForce(
        store=runtime.store,
        vault=runtime.vault,
        configured=other,
        bundle=replace(laws(), revision=other.revision),
    )
    try:
        with suppress(InterlockError):
            await policies.activate(swapped, runtime.acts, person=ANA)
        in_force = await runtime.policy.revision()
    finally:
        swapped.close()
    return "" if in_force == laws().revision else f"{in_force} is in force"


POLICIES: Final[Mapping[str, Bypass]] = {
    "policies.accepted": Bypass(
        program=_accepted,
        without=replacing(overlay, "mistakes", lambda *_: ()),
    ),
    "policies.swapped": Bypass(
        program=_swapped,
        without=without_rule("rails"),
    ),
}
