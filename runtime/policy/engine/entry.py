"""One function of a Wasm instance, called with its arguments in place.

wasmtime's own call asks for the function's type and makes a value of each argument, every time
anew, which takes longer than the policy does. The call that this module makes is the one beneath
it, and checks numbers and kinds of the values just so.
"""

from ctypes import byref
from typing import Any

from wasmtime import Func, Store, WasmtimeError

from interlock.runtime.errors import GuardFailed


class Entry:
    """A function of 32-bit integers with one such result; lives as long as its *store*.

    Raises `WasmtimeError` at construction for a function of another type, and `GuardFailed` where
    wasmtime has no such call (fails closed). A call raises what wasmtime raises for a function that
    trapped. One call at a time.
    """

    def __init__(self, store: Store, function: Func) -> None:
        signature = function.type(store)
        kinds = {str(kind) for kind in (*signature.params, *signature.results)}
        if kinds != {"i32"} or len(signature.results) != 1:
            raise WasmtimeError("the function is no function of 32-bit integers")
        self._store = store
        self._function = function
        self._count = len(signature.params)
        try:
            self._prepare()
        except (ImportError, AttributeError) as error:
            raise GuardFailed(
                guard="policy engine",
                why=f"this wasmtime cannot be called: {error}",
                next_step="Install a version of wasmtime that Interlock's package names.",
            ) from error

    def _prepare(self) -> None:
        """Look up whatever wasmtime does not promise to keep, and put the arguments in place."""
        from wasmtime import _ffi, _func  # noqa: PLC0415 - another version may not have them

        self._call = _ffi.wasmtime_func_call
        self._entering = _func.enter_wasm
        self._failure = WasmtimeError._from_ptr  # noqa: SLF001 - wasmtime names it nowhere else
        self._context = self._store._context  # noqa: SLF001 - as above
        self._place = byref(self._function._func)  # noqa: SLF001 - as above
        self._arguments = (_ffi.wasmtime_val_t * self._count)()
        self._result = (_ffi.wasmtime_val_t * 1)()
        for argument in self._arguments:
            argument.kind = _ffi.WASMTIME_I32

    def __call__(self, *values: int) -> int:
        """Call the function once; raises ValueError for another number of values."""
        for argument, value in zip(self._arguments, values, strict=True):
            argument.of.i32 = value
        with self._entering(self._store) as trap:
            error = self._call(
                self._context(),
                self._place,
                self._arguments,
                self._count,
                self._result,
                1,
                trap,
            )
            if error:
                raise self._failure(error)
        result: Any = self._result[0].of.i32
        return int(result)
