"""What the lists of a home cost that has a great many runs, each of them a real one."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import LIMITS, Principal, Resource
from interlock.runtime.run.run import NewRun
from interlock.runtime.runtime import Runtime
from interlock.runtime.storage import Storage
from interlock.runtime.testing import TOOLBOX, Note, StaticPoint, Toolbox
from interlock.serving.listing import Wanted, listed

#: Runs that are made at a time: as many as one commit takes
_AT_ONCE: Final = 128
#: Every so many runs ask a person
_ASKING: Final = 50
_TIMES: Final = 9
_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "run list": ("run", "list"),
    "run list --status waiting": ("run", "list", "--status", "waiting"),
    "run list --status erased": ("run", "list", "--status", "erased"),
    "run list --agent none": ("run", "list", "--agent", "none"),
    "approvals list": ("approvals", "list"),
    "approvals list --all": ("approvals", "list", "--all"),
}


def home(*, runs: int) -> dict[str, Any]:
    """Return what each list takes in a new home of so many *runs*, in milliseconds.

    "inside" is what the list itself takes, "command" the whole command with its start.
    """
    with TemporaryDirectory(prefix="interlock-bench-") as place:
        folder = Path(place)
        began = time.perf_counter()
        asyncio.run(filled(folder, runs))
        made_s = time.perf_counter() - began
        figures = asyncio.run(inside(folder))
        lists = {
            name: {"inside_ms": figures[name], "command_ms": _command(folder, words)}
            for name, words in _COMMANDS.items()
        }
        return {"runs": runs, "made_s": round(made_s, 1), "lists": lists}


async def filled(folder: Path, runs: int) -> None:
    """Make a home of so many runs in *folder*; some of them wait for a person."""
    asking = StaticPoint(
        effects={"bench.send": "permit"}, waiting=frozenset({"bench.send"})
    )
    async with Runtime.open(
        **_place(folder), policy=asking, agents=[Toolbox(tools=(_sending(),))]
    ) as runtime:
        for first in range(0, runs, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, runs))
            await asyncio.gather(*(_one(runtime, number) for number in numbers))


def _place(folder: Path) -> dict[str, Any]:
    """Return where the commands look for the database and its keys."""
    return {
        "database": f"sqlite:///{folder / 'interlock.db'}",
        "keys": folder / "keys",
        "witness": folder / "checkpoints",
    }


async def _one(runtime: Runtime, number: int) -> None:
    """Leave a run queued, or waiting for a person."""
    is_asking = number % _ASKING == 0
    acting = Principal(
        id=f"agent:{TOOLBOX}",
        tenant="default",
        roles=(TOOLBOX,),
        on_behalf_of="ana",
    )
    new = NewRun(
        agent=TOOLBOX,
        principal=acting,
        request={"path": f"contract-{number}.txt"},
        limits=LIMITS,
        autonomy=2,
        revision=runtime.pdp.revision,
        intent=None,
    )
    run = await runtime.runs.start(
        new,
        claim=is_asking,
    )
    if is_asking:
        await runtime.pep.enforce(
            run, tool="bench.send", arguments={"text": "x"}, call_id="0"
        )
        await runtime.runs.end(
            run,
            "waiting",
            {},
        )
        runtime.runs.give_back(run)


def _sending() -> AnyTool:
    @tool(
        "bench.send",
        action="write",
        resource=lambda _: Resource(type="bench", id="send"),
    )
    async def send(permit: Permit, arguments: Note) -> Note:
        """Return the argument: a person is asked before."""
        return arguments

    return send


async def inside(folder: Path) -> dict[str, float]:
    """Return the milliseconds of each list of the home in *folder*, without its command."""
    async with Storage.open(**_place(folder), reading=True) as storage:

        def runs(**wanted: Any) -> Callable[[], Awaitable[object]]:
            return lambda: listed(storage, Wanted(limit=51, **wanted))

        def approvals(state: Any) -> Callable[[], Awaitable[object]]:
            return lambda: storage.approvals.list(
                state=state,
                limit=101,
            )

        works = (
            runs(),
            runs(status="waiting"),
            runs(status="erased"),
            runs(agent="none"),
            approvals("waiting"),
            approvals(None),
        )
        return {
            name: await _timed(work)
            for name, work in zip(_COMMANDS, works, strict=True)
        }


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return round(median(taken) * 1_000, 1)


def _command(folder: Path, words: tuple[str, ...]) -> float:
    """Return the milliseconds of the whole command, with its modules compiled before."""
    environment = {**os.environ, "INTERLOCK_HOME": str(folder)}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE",
        None,
    )
    start = "from interlock.serving.cli import main; main()"
    command = [sys.executable, "-c", start, *words, "--json"]
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        subprocess.run(  # noqa: S603 - our own command
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment,
            cwd=folder,
        )
        taken.append(time.perf_counter() - began)
    return round(median(taken) * 1_000, 1)
