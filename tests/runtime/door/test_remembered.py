"""What was opened is remembered under its key, and for these bytes alone."""

import gc

from interlock.runtime.door.remembered import LARGEST, MOST, remembered
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
        ask(keys[1], "2", bytes(LARGEST + 1))
    assert len(made) == 5
    for number in range(MOST + 1):
        ask(keys[1], f"n{number}", b"")
    ask(keys[1], f"n{MOST}", b"")
    assert len(made) == 5 + MOST + 2

    del keys, key
    gc.collect()
    ask(DataKey(id="a", secret=bytes(32)), "1", b"changed")
    assert len(made) == 5 + MOST + 3
