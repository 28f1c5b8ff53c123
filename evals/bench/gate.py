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
    Resource,
    RunFacts,
)

#: Steps of a short and of a long run: the difference leaves start-up out
FEW: Final = 5
MANY: Final = 45
SHORTEST_S: Final = 1e-9  # a difference is never zero or less, so that a ratio can be had
SYNCED: Final = 50  # fdatasyncs timed to know the disk
VARIANTS: Final[tuple[Variant, ...]] = ("stock", "pure", "effect")
Round: TypeAlias = dict[Variant, Spent]
SYNC: Final = re.compile(r"^.*\bf(?:data)?sync\(", re.MULTILINE)


def gate(*, rounds: int, decisions: int, fsync_ms: int = 0) -> dict[str, Any]:
    """Return decide latency, step latencies, ratios and fsyncs per step; times in microseconds.

    With *fsync_ms* every fsync of every variant takes that much longer, so that a slower disk can
    be seen on this one. Raises `BadInput` when that is asked for and there is no strace.
    """
    if fsync_ms and not shutil.which("strace"):
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
        syncs = {variant: _syncs(variant, folder) for variant in VARIANTS}
    steps: dict[str, Any] = {
        f"{variant}_step": _figures(variant, measured) | {"fsyncs": syncs[variant]}
        for variant in VARIANTS
    }
    return {
        "decide_us": decide,
        **steps,
        "fsync": {"p50_us": disk, "added_ms": fsync_ms},
        "rounds": rounds,
        "fsyncs_counted_by": "strace" if shutil.which("strace") else None,
    }


def _figures(variant: Variant, rounds: Sequence[Round]) -> dict[str, Any]:
    """Return the medians over the rounds; for a governed variant also those of its ratios."""
    wall = [a_round[variant].wall_s for a_round in rounds]
    processor = [a_round[variant].processor_s for a_round in rounds]
    figures: dict[str, Any] = {
        "p50_us": round(median(wall) * 1e6),
        "cpu_us": round(median(processor) * 1e6),
    }
    if variant == "stock":
        return figures
    stock = [a_round["stock"] for a_round in rounds]
    pairs = zip(wall, processor, stock, strict=True)
    ratios = [(wall_s / base.wall_s, cpu_s / base.processor_s) for wall_s, cpu_s, base in pairs]
    return figures | {
        "ratio": round(median(ratio for ratio, _ in ratios), 3),
        "cpu_ratio": round(median(ratio for _, ratio in ratios), 3),
    }


async def _decide(decisions: int) -> dict[str, int]:
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
        run=RunFacts(id="run", agent="bench", autonomy=2, refusals=0, revision=revision),
        schema_valid=True,
        labels={"value": TRUSTED},
        tool_schema=schema_digest(tools()[1]),
        version=FACTS,
        cost=Amounts(steps=1, effects=1),
        budget=BudgetFacts(
            limits=Amounts(money_micro=1, tokens=1, steps=100, effects=100, wall_ms=1),
            spent=none,
            reserved=none,
        ),
    )
    return AccessRequest(
        principal=PRINCIPAL,
        action=Action(tool="bench.effect", action_class="write", arguments={"value": "v"}),
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
    """Return what a step of each variant took, one after the other: load falls on all alike."""
    return {variant: _step(variant, folder / variant, fsync_ms) for variant in VARIANTS}


def _step(variant: Variant, folder: Path, fsync_ms: int) -> Spent:
    few = _spent(variant, FEW, folder / "few", fsync_ms)
    many = _spent(variant, MANY, folder / "many", fsync_ms)
    steps = MANY - FEW
    return Spent(
        wall_s=max(many.wall_s - few.wall_s, SHORTEST_S) / steps,
        processor_s=max(many.processor_s - few.processor_s, SHORTEST_S) / steps,
    )


def _spent(variant: Variant, steps: int, place: Path, fsync_ms: int) -> Spent:
    """Return what the graph took: in this process, or with delayed fsyncs in a traced process."""
    if not fsync_ms:
        return measure(variant, steps, place)
    place.parent.mkdir(parents=True, exist_ok=True)
    delay = f"inject=fsync,fdatasync:delay_exit={fsync_ms * 1000}"
    printed = _traced(variant, steps, place, "--seccomp-bpf", "-e", delay, "-o", os.devnull)
    wall, processor = printed.split()
    return Spent(wall_s=float(wall), processor_s=float(processor))


def _traced(variant: Variant, steps: int, place: Path, *options: str) -> str:
    """Run the subject under strace, which stops it at fsyncs only, and return what it printed."""
    subject = [
        sys.executable,
        "-m",
        "interlock.evals.bench.subject",
        variant,
        str(steps),
        str(place),
    ]
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", *options, *subject]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - our own module


def _syncs(variant: Variant, folder: Path) -> float | None:
    """Return fsyncs a step as counted by strace, or None where there is none."""
    if not shutil.which("strace"):
        return None
    counts = []
    for steps in (FEW, MANY):
        log = folder / f"{variant}-{steps}.strace"
        _traced(variant, steps, folder / f"{variant}-{steps}-traced", "-o", str(log))
        counts.append(len(SYNC.findall(log.read_text("utf-8", "replace"))))
    return round((counts[1] - counts[0]) / (MANY - FEW), 2)
