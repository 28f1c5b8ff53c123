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
    """Return what the demo shows: the runs, their effects, what was denied and what waits, and the verified ledger."""
    views = [await view(home, run.id) for run in runs]
    decisions = [(seen["run_id"], each) for seen in views for each in seen["decisions"]]
    crossed = await forbidden(home, runs, notify=NOTIFY)
    report = await verified(home)
    effects = [
        {"tool": each["tool"], "run_id": run_id, "state": each["state"]}
        for run_id, each in decisions
        if each["class"] in EFFECTS
    ]
    denials = [
        {"tool": each["tool"], "run_id": run_id, "reasons": each["reasons"]}
        for run_id, each in decisions
        if each["effect"] == "deny"
    ]
    approvals = [approval for seen in views for approval in seen["waiting"]]
    return {
        "home": str(home.settings.home),
        "runs": views,
        "effects": effects,
        "denied": len(denials),
        "waiting": len(approvals),
        "forbidden_effects": len(crossed),
        "denials": denials,
        "approvals": approvals,
        "forbidden": [asdict(each) for each in crossed],
        "ledger": {
            "size": report.size,
            "roots": {log.log: log.root for log in report.reports},
            "valid": report.valid,
            "problems": [asdict(each) for each in report.problems],
        },
        "policy": {"revision": home.bundle.revision},
        "report": str(home.settings.home / "report.html"),
    }
