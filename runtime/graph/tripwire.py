"""The tripwire: in a governed run, no LangChain model or tool runs without a pass from a permit.

A pass serves one call.

Importing this module installs the tripwire; until a run is driven it refuses nothing, so other
LangChain agents of the process go on as before. Two scopes can be watched:

    governing()   code that runs inside a governed run: the driver enters it. Tasks inherit it, and
                  threads that LangChain or `asyncio.to_thread` start; a bare `threading.Thread`,
                  `run_in_executor` of an event loop and a task with another context do not
    strict()      the whole process, bare threads too: the command line enters it

The tripwire is the second layer: the first is that agents hold only governed objects. It catches
whatever else reaches a model or a tool through LangChain's public interface. It fails closed: it
raises, and LangChain is told to let the error through. It cannot see code that calls private
methods (`_generate`, `tool.func`) or speaks to the network itself; import rules and a limited
network are for that (docs/threat-model.md).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.tracers.context import register_configure_hook

from interlock.runtime.errors import Ungoverned
from interlock.runtime.policy.decision import Permit

Kind: TypeAlias = Literal["model", "tool"]


class _Pass:
    """One admission for one call."""

    __slots__ = ("kind", "name", "used")

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind = kind
        self.name = name
        self.used = False


class _Strict:
    """How many blocks of `strict` are open in this process."""

    def __init__(self) -> None:
        self.blocks = 0
        self.lock = threading.Lock()

    def add(self, count: int) -> None:
        with self.lock:
            self.blocks += count


_pass: Final[ContextVar[_Pass | None]] = ContextVar("interlock_pass", default=None)
_governed: Final[ContextVar[bool]] = ContextVar("interlock_governed", default=False)
_strict: Final = _Strict()


@contextmanager
def governing() -> Iterator[None]:
    """Watch the code inside this block, and the tasks and threads that inherit its context."""
    token = _governed.set(True)
    try:
        yield
    finally:
        _governed.reset(token)


@contextmanager
def strict() -> Iterator[None]:
    """Watch the whole process while this block runs; blocks may overlap."""
    _strict.add(1)
    try:
        yield
    finally:
        _strict.add(-1)


@contextmanager
def admit(permit: Permit, *, kind: Kind, name: str) -> Iterator[None]:
    """Let one call of the named LangChain object through, once, while the block runs.

    Takes the permit under which the caller acts, so only code behind the door can open the
    tripwire.
    """
    if type(permit) is not Permit:
        raise TypeError("the tripwire opens for a Permit only")
    token = _pass.set(_Pass(kind, name))
    try:
        yield
    finally:
        _pass.reset(token)


class Tripwire(BaseCallbackHandler):
    """Refuses every watched start that has no pass.

    Synchronous on purpose: LangChain swallows the errors of an asynchronous handler.
    """

    raise_error = True
    run_inline = True

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **_: Any,
    ) -> None:
        """Refuse a chat model without a pass."""
        _take("model", _name(serialized))

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **_: Any
    ) -> None:
        """Refuse every completion model: no pass is for one."""
        _refuse("model", _name(serialized))

    def on_tool_start(
        self, serialized: dict[str, Any], input_str: str, *, run_id: UUID, **_: Any
    ) -> None:
        """Refuse a tool without a pass."""
        _take("tool", _name(serialized))

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, **_: Any
    ) -> None:
        """Refuse every retriever: no pass is for one."""
        _refuse("retriever", _name(serialized))


def _take(kind: Kind, name: str) -> None:
    """Use the pass of this context, where it is for this call."""
    ticket = _pass.get()
    if ticket is None or ticket.used or (ticket.kind, ticket.name) != (kind, name):
        _refuse(kind, name)
    else:
        ticket.used = True


def _refuse(kind: Kind | Literal["retriever"], name: str) -> None:
    if _strict.blocks > 0 or _governed.get():
        raise Ungoverned(kind=kind, name=name)


def _name(serialized: dict[str, Any] | None) -> str:
    described = serialized or {}
    path = described.get("id") or ["unnamed"]
    return str(described.get("name") or path[-1])


_handler: Final[ContextVar[BaseCallbackHandler | None]] = ContextVar(
    "interlock_tripwire",
    default=Tripwire(),  # noqa: B039 - stateless
)
register_configure_hook(_handler, inheritable=True)
