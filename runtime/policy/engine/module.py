"""One compiled policy under wasmtime, evaluated with a single call into Wasm.

The parts (runtime, ABI, codec) are those of `opapywasm`. The evaluator of that library makes five
calls into Wasm for one evaluation, and its clock ticks a hundred times a second. Here the input
stands where the free heap begins, `opa_eval` is the only call, and the clock rests between uses.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from opapywasm.abi import OpaAbi, OpaAbiSpec
from opapywasm.data import DataManager
from opapywasm.errors import OpaEntrypointError, OpaEvaluationError, OpaMemoryError
from opapywasm.memory import MemoryCodec
from wasmtime import Engine, Trap, TrapCode, WasmtimeError

from interlock.runtime.policy.engine.entry import Entry
from interlock.runtime.policy.engine.machine_code import MachineCode

T = TypeVar("T")
MEMORY_PAGES: Final = 512  # of 64 KiB: an instance holds 32 MiB at most
LARGEST: Final = 16 * 1024 * 1024  # bytes of data or input
LARGEST_RESULT: Final = 256 * 1024  # bytes
TICKS: Final = 5  # in a deadline: an evaluation is stopped after four to five of them
QUIET_TICKS: Final = 20  # without an evaluation, before the clock rests
_PAGE: Final = 64 * 1024  # bytes
_CHUNK: Final = 2048  # bytes read at once: longer than nearly every result


class PolicyModule(Generic[T]):
    """A compiled policy with its data. It evaluates one input at a time: the caller holds a lock.

    *read* makes the answer of the text of a result; it raises ValueError for a text that is none.
    An evaluation that trapped leaves its instance in an unknown state; the instance is thrown away,
    and the next evaluation makes a new one. `close` is idempotent. The constructor and `evaluate`
    raise `OpaWasmError`, and `evaluate` raises TimeoutError when the deadline passed.
    """

    def __init__(
        self,
        wasm: bytes,
        data: bytes,
        *,
        entrypoint: str,
        deadline_s: float,
        read: Callable[[bytes], T],
    ) -> None:
        self._code = MachineCode(wasm, memory_pages=MEMORY_PAGES)
        self._clock = _Clock(self._code.engine, tick_s=deadline_s / TICKS)
        self._data = data
        self._entrypoint = entrypoint
        self._read = read
        self._instance: _Instance | None = self._new()

    def evaluate(self, document: bytes) -> T:
        """Return what is read of the policy's result set for one JSON *document*.

        The result set is a list, empty when the policy is undefined there.
        """
        instance = self._instance or self._new()
        self._instance = None
        self._clock.start()
        try:
            answer = self._read(instance.evaluate(document))
        except Trap as error:
            if error.trap_code == TrapCode.INTERRUPT:
                raise TimeoutError("the evaluation was stopped") from error
            raise OpaEvaluationError(f"evaluation failed: {error}") from error
        except (WasmtimeError, IndexError, ValueError) as error:
            raise OpaEvaluationError(f"evaluation failed: {error}") from error
        else:
            self._instance = instance
            return answer
        finally:
            self._clock.stop()
            if self._instance is None:
                instance.close()

    def close(self) -> None:
        """Free the engine; closing twice is harmless."""
        self._clock.close()
        if self._instance is not None:
            self._instance.close()
            self._instance = None

    def _new(self) -> "_Instance":
        return _Instance(self._code, data=self._data, entrypoint=self._entrypoint)


class _Instance:
    """One store and memory with the data loaded; no builtin of the host can be called."""

    def __init__(self, code: MachineCode, *, data: bytes, entrypoint: str) -> None:
        self._runtime = code.instance()
        abi = OpaAbi(self._runtime, OpaAbiSpec())
        codec = MemoryCodec(
            abi,
            max_input_bytes=LARGEST,
            max_data_bytes=LARGEST,
            max_result_bytes=LARGEST,
            max_cstring_scan_bytes=LARGEST,
        )
        loaded = DataManager(abi, codec, max_data_bytes=LARGEST)
        loaded.load_data(data)
        entrypoints = codec.decode_entrypoints()
        if entrypoint not in entrypoints:
            raise OpaEntrypointError(f"the policy has no entrypoint {entrypoint!r}")
        self._entrypoint = entrypoints[entrypoint]
        self._data = loaded.data_addr
        self._heap = loaded.data_heap_ptr
        self._eval = Entry(self._runtime.store, self._runtime.get_func("opa_eval"))

    def evaluate(self, document: bytes) -> bytes:
        runtime = self._runtime
        runtime.set_epoch_deadline(TICKS)
        end = self._heap + len(document)
        self._grow(end)
        runtime.memory.write(runtime.store, document, self._heap)
        # In order: reserved, entrypoint, data, input and its length, free heap, format (0: JSON).
        result = self._eval(
            0,
            self._entrypoint,
            self._data,
            self._heap,
            len(document),
            end,
            0,
        )
        return self._text(result)

    def close(self) -> None:
        self._runtime.close()

    def _grow(self, end: int) -> None:
        memory = self._runtime.memory
        missing = end - memory.data_len(self._runtime.store)
        if missing > 0:
            memory.grow(self._runtime.store, -(-missing // _PAGE))

    def _text(self, address: int) -> bytes:
        """Return the bytes at *address* up to the first NUL."""
        text = b""
        while len(text) <= LARGEST_RESULT:
            start = address + len(text)
            chunk = self._runtime.memory.read(
                self._runtime.store, start, start + _CHUNK
            )
            before, end, _ = bytes(chunk).partition(b"\0")
            text += before
            if end:
                return text
            if not chunk:
                break
        raise OpaMemoryError(f"the result does not end within {LARGEST_RESULT} bytes")


class _Clock:
    """Advances the engine's epoch while evaluations happen; a daemon thread, started at first use.

    The thread rests after a second or so without an evaluation, so that an idle process is idle.
    """

    def __init__(self, engine: Engine, *, tick_s: float) -> None:
        self._engine = engine
        self._tick_s = tick_s
        self._started = 0
        self._is_running = False
        self._needed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Tick from now on: an evaluation begins."""
        self._started += 1
        self._is_running = True
        if not self._needed.is_set():  # looked at last: see `rest`
            self._needed.set()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._serve, name="policy-clock", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """An evaluation has ended."""
        self._is_running = False

    def close(self) -> None:
        """Stop the thread; closing twice is harmless."""
        self._closed.set()
        self._needed.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        started = 0
        quiet = 0
        while not self._closed.wait(self._tick_s):
            self._engine.increment_epoch()
            quiet = quiet + 1 if started == self._started else 0
            started = self._started
            if quiet > QUIET_TICKS and not self._is_running:
                self.rest()
                quiet = 0

    def rest(self) -> None:
        """Sleep until an evaluation begins or the clock is closed."""
        self._needed.clear()
        # An evaluation that began, or a close that came, before the line above is seen here.
        if self._is_running or self._closed.is_set():
            self._needed.set()
        self._needed.wait()
