"""What the pages of the queue take while a great many approvals wait, in this process."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx2

from interlock.evals import questions
from interlock.evals.browser import signed_in
from interlock.serving.home import Home, opened
from interlock.serving.identity.identity import Identity
from interlock.serving.queue.pages import application
from interlock.serving.workspace import open_workspace

_PEOPLE: Final = "people:\n- {id: rhea, roles: [reviewer]}\n"
#: The approvals of one run
_OF_A_RUN: Final = 50
_BODY: Final = "Dear colleague, the review of the agreement is attached. " * 30
_LIST: Final = "/approvals"
_FILTERED: Final = "/approvals?whose=for_me&risk=high&tool=mail.send"
_PERCENT: Final = 100


def approvals(*, waiting: int, looks: int) -> dict[str, Any]:
    """Return what the list, the filtered list and an approval's page take, looked at so often.

    So many approvals are *waiting* at least; the time is that of the server and of a browser that
    does nothing but ask, the processor's that of both.
    """
    with TemporaryDirectory(prefix="interlock-bench-") as folder:
        return asyncio.run(_figures(Path(folder), waiting, looks))


async def _figures(folder: Path, waiting: int, looks: int) -> dict[str, Any]:
    (folder / "people.yaml").write_text(_PEOPLE, "utf-8")
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with opened(settings) as home:
        number = await _filled(home, waiting)
        identity = Identity.over(home)
        newest = await home.approvals.list(state="waiting", limit=looks)
        places = {
            "list": [_LIST] * looks,
            "filtered": [_FILTERED] * looks,
            "page": [f"{_LIST}/{approval.id}" for approval in newest],
        }
        app = application(home, identity)
        async with await signed_in(app, identity, "rhea") as browser:
            figures = {
                name: await _looked(browser, paths) for name, paths in places.items()
            }
    return {"waiting": number, "looks": looks, **figures}


async def _filled(home: Home, waiting: int) -> int:
    """Let at least so many approvals wait, and return how many do."""
    path = home.settings.home / "agreement.txt"
    path.write_text("This Agreement is made. " * 20, "utf-8")
    number = 0
    while number < waiting:
        run = await home.start(path=path, notify=[], person="ana")
        number += len(await questions.put(home, run, [_BODY] * _OF_A_RUN))
        home.runs.give_back(run)
    return number


async def _looked(browser: httpx2.AsyncClient, paths: Sequence[str]) -> dict[str, Any]:
    """Return the figures of one look at each path; the first look warms up, and does not count."""
    taken_ms: list[float] = []
    await _look(browser, paths[0])
    processor = time.process_time()
    for path in paths:
        began = time.perf_counter()
        await _look(browser, path)
        taken_ms.append((time.perf_counter() - began) * 1_000)
    spent = time.process_time() - processor
    return {
        "p50_ms": round(median(taken_ms), 1),
        "p99_ms": round(quantiles(taken_ms, n=_PERCENT, method="inclusive")[-1], 1),
        "cpu_ms": round(1_000 * spent / len(paths), 1),
    }


async def _look(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    if answer.status_code != httpx2.codes.OK:
        raise RuntimeError(f"{path} answered {answer.status_code}")
