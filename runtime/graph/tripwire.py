"""The process-wide tripwire: no LangChain model or tool runs in this process without a one-shot pass from a permit.

Importing this module installs it. It is the second layer: the first is that agents hold only
governed objects; this one catches whatever else reaches a model or a tool through LangChain's
public interface. It fails closed: it raises, and LangChain is told to let that through. What it
cannot see is code that calls private methods (`_generate`, `tool.func`) or speaks to the network
itself; import rules and a limited network are for that (docs/threat-model.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, NoReturn, TypeAlias
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
        self.kind, self.name, self.used = kind, name, False


_pass: Final[ContextVar[_Pass | None]] = ContextVar("interlock_pass", default=None)


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
    """Refuses every start that has no pass. Synchronous on purpose: LangChain swallows an async handler's errors."""

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
    ) -> NoReturn:
        """Refuse every completion model: nothing here is one."""
        raise Ungoverned(kind="model", name=_name(serialized))

    def on_tool_start(
        self, serialized: dict[str, Any], input_str: str, *, run_id: UUID, **_: Any
    ) -> None:
        """Refuse a tool without a pass."""
        _take("tool", _name(serialized))

    def on_retriever_start(
        self, serialized: dict[str, Any], query: str, *, run_id: UUID, **_: Any
    ) -> NoReturn:
        """Refuse every retriever: nothing here is one."""
        raise Ungoverned(kind="retriever", name=_name(serialized))


def _take(kind: Kind, name: str) -> None:
    ticket = _pass.get()
    if ticket is None or ticket.used or (ticket.kind, ticket.name) != (kind, name):
        raise Ungoverned(kind=kind, name=name)
    ticket.used = True


def _name(serialized: dict[str, Any] | None) -> str:
    found = serialized or {}
    path = found.get("id") or ["unnamed"]
    return str(found.get("name") or path[-1])


_handler: Final[ContextVar[BaseCallbackHandler | None]] = ContextVar(
    "interlock_tripwire", default=Tripwire()
)  # noqa: B039 - stateless
register_configure_hook(_handler, inheritable=True)
