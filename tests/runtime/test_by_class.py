"""What is worked out once for a class."""

import gc
from weakref import ref

from interlock import Permit, Value, tool
from interlock.runtime.by_class import once
from interlock.runtime.door import schema
from interlock.runtime.door.tool import schema_digest


def test_a_class_is_worked_out_once_and_forgotten_when_it_is_gone() -> None:
    """The second question does no work, and nothing is kept of a class that nobody uses."""
    done: list[str] = []

    @once
    def named(of: type[object]) -> str:
        done.append(of.__name__)
        return of.__name__

    class First:
        pass

    class Second:
        pass

    assert [named(First), named(First), named(Second)] == ["First", "First", "Second"]
    assert done == ["First", "Second"]

    gone = ref(First)
    del First
    gc.collect()

    assert gone() is None


def test_a_tool_that_is_let_go_leaves_nothing() -> None:
    """Whoever connects to other systems again and again does not grow by their tools."""

    class Payment(Value):
        account: str = ""

    @tool("bank.pay", action="write")
    async def pay(permit: Permit, arguments: Payment) -> Value:
        """Pay."""
        return arguments

    schema_digest(pay)
    for look in (schema.defaults, schema.fields, schema.closed):
        look(Payment)
    gone = ref(Payment)
    del pay, Payment
    gc.collect()

    assert gone() is None
