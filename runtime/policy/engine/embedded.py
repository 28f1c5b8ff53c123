"""The policy evaluated in this process: Wasm under wasmtime, with a memory cap and a deadline."""

import asyncio
import threading
from functools import lru_cache
from typing import Any, Final

import orjson
from opapywasm import OpaPolicyClosedError, OpaWasmError

from interlock.runtime.errors import GuardFailed, NotCanonical
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import Trouble, read, trouble
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.module import PolicyModule
from interlock.runtime.policy.engine.question import listed, question
from interlock.runtime.policy.request import AccessRequest

#: As for the server. An evaluation takes under 1 ms; the rest is for a machine that is busy
DEADLINE_S: Final = 0.25
#: Bytes of arguments that are worth a thread
LARGE: Final = 64 * 1024
ENTRYPOINT: Final = "rails/decision"
#: Answers that are remembered, and the bytes of one at most: a policy has few, and says them often
_ANSWERS: Final = 256
_LONGEST: Final = 1024


class EmbeddedPoint:
    """A decision point that needs no server.

    Lives as long as the process; `close` is idempotent. Not isolated from the agent's process
    (OWASP AISVS 5.2.5 is met only by the server form). Raises `GuardFailed` at construction when
    the module does not load.
    """

    engine = "opa-wasm"

    def __init__(self, bundle: Bundle, *, deadline_s: float = DEADLINE_S) -> None:
        self._bundle = bundle
        self._listed = listed(bundle.data)
        self._deadline_s = deadline_s
        self._lock = threading.Lock()
        self._is_open = True
        self._remembered = lru_cache(_ANSWERS)(self._decision)
        try:
            self._module = PolicyModule(
                bundle.wasm,
                orjson.dumps(bundle.data),
                entrypoint=ENTRYPOINT,
                deadline_s=deadline_s,
                read=self._read,
            )
        except OpaWasmError as error:
            raise GuardFailed(
                guard="policy engine", why=str(error), next_step="Rebuild the bundle."
            ) from error

    @property
    def revision(self) -> str:
        """The bundle's revision."""
        return self._bundle.revision

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the policy's decision; see `DecisionPoint`.

        Evaluated in the calling thread: an evaluation is shorter than a hand-over to another
        thread. Large arguments, and what must wait for another evaluation, take a thread, so that
        the event loop goes on.
        """
        # Every other failure of the engine is an OpaWasmError: a trap, the memory cap, a builtin.
        try:
            return await self._decided(request)
        except TimeoutError:
            return self._trouble("pdp_timeout", f"{self._deadline_s} s")
        except (OpaWasmError, NotCanonical) as error:
            return self._trouble("pdp_unavailable", str(error)[:200])

    def close(self) -> None:
        """Free the engine; closing twice is harmless. A later question is denied."""
        with self._lock:
            self._is_open = False
            self._module.close()

    async def _decided(self, request: AccessRequest) -> Decision:
        def work() -> Decision:
            return self._evaluated(question(request, self._listed))

        if len(request.action.written.text) > LARGE or self._lock.locked():
            return await asyncio.to_thread(work)
        return work()

    def _evaluated(self, document: bytes) -> Decision:
        """Return the decision; wait for an evaluation in another thread until the deadline."""
        if not self._lock.acquire(timeout=self._deadline_s):
            raise TimeoutError("another evaluation did not end")
        try:
            if not self._is_open:
                raise OpaPolicyClosedError("the engine is closed")
            return self._module.evaluate(document)
        finally:
            self._lock.release()

    def _read(self, text: bytes) -> Decision:
        """Return the decision in a result; equal answers are read once."""
        return (self._remembered if len(text) <= _LONGEST else self._decision)(text)

    def _decision(self, text: bytes) -> Decision:
        answers = orjson.loads(text)
        if answers == []:
            return self._trouble("pdp_undefined", "")
        return read(
            _result(answers),
            revision=self.revision,
            engine=self.engine,
            messages=self._bundle.messages,
        )

    def _trouble(self, code: Trouble, detail: str) -> Decision:
        return trouble(code, revision=self.revision, engine=self.engine, detail=detail)


def _result(answers: Any) -> Any:
    """Return the result in OPA's result set `[{"result": ...}]`, or None for any other shape."""
    match answers:
        case [{"result": result}]:
            return result
        case _:
            return None
