"""What others build on: the public names, and what loading them costs."""

import subprocess
import sys

import interlock
import interlock.errors
import interlock.testing


def test_every_public_name_is_there() -> None:
    """Each name of `interlock.__all__` can be had, and the version is the installed one."""
    assert [
        name for name in interlock.__all__ if getattr(interlock, name, None) is None
    ] == []
    assert interlock.__version__.count(".") == 2


def test_an_unknown_name_is_no_attribute() -> None:
    """A name that is not public is refused as Python refuses any."""
    assert not hasattr(interlock, "nothing_of_the_kind")


def test_importing_the_package_loads_nothing_heavy() -> None:
    """`import interlock` loads neither the database nor LangGraph nor the policy engine."""
    heavy = (
        "sqlalchemy",
        "langgraph",
        "langchain_core",
        "wasmtime",
        "pydantic",
        "numpy",
    )
    code = f"import interlock, sys; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert ran.stdout.strip() == "[]"
