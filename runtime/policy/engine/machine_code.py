"""The machine code of a policy: compiled once in a process, whoever opens the policy again.

Compiling takes half a second of processor time, reading machine code two milliseconds. The code
never leaves the memory of the process: a file of it could be exchanged for any other code.
"""

import logging
from functools import lru_cache
from typing import Final

from opapywasm.runtime import WasmtimeRuntime, WasmtimeRuntimeFactory
from wasmtime import Config, Engine, Module

# A policy that begins with more memory than the smallest is no trouble: the cap is ours.
logging.getLogger("opapywasm.runtime").setLevel(logging.ERROR)
#: Policies of one process: the one in force, the next one, and those of a comparison
_KEPT: Final = 4


class MachineCode:
    """One policy's code in an engine of its own, so that its deadlines are nobody else's.

    The constructor raises `OpaWasmError` when the bytes are no policy.
    """

    def __init__(self, wasm: bytes, *, memory_pages: int) -> None:
        self._memory_pages = memory_pages
        config = Config()
        config.epoch_interruption = True
        self.engine = Engine(config)
        self._module = Module.deserialize(self.engine, _compiled(wasm))

    def instance(self) -> WasmtimeRuntime:
        """Return a new instance, with a store and a memory of its own."""
        return WasmtimeRuntime(
            self.engine,
            self._module,
            None,
            max_memory_pages=self._memory_pages,
        )


@lru_cache(maxsize=_KEPT)
def _compiled(wasm: bytes) -> bytes:
    # Bytes that are no policy raise, and what raises is not kept.
    return bytes(WasmtimeRuntimeFactory(wasm).module.serialize())
