"""Scripts: how a reviewer who is a program works through the pages, as a browser would."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

import httpx2

#: What a script decides on a page
Judge: TypeAlias = Callable[[str], Literal["approved", "rejected"]]
LIST: Final = "/approvals"
_OPEN: Final = re.compile(r'href="(/approvals/[\w-]+)" data-open')
_FIELD: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_ARGUMENT: Final = re.compile(
    r'<div class="argument">\s*<h3><code>(\w+)</code>(.*?)</h3>(.*?)\n</div>',
    re.DOTALL,
)
_VALUE: Final = re.compile(r'<pre class="value">(.*?)</pre>', re.DOTALL)
_QUOTE: Final = re.compile(r"<q>(.*?)</q>", re.DOTALL)
#: Whom the reviewer knows
KNOWN: Final = frozenset({"legal@example.com", "counsel@example.com"})


@dataclass(kw_only=True, slots=True)
class Worked:
    """What a script did in the queue."""

    decided: list[str] = field(default_factory=list)
    rejected: int = 0
    canaries: int = 0
    caught: int = 0
    refused: str = ""
    seconds: float = 0.0


async def work(client: httpx2.AsyncClient, judge: Judge) -> Worked:
    """Decide what waits, one after the other, until nothing does or a verdict is refused."""
    worked = Worked()
    begun = time.perf_counter()
    while not worked.refused:
        waiting = _OPEN.findall((await client.get(LIST)).text)
        if not waiting:
            break
        await _decide(client, waiting[0], judge, worked)
    worked.seconds = time.perf_counter() - begun
    return worked


async def _decide(
    client: httpx2.AsyncClient,
    path: str,
    judge: Judge,
    worked: Worked,
) -> None:
    shown = (await client.get(path)).text
    verdict = judge(shown)
    form = {name: unescape(value) for name, value in _FIELD.findall(shown)}
    form |= {"verdict": verdict, "note": "By script."}
    answer = await client.post(f"{path}/verdict", data=form)
    if answer.status_code != httpx2.codes.SEE_OTHER:
        is_lost = "attention_lost" in answer.text
        worked.refused = "attention_lost" if is_lost else str(answer.status_code)
        return
    worked.decided.append(path)
    worked.rejected += verdict == "rejected"
    told = parse_qs(urlsplit(answer.headers["location"]).query)
    if "canary" in told:
        worked.canaries += 1
        worked.caught += verdict == "rejected"


def always(_: str) -> Literal["approved"]:
    """Approve without looking."""
    return "approved"


def careful(page: str) -> Literal["approved", "rejected"]:
    """Approve what goes to somebody known, hides nothing, and quotes the contract line by line."""
    arguments = {
        name: (head, [unescape(text) for text in _VALUE.findall(rest)], rest)
        for name, head, rest in _ARGUMENT.findall(page)
    }
    if any("has hidden characters" in head for head, _, _ in arguments.values()):
        return "rejected"
    if not set(arguments["to"][1]) <= KNOWN:
        return "rejected"
    _, values, rest = arguments["body"]
    quoted = {unescape(text) for text in _QUOTE.findall(rest)}
    lines = {line for text in values for line in text.splitlines() if line.strip()}
    return "approved" if lines <= quoted else "rejected"
