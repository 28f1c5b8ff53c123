"""Kills nodes of a cluster while its workers are at work: `python -m interlock.evals.cluster`.

The cluster is one of Ray's with several nodes, all on this machine, with a PostgreSQL of its own;
it needs `interlock[ray]` and the dev extra. Exit code 1 unless each run was done once, whatever was
killed, the crew was drained in the end, and the ledger and the working tables verify.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, func, select

from interlock.evals import report
from interlock.evals.batches import contracts
from interlock.evals.postgresql import served
from interlock.runtime.policy.request import Principal
from interlock.runtime.record import audit, state
from interlock.runtime.record.store import tables
from interlock.serving.home import Home, opened
from interlock.serving.ray_crew import crew_of
from interlock.serving.workspace import open_workspace

if TYPE_CHECKING:
    from interlock.serving.worker import Turn

#: Seconds between two looks at how far the runs are, and after which they are given up
_LOOK_S: Final = 0.25
_LONGEST_S: Final = 400
_RUN: Final = tables.run.c


@dataclass(kw_only=True)
class Report:
    """What came of it."""

    nodes: int
    actors: int
    runs: int
    kills: int = 0
    done: int = 0
    #: Runs that ended because nobody knows whether an effect of the killed worker happened
    unknown: int = 0
    #: Reports that lie in the home: one for each run
    records: int = 0
    #: Claims beyond the first of a run: what a killed worker was at
    taken_again: int = 0
    drained: bool = False
    ledger_ok: bool = False
    seconds: float = 0.0
    #: Why runs ended whose effect of a killed worker is unknown
    unknown_why: list[str] = field(default_factory=list)
    #: Why any other run is not done, and what the working tables say against the ledger
    problems: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether nothing was lost or done twice."""
        return (
            self.done + self.unknown == self.runs == self.records
            and self.drained
            and self.ledger_ok
            and not self.problems
        )


@contextmanager
def _cluster(nodes: int) -> Any:
    """Start a cluster of so many nodes, beside a head that works on nothing."""
    cluster = import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0}
    )
    ray = import_module("ray")
    try:
        workers = [cluster.add_node(num_cpus=2) for _ in range(nodes)]
        ray.init(
            address=cluster.address,
            log_to_driver=False,
            include_dashboard=False,
        )
        yield lambda: cluster.remove_node(workers.pop(0), allow_graceful=False)
    finally:
        ray.shutdown()
        cluster.shutdown()


async def attempt(folder: Path, outcome: Report, kill: Callable[[], None]) -> None:
    """Queue the runs, place the crew, kill nodes on the way, drain, and look what came."""
    began = time.monotonic()
    workspace = open_workspace(place=folder / "interlock.toml")
    async with opened(workspace.settings) as home:
        await _queue(
            home,
            folder,
            outcome.runs,
        )
        crew = crew_of(workspace, person="ana", actors=outcome.actors, told=_ignore)
        working = asyncio.create_task(crew.work("stopped"))
        async with asyncio.timeout(_LONGEST_S):
            await _disturb(
                home,
                outcome,
                kill,
                working,
            )
            crew.drain()
            await working
        outcome.drained = True
        outcome.seconds = round(time.monotonic() - began, 1)
        await _count(home, outcome)
        await _verify(home, outcome)


def _ignore(turn: "Turn") -> None:
    """Hear of a turn: what came of the runs is read from the home in the end."""


async def _disturb(
    home: Home,
    outcome: Report,
    kill: Callable[[], None],
    working: "asyncio.Task[None]",
) -> None:
    """Kill nodes at even distances until all runs are over."""
    wanted = outcome.kills
    outcome.kills = 0
    while (over := await home.store.read(_over)) < outcome.runs:
        if working.done():
            working.result()
        if over * (wanted + 1) >= outcome.runs * (outcome.kills + 1):
            await asyncio.to_thread(kill)
            outcome.kills += 1
        await asyncio.sleep(_LOOK_S)


async def _queue(home: Home, folder: Path, runs: int) -> None:
    person = Principal(id="ana", tenant=home.settings.tenant, roles=())
    contracts.write(folder / "contracts", contracts.own(), number=runs)
    for path in sorted((folder / "contracts").iterdir()):
        request = {"path": str(path), "notify": []}
        await home.runtime.start(
            "contract_review", request, principal=person, claim=False
        )


def _over(connection: Connection) -> int:
    ended = _RUN.status.in_(
        ["done", "failed", "cancelled", "dead"],
    )
    query = select(func.count()).select_from(tables.run).where(ended)
    return int(connection.execute(query).scalar_one())


async def _count(home: Home, outcome: Report) -> None:
    def look(connection: Connection) -> tuple[dict[str, str], set[str]]:
        runs = connection.execute(select(_RUN.id, _RUN.status, _RUN.attempts)).all()
        action = tables.action.c
        unknown = select(action.run_id).where(action.state == "unknown")
        kept = select(func.count(tables.record.c.run_id.distinct()))
        outcome.records = connection.execute(kept).scalar_one()
        outcome.taken_again = sum(run.attempts - 1 for run in runs)
        return (
            {run.id: run.status for run in runs},
            set(connection.execute(unknown).scalars()),
        )

    ended, lost = await home.store.read(look)
    undone = {run_id: ended[run_id] for run_id in ended if ended[run_id] != "done"}
    outcome.done = len(ended) - len(undone)
    outcome.unknown = len(undone.keys() & lost)
    await _explain(
        home,
        outcome,
        undone=undone,
        lost=lost,
    )


async def _explain(
    home: Home, outcome: Report, *, undone: dict[str, str], lost: set[str]
) -> None:
    """Add why the *undone* runs, by their status, are not done."""
    for run_id, status in undone.items():
        why = (await home.runtime.runs.outcome(run_id) or {}).get("error")
        reasons = outcome.unknown_why if run_id in lost else outcome.problems
        reasons.append(f"{run_id} {status}: {why}")


async def _verify(home: Home, outcome: Report) -> None:
    verified = await audit.verified(
        home.store,
        home.vault,
        home.ledger,
    )
    outcome.ledger_ok = verified.valid
    outcome.problems += map(str, await state.differences(home.store, home.vault))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial, print what came of it, and return the exit code."""
    parser = report.parser("Kill nodes of a cluster while its workers are at work.")
    parser.add_argument(
        "--nodes",
        type=int,
        default=3,
        help="nodes that work",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=60,
        help="contracts to review",
    )
    parser.add_argument(
        "--kills",
        type=int,
        default=1,
        help="nodes to kill",
    )
    options = parser.parse_args(arguments)
    outcome = Report(
        nodes=options.nodes,
        actors=options.nodes,
        runs=options.runs,
        kills=options.kills,
    )
    with (
        tempfile.TemporaryDirectory(prefix="interlock-ray-", dir="/tmp") as made,
        tempfile.TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as place,
        served(Path(place), durable=True) as server,
        _cluster(options.nodes) as kill,
    ):
        folder = Path(made)
        settings = f'home = "home"\ndatabase = "{server.database()}"\n'
        (folder / "interlock.toml").write_text(settings)
        people = folder / "home" / "people.yaml"
        people.parent.mkdir()
        people.write_text(
            "people:\n- {id: ana, roles: [administrator]}\n",
        )
        asyncio.run(attempt(folder, outcome, kill))
    return report.tell(
        outcome,
        as_json=options.json,
    )


if __name__ == "__main__":
    sys.exit(main())
