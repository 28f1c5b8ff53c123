"""Running the demo: a fresh home, two people, three contracts and a planted copy."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from interlock.evals.demo.world import forbidden
from interlock.runtime.door.tool import EFFECTS
from interlock.runtime.run.run import Run
from interlock.serving.audit import verified
from interlock.serving.home import Home
from interlock.serving.people import Person
from interlock.serving.view import view

CONTRACTS: Final = Path(__file__).resolve().parents[1] / "data" / "contracts"
NOTIFY: Final = ["legal@example.com"]
ANALYST: Final = "ana"
REVIEWER: Final = "rhea"
ADMINISTRATOR: Final = "ada"
PEOPLE: Final = [
    Person(id=ANALYST, roles=("analyst",)),
    Person(id=REVIEWER, roles=("reviewer",)),
    Person(id=ADMINISTRATOR, roles=("administrator",)),
]


def documents() -> list[Path]:
    """Return the demo's contracts, the planted copy last."""
    contracts = sorted(CONTRACTS.glob("*.pdf"))
    planted = sorted(CONTRACTS.glob("*-planted.txt"))
    return contracts + planted


async def review_one(home: Home, path: Path) -> Run:
    """Review one contract until it ends or waits for a person."""
    run = await home.start(path=path, notify=NOTIFY, person=ANALYST)
    await home.drive(run)
    return run


async def summary(home: Home, runs: list[Run]) -> dict[str, Any]:
    """Return what the demo shows.

    The summary has the runs, their effects, the denials, the waiting approvals, every forbidden
    effect, and the verified ledger.
    """
    views = [await view(home, run.id) for run in runs]
    denials = _denials(views)
    approvals = []
    for run_view in views:
        approvals += run_view["waiting"]
    crossed = await forbidden(home, runs, notify=NOTIFY)
    ledger = await _ledger(home)
    place = home.settings.home
    return {
        "home": str(place),
        "runs": views,
        "effects": _effects(views),
        "denied": len(denials),
        "waiting": len(approvals),
        "forbidden_effects": len(crossed),
        "denials": denials,
        "approvals": approvals,
        "forbidden": [asdict(effect) for effect in crossed],
        "ledger": ledger,
        "policy": {"revision": home.bundle.revision},
        "report": str(place / "report.html"),
    }


def _effects(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tool, the run and the state of every action that has an effect."""
    effects = []
    for run_view in views:
        for decision in run_view["decisions"]:
            if decision["class"] not in EFFECTS:
                continue
            effect = {
                "tool": decision["tool"],
                "run_id": run_view["run_id"],
                "state": decision["state"],
            }
            effects.append(effect)
    return effects


def _denials(views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tool, the run and the reasons of every action that was denied."""
    denials = []
    for run_view in views:
        for decision in run_view["decisions"]:
            if decision["effect"] != "deny":
                continue
            denial = {
                "tool": decision["tool"],
                "run_id": run_view["run_id"],
                "reasons": decision["reasons"],
            }
            denials.append(denial)
    return denials


async def _ledger(home: Home) -> dict[str, Any]:
    report = await verified(home)
    return {
        "size": report.size,
        "roots": {log.log: log.root for log in report.reports},
        "valid": report.valid,
        "problems": [asdict(problem) for problem in report.problems],
    }
