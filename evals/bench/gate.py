"""What the door costs, as ratios to a LangGraph step on the stock saver in the same run."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

from interlock.evals.bench.policy import policy
from interlock.evals.bench.subject import PRINCIPAL, Spent, Variant, measure, tools
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import (
    FACTS,
    AccessRequest,
    Action,
    Amounts,
    BudgetFacts,
    Context,
    IntentFacts,
    Resource,
    RunFacts,
)

#: Steps of a short and of a long run; their difference leaves out what starting a run takes
FEW: Final = 5
MANY: Final = 45
#: The least difference of two times; a smaller one would make a ratio meaningless
SHORTEST_S: Final = 1e-9
#: How many calls of fdatasync are timed to know the disk
SYNCED: Final = 50
VARIANTS: Final[tuple[Variant, ...]] = ("stock", "pure", "effect")
Round: TypeAlias = dict[Variant, Spent]
#: A call as strace tells it, with the file that the descriptor stands for
SYNC: Final = re.compile(r"\bf(?:data)?sync\(\d+<([^>]*)>")


def gate(*, rounds: int, decisions: int, fsync_ms: int = 0) -> dict[str, Any]:
    """Return decide latency, step latencies, ratios and fsyncs per step; times in microseconds.

    With *fsync_ms* every fsync of every variant takes that many milliseconds longer, so that this
    machine behaves as one with a slower disk. Raises `BadInput` when *fsync_ms* is not 0 and
    strace is missing.
    """
    strace = shutil.which("strace")
    if fsync_ms and strace is None:
        raise BadInput(
            what="--fsync-ms",
            why="there is no strace to delay the calls",
            next_step="Install strace.",
        )
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        folder = Path(place)
        decide = asyncio.run(_decide(decisions))
        disk = _disk(folder)
        measured = [_round(folder / str(index), fsync_ms) for index in range(rounds)]
        steps: dict[str, Any] = {}
        syncs = _syncs(folder)
        for variant in VARIANTS:
            figures = _figures(variant, measured)
            figures["fsyncs"] = syncs[variant]
            steps[f"{variant}_step"] = figures
    return {
        "decide_us": decide,
        **steps,
        "fsync": {"p50_us": disk, "added_ms": fsync_ms},
        "rounds": rounds,
        "fsyncs_counted_by": None if strace is None else "strace",
    }


def _figures(variant: Variant, rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the medians over the rounds; a governed variant also has its ratios to stock."""
    wall = [a_round[variant].wall_s for a_round in rounds]
    processor = [a_round[variant].processor_s for a_round in rounds]
    figures: dict[str, Any] = {
        "p50_us": round(median(wall) * 1e6),
        "cpu_us": round(median(processor) * 1e6),
    }
    if variant == "stock":
        return figures
    ratios = []
    cpu_ratios = []
    for a_round in rounds:
        spent = a_round[variant]
        stock = a_round["stock"]
        ratios.append(spent.wall_s / stock.wall_s)
        cpu_ratios.append(spent.processor_s / stock.processor_s)
    figures["ratio"] = round(median(ratios), 3)
    figures["cpu_ratio"] = round(median(cpu_ratios), 3)
    return figures


async def _decide(decisions: int) -> dict[str, int]:
    """Return the median and the 99th percentile of one decision, in microseconds."""
    point = EmbeddedPoint(policy())
    request = _request(point.revision)
    times = []
    for _ in range(decisions):
        began = time.perf_counter()
        await point.decide(request)
        times.append(time.perf_counter() - began)
    point.close()
    times.sort()
    return {
        "p50": round(times[len(times) // 2] * 1e6),
        "p99": round(times[len(times) * 99 // 100] * 1e6),
    }


def _request(revision: str) -> AccessRequest:
    none = Amounts()
    context = Context(
        now=1_800_000_000,
        run=RunFacts(
            id="run",
            agent="bench",
            autonomy=2,
            refusals=0,
            revision=revision,
        ),
        schema_valid=True,
        labels={"value": TRUSTED},
        actionable={"value": TRUSTED},
        tool_schema=schema_digest(tools()[1]),
        intent=IntentFacts(spoken=False),
        version=FACTS,
        cost=Amounts(steps=1, effects=1),
        budget=BudgetFacts(
            limits=Amounts(
                money_micro=1,
                tokens=1,
                steps=100,
                effects=100,
                wall_ms=1,
            ),
            spent=none,
            reserved=none,
        ),
    )
    return AccessRequest(
        principal=PRINCIPAL,
        action=Action(
            tool="bench.effect",
            action_class="write",
            arguments={"value": "v"},
        ),
        resource=Resource(type="bench", id="effect"),
        context=context,
    )


def _disk(folder: Path) -> int:
    """Return the median microseconds of an fdatasync of 4 KiB where the databases lie."""
    times = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(SYNCED):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return round(median(times) * 1e6)


def _round(folder: Path, fsync_ms: int) -> Round:
    """Return what a step of each variant took.

    The variants run one after the other, so the load of the machine falls on all alike.
    """
    return {variant: _step(variant, folder / variant, fsync_ms) for variant in VARIANTS}


def _step(variant: Variant, folder: Path, fsync_ms: int) -> Spent:
    """Return what one step takes: a long run less a short run, by the steps between them."""
    few = _spent(variant, FEW, folder / "few", fsync_ms)
    many = _spent(variant, MANY, folder / "many", fsync_ms)
    steps = MANY - FEW
    return Spent(
        wall_s=max(many.wall_s - few.wall_s, SHORTEST_S) / steps,
        processor_s=max(many.processor_s - few.processor_s, SHORTEST_S) / steps,
    )


def _spent(
    variant: Variant,
    steps: int,
    place: Path,
    fsync_ms: int,
) -> Spent:
    """Return what the graph took.

    The graph runs in this process, or, when fsyncs are delayed, in a traced process.
    """
    if not fsync_ms:
        return measure(variant, steps, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    delay = f"inject=fsync,fdatasync:delay_exit={fsync_ms * 1000}"
    options = ("--seccomp-bpf", "-e", delay, "-o", os.devnull)
    printed = _traced([variant, str(steps), str(place)], *options)
    wall, processor = printed.split()
    return Spent(wall_s=float(wall), processor_s=float(processor))


def _traced(orders: list[str], *options: str) -> str:
    """Run the subject under strace and return what the subject printed.

    strace stops the subject at its fsyncs only.
    """
    subject = [sys.executable, "-m", "interlock.evals.bench.subject", *orders]
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", *options, *subject]
    finished = subprocess.run(  # noqa: S603 - our own module
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return finished.stdout


def _syncs(folder: Path) -> dict[Variant, float | None]:
    """Return the fsyncs of one step as strace counts them, or None when strace is missing."""
    if not shutil.which("strace"):
        return dict.fromkeys(VARIANTS)
    places = {
        (variant, steps): folder / f"{variant}-{steps}-traced"
        for variant in VARIANTS
        for steps in (FEW, MANY)
    }
    orders = []
    for (variant, steps), place in places.items():
        orders += [variant, str(steps), str(place)]
    log = folder / "strace"
    _traced(orders, "-y", "-o", str(log))
    files = SYNC.findall(log.read_text("utf-8", "replace"))
    counts = {
        order: sum(Path(file).is_relative_to(place) for file in files)
        for order, place in places.items()
    }
    return {
        variant: round((counts[variant, MANY] - counts[variant, FEW]) / (MANY - FEW), 2)
        for variant in VARIANTS
    }
