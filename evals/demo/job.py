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
    return sorted(CONTRACTS.glob("*.pdf")) + sorted(CONTRACTS.glob("*-planted.txt"))


async def review_one(home: Home, path: Path) -> Run:
    """Review one contract until it ends or waits for a person."""
    run = await home.start(path=path, notify=NOTIFY, person=ANALYST)
    await home.drive(run)
    return run


async def summary(home: Home, runs: list[Run]) -> dict[str, Any]:
    """Return what the demo shows.

    That is the runs, their effects, what was denied, what waits, every forbidden effect, and the
    verified ledger.
    """
    views = [await view(home, run.id) for run in runs]
    decisions = [
        decision | {"run_id": run["run_id"]} for run in views for decision in run["decisions"]
    ]
    effects = [one for one in decisions if one["class"] in EFFECTS]
    denials = [one for one in decisions if one["effect"] == "deny"]
    approvals = [approval for run in views for approval in run["waiting"]]
    crossed = await forbidden(home, runs, notify=NOTIFY)
    return {
        "home": str(home.settings.home),
        "runs": views,
        "effects": [_fields(one, "tool", "run_id", "state") for one in effects],
        "denied": len(denials),
        "waiting": len(approvals),
        "forbidden_effects": len(crossed),
        "denials": [_fields(one, "tool", "run_id", "reasons") for one in denials],
        "approvals": approvals,
        "forbidden": [asdict(effect) for effect in crossed],
        "ledger": await _ledger(home),
        "policy": {"revision": home.bundle.revision},
        "report": str(home.settings.home / "report.html"),
    }


def _fields(decision: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: decision[name] for name in names}


async def _ledger(home: Home) -> dict[str, Any]:
    report = await verified(home)
    return {
        "size": report.size,
        "roots": {log.log: log.root for log in report.reports},
        "valid": report.valid,
        "problems": [asdict(problem) for problem in report.problems],
    }
