"""A function of a Wasm instance that is called with its arguments in place."""

import pytest
from wasmtime import (
    Engine,
    Func,
    Instance,
    Module,
    Store,
    Trap,
    WasmtimeError,
    _ffi,
    _func,
)

from interlock.errors import GuardFailed
from interlock.runtime.policy.engine.entry import Entry

TEXT = """
(module
  (func (export "less") (param i32 i32) (result i32) local.get 0 local.get 1 i32.sub)
  (func (export "wide") (param i64) (result i32) i32.const 0)
  (func (export "none") (param i32))
  (func (export "trap") (param i32) (result i32) unreachable))
"""


def exported(name: str) -> tuple[Store, Func]:
    """Return one function of the module, and its store."""
    engine = Engine()
    store = Store(engine)
    instance = Instance(store, Module(engine, TEXT), [])
    function = instance.exports(store)[name]
    assert isinstance(function, Func)
    return store, function


def test_it_answers_as_the_function_does_each_time() -> None:
    """Every call takes its own values, in their order, and negative numbers stay so."""
    less = Entry(*exported("less"))

    assert [less(5, 3), less(3, 5), less(2**31 - 1, 0)] == [2, -2, 2**31 - 1]
    with pytest.raises(ValueError, match="shorter"):
        less(1)


@pytest.mark.parametrize("name", ["wide", "none"])
def test_a_function_of_another_type_is_refused(name: str) -> None:
    """Values are put in place by their kind, so a function with other kinds is none of ours."""
    with pytest.raises(WasmtimeError):
        Entry(*exported(name))


def test_a_trap_is_raised() -> None:
    """An evaluation that was stopped, or that broke, gives no answer."""
    with pytest.raises(Trap):
        Entry(*exported("trap"))(1)


@pytest.mark.parametrize(
    ("place", "name"),
    [(_ffi, "wasmtime_func_call"), (_func, "enter_wasm"), (_ffi, "WASMTIME_I32")],
)
def test_a_wasmtime_without_the_call_is_a_guard_that_failed(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str
) -> None:
    """Where wasmtime does not have what is called beneath it, no policy is loaded, and a person is
    told which package is wrong.
    """
    less = exported("less")
    monkeypatch.delattr(place, name)

    with pytest.raises(GuardFailed, match="wasmtime"):
        Entry(*less)
