"""The clerk: reads an invoice, looks up its order, and pays when the amounts agree."""

import os
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from interlock import Done, Door, Graph, Outcome, Value, Waiting
from invoices.books import Books
from invoices.tools import invoice_tools


class Payable(Value):
    """What a person asks for: pay this invoice, which is for this order."""

    invoice: str
    order: str


class State(TypedDict, total=False):
    """The state of one run: plain JSON values, because they are kept between steps."""

    invoice: str
    order: str
    claim: dict[str, Any]
    agreed: bool
    result: dict[str, Any]


class InvoiceClerk:
    """The agent; stateless, so one instance serves every run."""

    name = "invoices"
    role = "invoices"
    request = Payable

    def __init__(self, books: Books | None = None) -> None:
        folder = Path(os.environ.get("INVOICES_BOOKS", "books"))
        self.tools = invoice_tools(books or Books(folder=folder))

    def build(self, door: Door) -> Graph:
        """Return the graph of one run: read, compare, pay."""

        async def read(state: State) -> State:
            number = {"invoice": state["invoice"]}
            outcome = await door.call("invoices.read", number, call_id="read")
            if not isinstance(outcome, Done):
                return {"result": told(outcome)}
            return {"claim": outcome.value.model_dump()}

        async def compare(state: State) -> State:
            number = {"order": state["order"]}
            outcome = await door.call("orders.lookup", number, call_id="compare")
            if not isinstance(outcome, Done):
                return {"result": told(outcome)}
            order = outcome.value.model_dump()
            if state["claim"]["cents"] > order["cents"]:
                return {"result": {"outcome": "NotAgreed", "ordered": order["cents"]}}
            return {"agreed": True}

        async def pay(state: State) -> State:
            outcome = await door.call("invoices.pay", state["claim"], call_id="pay")
            while isinstance(outcome, Waiting):
                interrupt({"approval": outcome.approval_id})
                outcome = await door.call("invoices.pay", state["claim"], call_id="pay")
            return {"result": told(outcome)}

        graph: Graph = StateGraph(State)
        graph.add_node("read", read)
        graph.add_node("compare", compare)
        graph.add_node("pay", pay)
        graph.add_edge(START, "read")
        graph.add_conditional_edges("read", going_on("compare"), ["compare", END])
        graph.add_conditional_edges("compare", going_on("pay"), ["pay", END])
        graph.add_edge("pay", END)
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return what became of the invoice."""
        result: dict[str, Any] = state.get("result", {})
        return result


def going_on(step: str) -> Any:
    """Return a route to *step*, or to the end once there is a result."""

    def route(state: State) -> str:
        return END if "result" in state else step

    return route


def told(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    if isinstance(outcome, Done):
        return {"outcome": "Done", **outcome.value.model_dump()}
    return {
        "outcome": type(outcome).__name__,
        "codes": list(getattr(outcome, "codes", ())),
    }
