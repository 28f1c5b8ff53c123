"""Judging a rollout: what the runs that ended since the last decision mean for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from interlock.runtime.record.events.of_rollout import Turned
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.rollout_result import Counted, Result
from interlock.serving.rollout import figures
from interlock.serving.rollout.arm import Observation
from interlock.serving.rollout.controller import Comparison, Verdict
from interlock.serving.rollout.figures import Figures
from interlock.serving.rollout.guards import is_error

#: Returns what is missing of what a run was asked for, from 0 to 1
Missing: TypeAlias = Callable[[Result], float]
_WHOLE: Final = 100
#: What a run may spend of each decides about its spend
_SPENT: Final = ("money_micro", "tokens", "steps")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What was decided, and how the rollout stands from then on."""

    how: Turned
    rollout: Rollout


def judged(
    rollout: Rollout,
    counted: Counted,
    *,
    missing: Missing,
    now: int,
    shadows: int = 0,
) -> Judgement | None:
    """Return what is decided about a live rollout; None where nothing new is known.

    So many *shadows* were begun of the runs that were counted. Each run is taken in once, in the
    order in which they ended, and the first that decides ends the step: what ended later was begun
    at the same step, and says nothing of the next one, unless a guard fires by that.
    """
    known = figures.of(rollout)
    known = replace(known, shadows=known.shadows + shadows)
    verdict: Verdict = "hold"
    for result in counted.results:
        if verdict == "hold":
            known = _taken_in(rollout, known, result, missing)
            verdict = _verdict(rollout, known, now=now)
        elif verdict == "promote":
            known, verdict = _guarded(known, result)
    if verdict == "hold":
        verdict = _verdict(rollout, known, now=now)
    if verdict == "hold" and not counted.results and not counted.is_cut:
        return None
    return _turned(rollout, known, counted, verdict, now=now)


def observed(result: Result, rollout: Rollout, *, missing: float) -> Observation:
    """Return the shares of one run."""
    worked_ms = result.spent.get("wall_ms", 0)
    refused = result.rejected / result.judged if result.judged else 0.0
    return Observation(
        arm=result.arm,
        error=float(is_error(result)),
        latency=min(1.0, worked_ms / rollout.plan.longest_ms),
        schema=float(result.is_unfit),
        denial=float(result.is_denied),
        quality=max(refused, missing),
        degraded=float(result.is_degraded),
        spend=_spend(result),
    )


def _taken_in(
    rollout: Rollout, known: Figures, result: Result, missing: Missing
) -> Figures:
    """Return the figures after one more run; a run of another step moves no share."""
    if result.apart is not None:
        return known.aside(result) if result.tag == rollout.tag else known
    if rollout.is_shadowing and result.arm == "control":
        return known
    lately = known.lately
    comparison = known.comparison
    for one in _compared(result):
        lately = lately.after(one)
        if one.tag == rollout.tag:
            seen = observed(one, rollout, missing=missing(one))
            comparison = comparison.observed(seen)
    return replace(
        known,
        comparison=comparison,
        lately=lately,
        guard=lately.fired(result),
    )


def _compared(result: Result) -> list[Result]:
    """Return the run, after the run that it copies: people were asked about that one alone."""
    if result.original is None:
        return [result]
    unasked = replace(
        result.original,
        judged=0,
    )
    return [unasked, result]


def _guarded(known: Figures, result: Result) -> tuple[Figures, Verdict]:
    """Return the figures and the verdict where a run ended after the one that promotes."""
    if result.apart is not None:
        return known, "promote"
    lately = known.lately.after(result)
    guard = lately.fired(result)
    after = replace(known, lately=lately, guard=guard)
    return after, "promote" if guard is None else "roll_back"


def _spend(result: Result) -> float:
    shares = [
        result.spent.get(kind, 0) / limit
        for kind in _SPENT
        if (limit := result.limits.get(kind))
    ]
    return min(1.0, max(shares, default=0.0))


def _verdict(rollout: Rollout, known: Figures, *, now: int) -> Verdict:
    if known.guard is not None:
        return "roll_back"
    comparison = known.comparison
    if rollout.plan.kind == "canary":
        return comparison.decision().verdict
    if comparison.percent < _WHOLE:
        is_known = comparison.control["error"].number >= rollout.plan.least_runs
        return "promote" if is_known else "hold"
    if comparison.decision().verdict == "roll_back":
        return "roll_back"
    is_watched = now >= rollout.since + rollout.plan.hold_s
    is_known = comparison.runs >= rollout.plan.least_runs
    return "promote" if is_watched and is_known else "hold"


def _turned(
    rollout: Rollout, known: Figures, counted: Counted, verdict: Verdict, *, now: int
) -> Judgement:
    """Return the judgement: what was counted is not counted again, whatever was decided."""
    after = replace(rollout, seen=counted.seen, figures=known.document)
    if verdict == "hold":
        return Judgement(how="held", rollout=after)
    if verdict == "roll_back":
        return Judgement(how="rolled_back", rollout=after)
    last = len(rollout.plan.steps) - 1
    is_last = rollout.step == last
    if is_last or (rollout.plan.kind == "canary" and rollout.step + 1 == last):
        return Judgement(how="promoted", rollout=replace(after, step=last))
    return Judgement(how="advanced", rollout=_begun(after, known, now=now))


def _begun(rollout: Rollout, known: Figures, *, now: int) -> Rollout:
    """Return the rollout at its next step; what preceded a switch to all is compared with it."""
    comparison = known.comparison.promoted()
    if rollout.plan.kind == "blue_green":
        comparison = Comparison(
            bounds=comparison.bounds,
            steps=comparison.steps,
            step=comparison.step,
            control=known.comparison.control,
        )
    after = Figures(
        comparison=comparison,
        lately=replace(known.lately, canary=""),
        ground=known.comparison,
    )
    return replace(rollout.begun(rollout.step + 1, now=now), figures=after.document)
