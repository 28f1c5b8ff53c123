"""Replicas: one file says where they are, and every document has its own order of them."""

from collections import Counter
from pathlib import Path

import pytest

from interlock.tools.models.replicas import (
    Replica,
    Replicas,
    State,
    nearest,
    place,
    read,
    write,
)


def replica(number: int, state: State = "ready") -> Replica:
    return Replica(
        url=f"http://127.0.0.1:{8000 + number}/v1", state=state, since=1_800_000_000
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Another process reads the replicas as they were written last."""
    for state in ("starting", "ready"):
        write(tmp_path, Replicas(model="small", replicas=(replica(0, state),)))

    assert read(tmp_path, "small") == (replica(0),)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"model": "small", "replicas": [{"url": 1}]}', b"\xff"],
)
def test_a_file_that_is_none_has_no_replica(tmp_path: Path, content: bytes) -> None:
    """No request is sent to where a broken file may say that a server is."""
    write(tmp_path, Replicas(model="small", replicas=(replica(0),)))
    place(tmp_path, "small").write_bytes(content)

    assert read(tmp_path, "small") == ()


def test_a_model_that_nobody_serves_has_no_replica(tmp_path: Path) -> None:
    """Where nothing was written there is no replica."""
    assert read(tmp_path, "small") == ()


@pytest.mark.parametrize("state", ["starting", "draining", "down", "failed", "stopped"])
def test_only_a_ready_replica_gets_requests(state: State) -> None:
    """A replica in any other state is in nobody's order."""
    assert nearest([replica(0, state), replica(1)], "document") == (replica(1),)


def test_a_key_keeps_its_order_whatever_the_order_of_the_replicas() -> None:
    """Everybody who asks with one key begins with the same replica."""
    replicas = [replica(number) for number in range(4)]

    assert nearest(replicas, "a") == nearest(replicas[::-1], "a")


def test_the_keys_are_shared_evenly() -> None:
    """Of 4,000 documents each of four replicas has about a quarter."""
    replicas = [replica(number) for number in range(4)]
    shares = Counter(nearest(replicas, str(key))[0].url for key in range(4_000))

    assert len(shares) == 4
    assert all(900 < share < 1_100 for share in shares.values())


def test_only_the_keys_of_a_replica_that_leaves_move() -> None:
    """Without one of four replicas every other document stays where its text is cached."""
    replicas = [replica(number) for number in range(4)]
    moved = [
        (before, after)
        for key in range(1_000)
        if (before := nearest(replicas, str(key))[0])
        != (after := nearest(replicas[:3], str(key))[0])
    ]

    assert moved
    assert {before for before, _ in moved} == {replicas[3]}
    assert {after for _, after in moved} == set(replicas[:3])
