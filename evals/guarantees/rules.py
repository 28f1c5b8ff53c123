"""Taking a rule of the policy in force away, between the engine and whoever asked."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from interlock.evals.guarantees.patch import Break, Patch
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import embedded, server
from interlock.runtime.policy.engine.answer import read

_ENGINES = (embedded, server)


def without_rule(*rules: str) -> Break:
    """Return what leaves out every denial by *rules*; what nothing else denies is permitted."""

    def lax(answer: Any, **options: Any) -> Decision:
        return _without(read(answer, **options), rules)

    return _reading(lax)


def without_duties(patch: Patch) -> None:
    """Leave out every duty that comes with a permit."""

    def lax(answer: Any, **options: Any) -> Decision:
        return replace(read(answer, **options), obligations=())

    _reading(lax)(patch)


def any_revision(patch: Patch) -> None:
    """Take every answer for one under the revision that was insisted on."""

    def lax(answer: Any, **options: Any) -> Decision:
        return read({**answer, "revision": options["revision"]}, **options)

    _reading(lax)(patch)


def _without(decision: Decision, rules: Collection[str]) -> Decision:
    if decision.effect == "permit":
        return decision
    reasons = tuple(reason for reason in decision.reasons if reason.rule not in rules)
    if reasons:
        return replace(decision, reasons=reasons)
    return replace(decision, effect="permit")


def _reading(lax: Any) -> Break:
    def take_away(patch: Patch) -> None:
        for engine in _ENGINES:
            patch.put(engine, "read", lax)
        # What was read before is not remembered
        patch.put(embedded, "_LONGEST", -1)

    return take_away
