"""The policy evaluated in this process: the bundle's Wasm under wasmtime, with a memory cap and a deadline."""

from typing import Final

from opapywasm import UNDEFINED, OpaPoolTimeoutError, OpaWasmError, OpaWasmPolicy, PolicyConfig

from interlock.runtime.errors import GuardFailed, NotCanonical
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import Trouble, read, trouble
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.question import question
from interlock.runtime.policy.request import AccessRequest

DEADLINE_S: Final = 0.25  # as for the server; an evaluation takes under 1 ms, the rest is for a machine that is busy
INSTANCES: Final = 2
MEMORY_PAGES: Final = 512  # of 64 KiB: 32 MiB for each instance
ENTRYPOINT: Final = "rails/decision"


class EmbeddedPoint:
    """A decision point that needs no server.

    Lives as long as the process; `close` is idempotent. Not isolated from the agent's process
    (OWASP AISVS 5.2.5 is met only by the server form). Raises `GuardFailed` at construction when
    the module does not load.
    """

    engine = "opa-wasm"

    def __init__(self, bundle: Bundle, *, deadline_s: float = DEADLINE_S) -> None:
        config = PolicyConfig(
            pool_size=INSTANCES,
            borrow_timeout_seconds=deadline_s,
            eval_timeout_seconds=deadline_s,
            max_memory_pages=MEMORY_PAGES,
            parse_raw_json_input=False,  # we hand in canonical bytes of our own making
            max_result_bytes=256 * 1024,
        )
        self._bundle, self._deadline_s = bundle, deadline_s
        try:
            self._policy = OpaWasmPolicy.from_wasm_bytes(bundle.wasm, config)
            self._policy.set_data(bundle.data)
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

        Evaluated in the calling thread: an evaluation is shorter than a hand-over to another, and
        holds the event loop for no longer than the deadline.
        """
        # Every failure of the engine is an OpaWasmError: a trap, the deadline, the memory cap, an
        # unknown builtin.
        try:
            answer = self._policy.evaluate(question(request), ENTRYPOINT)
        except OpaPoolTimeoutError:
            return self._trouble("pdp_timeout", f"{self._deadline_s} s")
        except (OpaWasmError, NotCanonical) as error:
            return self._trouble("pdp_unavailable", str(error)[:200])
        if answer is UNDEFINED:
            return self._trouble("pdp_undefined", "")
        return read(
            answer, revision=self.revision, engine=self.engine, messages=self._bundle.messages
        )

    def _trouble(self, code: Trouble, detail: str) -> Decision:
        return trouble(code, revision=self.revision, engine=self.engine, detail=detail)

    def close(self) -> None:
        """Free the engine; closing twice is harmless."""
        self._policy.close()
