"""What a reviewer is shown: text that hides, text that acts, and text whose end is cut off."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, Counter
from interlock.evals.guarantees.leaving import LEAVING
from interlock.evals.guarantees.patch import Patch, both, replacing
from interlock.runtime.run import approval
from interlock.runtime.run.approval import Asked
from interlock.runtime.run.run import Run
from interlock.serving.cli.session import Screen
from interlock.serving.queue import hidden
from interlock.serving.queue.arguments import arguments
from interlock.serving.queue.frame import TEMPLATES
from interlock.tools import page

_HIDING: Final = "to \u202eevE\u202c and n\u200bobody\u2066 else\u2069"
_MARKUP: Final = "<script>fetch('/v1/approvals')</script><img src=x onerror=alert(1)>"
_ESCAPES: Final = "\x1b[2J\x1b]0;paid\x07\x9b2J"
_END: Final = "AND EVERYTHING ELSE TO EVE"
#: What a preview has room for
_ROOM: Final = 120
_EVIDENCE: Final[Callable[..., Any]] = approval._evidence  # noqa: SLF001 - a guard taken apart
_ENVIRONMENT: Final[Any] = page._environment  # noqa: SLF001 - as above


async def _hiding(counter: Counter) -> str:
    shown = await _page(counter, _HIDING)
    unseen = [sign for sign in _HIDING if not sign.isprintable() and sign in shown]
    return f"the page holds {unseen!a}" if unseen else ""


async def _acting(counter: Counter) -> str:
    shown = await _page(counter, _MARKUP)
    return "the page holds a script" if "<script" in shown or "<img" in shown else ""


async def _cut(counter: Counter) -> str:
    shown = await _page(counter, f"{'rent ' * 10_000}{_END}")
    return "" if _END in shown else "the end of an argument is not shown"


async def _escaping(counter: Counter) -> str:
    visit = await counter.begin()
    asked = await visit.asked(
        **HONEST,
        subject=_ESCAPES,
    )
    written = io.StringIO()
    screen = Screen(
        file=written,
        force_terminal=True,
        width=200,
    )
    question: Any = (await counter.question(asked)).evidence
    screen.print(question["arguments"]["subject"])
    obeyed = [sign for sign in "\x07\x9b" if sign in written.getvalue()]
    return f"the terminal is told {obeyed!a}" if obeyed else ""


async def _page(counter: Counter, subject: str) -> str:
    """Return what the page of a question shows of its arguments."""
    visit = await counter.begin()
    question = await counter.question(
        await visit.asked(
            **HONEST,
            subject=subject,
        )
    )
    evidence: Any = question.evidence
    return page.render(
        "arguments.html",
        folders=(TEMPLATES,),
        arguments=arguments(evidence),
        sources={},
    )


def _previewed(asked: Asked, run: Run) -> dict[str, Any]:
    """Keep of each text what a preview has room for."""
    evidence = _EVIDENCE(asked, run)
    texts = evidence["arguments"]
    short = {n: v[:_ROOM] if isinstance(v, str) else v for n, v in texts.items()}
    return {**evidence, "arguments": short}


def _raw(patch: Patch) -> None:
    """Take text for markup."""

    def lax(folders: tuple[Path, ...]) -> Any:
        environment = _ENVIRONMENT.__wrapped__(folders)
        environment.autoescape = False
        return environment

    patch.put(page, "_environment", lax)


REVIEWERS: Final[Mapping[str, Bypass]] = {
    "reviewers.hiding": Bypass(
        program=_hiding,
        without=both(
            replacing(hidden, "visible", str), replacing(page, "visible", str)
        ),
    ),
    "reviewers.acting": Bypass(
        program=_acting,
        without=_raw,
    ),
    "reviewers.cut": Bypass(
        program=_cut, without=replacing(approval, "_evidence", _previewed)
    ),
    "reviewers.escaping": Bypass(
        program=_escaping,
        without=LEAVING["obeyed-escape"],
    ),
}
