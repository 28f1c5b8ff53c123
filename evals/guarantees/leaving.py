"""How the guards around the engine, LangChain and the way out are taken away."""

import sys
from contextlib import nullcontext
from email.message import EmailMessage
from functools import partial
from typing import Any, Final

import aiosmtplib
import httpx2
from langchain_core.messages import AIMessage
from rich.text import Text

from interlock.evals.guarantees.patch import (
    Break,
    Patch,
    never,
    nothing,
    replacing,
    yes,
)
from interlock.evals.guarantees.rules import any_revision
from interlock.runtime import environment, telemetry
from interlock.runtime.graph import driver, tripwire
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.engine import answer, question
from interlock.serving.cli import session
from interlock.serving.verification import jobs, rules
from interlock.tools import mail
from interlock.tools.mail import SmtpOutbox
from interlock.tools.models import answer as taking
from interlock.tools.models import parts
from interlock.tools.outbound import client, destination
from interlock.tools.outbound.destination import Destination
from interlock.tools.sandbox import process
from interlock.tools.sandbox.limits import Limits

_ESCAPE: Final = (
    "from interlock.tools.sandbox import escape, limits;"
    "escape.main(limits.Isolation(calls=False, files=False, network=False))"
)


def _believing(content: Any, *, revision: str, engine: str, **_: Any) -> Decision:
    """Take whatever an engine answers for a permit."""
    return Decision(
        effect="permit",
        reasons=(Reason(code="granted", rule="probe"),),
        obligations=(),
        revision=revision,
        engine=engine,
    )


def _unconfined(*_: str, limits: Limits) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path}; {_ESCAPE}"]


async def _no_errors(*_: Any) -> list[str]:
    return []


async def _whole(response: httpx2.Response, *_: Any) -> bytes:
    return b"".join([chunk async for chunk in response.aiter_raw()])


def _any_answer(message: AIMessage, **_: Any) -> str:
    return message.text


def _shown(text: str, **_: Any) -> Text:
    return Text(text)


async def _heedless(self: Any, message: EmailMessage, *, key: str) -> None:
    """Send a mail, whomever the server refuses."""
    server = aiosmtplib.SMTP(hostname=self._host, port=self._port, start_tls=False)
    async with server:
        await server.send_message(message)


def _by_environment(patch: Patch) -> None:
    obedient = partial(_obedient, httpx2.AsyncClient)
    patch.put(httpx2, "AsyncClient", obedient)


def _obedient(make: Any, **options: Any) -> Any:
    return make(**(options | {"trust_env": True}))


ENGINE: Final[dict[str, Break]] = {
    "other-revision": any_revision,
    "garbled-answer": replacing(answer, "read", _believing),
    "side-door": replacing(tripwire, "_take", nothing),
    "unread-text": replacing(question, "_hidden", lambda value: value),
    "permissive-policy": replacing(rules._Policy, "error", never),  # noqa: SLF001 - a guard taken apart
    "crippled-policy": replacing(jobs, "_denied", _no_errors),
    "hostile-document": replacing(process, "command", _unconfined),
}
LEAVING: Final[dict[str, Break]] = {
    "listening-tracer": replacing(driver, "untraced", lambda _: nullcontext()),
    "telling-variable": replacing(
        environment, "variable", lambda _: environment.variables()[-1]
    ),
    "words-on-a-span": replacing(telemetry, "_word", str),
    "fetched-picture": replacing(parts, "_is_taken", yes),
    "flooded-answer": replacing(taking, "taken", _any_answer),
    "obeyed-escape": replacing(session, "shown", _shown),
}
OUTSIDE: Final[dict[str, Break]] = {
    "redirect": replacing(client, "_check", nothing),
    "compressed-answer": replacing(client, "_check", nothing),
    "endless-answer": replacing(client, "_body", _whole),
    "plain-http": replacing(destination, "_is_loopback", yes),
    "inner-address": replacing(Destination, "_is_allowed", yes),
    "proxy-variable": _by_environment,
    "partly-sent-mail": replacing(SmtpOutbox, "deliver", _heedless),
    "smuggled-recipient": replacing(mail, "_check_plain", nothing),
}
