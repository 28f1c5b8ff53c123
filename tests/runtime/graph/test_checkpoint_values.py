"""Values of checkpoints in pieces: they come back equal, and a step stores what it changed."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from interlock.runtime.errors import Tampered
from interlock.runtime.graph.checkpoint_values import PIECE, Packing, Unpacking
from interlock.runtime.record.vault import DataKey

KEY = DataKey(id="run", secret=bytes(32))
SERDE = JsonPlusSerializer(
    pickle_fallback=False, allowed_msgpack_modules=[AIMessage, HumanMessage]
)
TEXT = "text that an agent reads, " * 8
LONG = "x" * 3 * PIECE
VALUES: dict[str, Any] = {
    "nothing": None,
    "bytes": b"\x00" * 2 * PIECE,
    "an array of bytes": bytearray(b"\x00" * 2 * PIECE),
    "a long text": LONG,
    "long lists in a list": [[LONG, [2]], [TEXT] * 20],
    "a short list": [1, "two", {"three": [3]}],
    "a long list": list(range(20_000)),
    "long members": [LONG, {LONG: LONG}, [LONG, [LONG]], []],
    "a dict": {f"key {number}": [TEXT, number] for number in range(200)},
    "keys of any kind": dict.fromkeys(range(20), TEXT) | {None: 1, "": 2},
    "messages": [AIMessage(f"{number} {TEXT}", id=str(number)) for number in range(99)],
}


def test_every_value_comes_back_equal() -> None:
    """Whatever was packed is unpacked to the same value of the same type."""
    for name, value in VALUES.items():
        packing = Packing(SERDE, KEY)
        packed = packing.pack(value)
        unpacking = Unpacking(SERDE, packing.pieces.__getitem__)
        back = unpacking.unpack(packed, what=name)

        assert (name, type(back), back) == (name, type(value), value)
        assert unpacking.names == set(packing.pieces)
        assert len(packed) < 5 * PIECE


def test_a_tuple_comes_back_as_a_list() -> None:
    """A tuple is packed as LangGraph's own serialiser has it, long or short."""
    for value in ((1, 2), tuple(range(2_000)), (LONG, LONG)):
        packing = Packing(SERDE, KEY)
        unpacking = Unpacking(SERDE, packing.pieces.__getitem__)

        assert unpacking.unpack(packing.pack(value), what="it") == list(value)


def history(steps: int) -> list[Any]:
    return [{"step": step, "said": TEXT + str(step)} for step in range(steps)]


GROWING: dict[str, Any] = {
    "a list": history,
    "messages": lambda steps: [
        HumanMessage(TEXT + str(step), id=str(step)) for step in range(steps)
    ],
    "long members": lambda steps: [LONG + str(step) for step in range(steps)],
    "a dict": lambda steps: {f"clause {step}": TEXT for step in range(steps)},
    "a list inside": lambda steps: {"notes": {"all": history(steps)}, "n": steps},
    "the newest first": lambda steps: history(steps)[::-1],
    "a changed member": lambda steps: [*history(200), steps, *history(200)],
}


@pytest.mark.parametrize("growing", GROWING)
def test_a_step_stores_what_it_changed(growing: str) -> None:
    """One more member costs about as much after 400 steps as after 25, wherever it is put."""
    value_after = GROWING[growing]

    def cost(first: int) -> float:
        """Return the bytes a step that 32 steps write."""
        stored: set[str] = set()
        written = 0
        for step in range(first, first + 32):
            packing = Packing(SERDE, KEY)
            row = packing.pack(value_after(step))
            new = packing.pieces.keys() - stored
            if step > first:
                written += len(row) + sum(len(packing.pieces[name]) for name in new)
            stored |= new
        return written / 31

    early, late = cost(25), cost(400)

    assert late < 1.5 * early
    assert late < 5 * PIECE


def test_nothing_but_what_was_packed_is_decoded() -> None:
    """A kind that is not plain, a form that is none of ours, and a lost piece are refused."""

    def lost(name: str) -> bytes:
        raise Tampered(what=name, why="it is gone")

    unpacking = Unpacking(SERDE, lost)
    for packed in (b"vpickle\nx", b"vjson\n{}", b"v", b"x", b"", b"n" + bytes(16)):
        with pytest.raises(Tampered):
            unpacking.unpack(packed, what="it")
