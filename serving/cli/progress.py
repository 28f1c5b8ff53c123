"""How far a job is, on a terminal: a bar, the rate, the time left."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from interlock.serving.cli.session import err

if TYPE_CHECKING:
    from interlock.serving.operations.submissions import Submitted

_EVERY_S: Final = 1.0


@contextmanager
def submitting(documents: int) -> "Iterator[Callable[[Submitted], None]]":
    """Show how many of the *documents* are submitted, as told."""
    with _bar() as bar:
        task = bar.add_task(
            "submitting",
            total=documents,
            state="",
        )

        def told(done: "Submitted") -> None:
            taken = done.before + len(done.runs) + len(done.skipped)
            bar.update(task, completed=taken)

        yield told


async def watched(
    read: Callable[[], Awaitable[dict[str, Any]]],
    *,
    line: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """Show the job that *read* returns until nothing of it goes on; return it.

    Where there is no terminal, a *line* is printed whenever something has changed.
    """
    job = await read()
    if not err.is_terminal:
        return await _told(read, line, job)
    with _bar() as bar:
        task = bar.add_task(
            job["job"],
            total=job["documents"],
            state="",
        )
        while True:
            state = f"{job['status']}, {_rate(bar, task)}"
            bar.update(
                task,
                completed=job["over"],
                state=state,
            )
            if job["status"] != "open":
                return job
            await asyncio.sleep(_EVERY_S)
            job = await read()


async def _told(
    read: Callable[[], Awaitable[dict[str, Any]]],
    line: Callable[[dict[str, Any]], str],
    job: dict[str, Any],
) -> dict[str, Any]:
    began = time.monotonic()
    before = job["over"]
    said = ""
    while True:
        text = line(job)
        if text != said:
            said = text
            err.print(
                text
                + _left(
                    job,
                    before=before,
                    since=began,
                ),
                soft_wrap=True,
            )
        if job["status"] != "open":
            return job
        await asyncio.sleep(_EVERY_S)
        job = await read()


def _left(job: dict[str, Any], *, before: int, since: float) -> str:
    """Return the rate since the moment *since*, when *before* were over, and the time left."""
    ended = job["over"] - before
    seconds = time.monotonic() - since
    if ended <= 0 or seconds <= 0:
        return ""
    rate = ended / seconds
    left = (job["documents"] - job["over"]) / rate
    return f"; {rate * 60:.0f} a minute, {left:.0f} s left"


def _rate(bar: Progress, task: Any) -> str:
    speed = bar.tasks[task].speed
    return f"{speed * 60:.0f} a minute" if speed else "no rate yet"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
        console=err,
    )
