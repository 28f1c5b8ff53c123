"""What was opened is remembered under its key, and for these bytes alone."""

import gc

from interlock.runtime.door.remembered import BYTES, MOST, remembered
from interlock.runtime.record.vault import DataKey


def test_what_was_opened_is_remembered_for_its_key_and_its_bytes() -> None:
    """The same bytes are made something of once for each key; changed ones, long ones and those
    beyond the bound each time; and nothing outlives the key.
    """
    made: list[bytes] = []

    def ask(key: DataKey, name: str, sealed: bytes) -> None:
        remembered(key, name, sealed, lambda: made.append(sealed))

    keys = [DataKey(id=name, secret=bytes(32)) for name in "ab"]
    for key in keys * 2:
        ask(key, "1", b"sealed")
        ask(key, "1", b"sealed")
    assert made == [b"sealed"] * 2

    ask(keys[0], "1", b"changed")
    for _ in range(2):
        ask(keys[1], "2", bytes(BYTES))
    assert len(made) == 5
    for number in range(MOST + 1):
        ask(keys[1], f"n{number}", b"")
    ask(keys[1], f"n{MOST}", b"")
    assert len(made) == 5 + MOST + 2

    del keys, key
    gc.collect()
    ask(DataKey(id="a", secret=bytes(32)), "1", b"changed")
    assert len(made) == 5 + MOST + 3


def test_a_large_value_is_remembered_while_there_is_room_for_its_bytes() -> None:
    """All bytes of one key count together; what takes the place of another frees its bytes."""
    made: list[int] = []

    def ask(name: str, sealed: bytes) -> None:
        remembered(key, name, sealed, lambda: made.append(len(sealed)))

    key = DataKey(id="a", secret=bytes(32))
    half = bytes(BYTES // 2)
    for name in ("1", "2", "1", "2"):
        ask(name, half)
    assert made == [len(half)] * 2
    for _ in range(2):
        ask("3", b"x")
    assert made == [len(half)] * 2 + [1] * 2

    ask("2", b"small")
    for _ in range(2):
        ask("3", b"x")
    assert made == [len(half)] * 2 + [1] * 2 + [5, 1]
