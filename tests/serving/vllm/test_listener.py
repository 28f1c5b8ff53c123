"""Who listens at a port is known before anything is sent there."""

import os
import socket
from pathlib import Path

import pytest

from interlock.serving.vllm import listener
from interlock.serving.vllm.probe import VllmProbe
from interlock.tools.outbound.destination import Destination

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout\n"


def table(folder: Path, *, port: int, state: str = "0A", uid: int) -> tuple[Path]:
    """Return a table of the kernel with one row."""
    file = folder / "tcp"
    row = f"0: 0100007F:{port:04X} 00000000:0000 {state} 0:0 00:0 0 {uid} 0 1\n"
    file.write_text(HEAD + row)
    return (file,)


def test_another_account_at_the_port_is_told(tmp_path: Path) -> None:
    """Only who listens counts, at that port, under another account than ours."""
    other = os.getuid() + 1

    assert listener.is_foreign(8123, table(tmp_path, port=8123, uid=other))
    assert not listener.is_foreign(8124, table(tmp_path, port=8123, uid=other))
    assert not listener.is_foreign(8123, table(tmp_path, port=8123, uid=os.getuid()))
    ended = table(tmp_path, port=8123, state="06", uid=other)
    assert not listener.is_foreign(8123, ended)


def test_where_nobody_tells_anybody_may_listen(tmp_path: Path) -> None:
    """Without a table, or with a garbled one, nothing is asked; one of two tables is enough."""
    own = table(tmp_path, port=8123, uid=os.getuid())

    garbled = tmp_path / "garbled"
    garbled.write_text(HEAD + "0: here:now there 0A 0:0 00:0 0 root 0 1\n")

    assert listener.is_foreign(8123, (tmp_path / "none",))
    assert listener.is_foreign(8123, (garbled,))
    assert not listener.is_foreign(8123, (*own, tmp_path / "none"))


async def test_no_probe_and_no_key_reach_another_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever took the port before our server did is not asked, so nothing is announced."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(os, "getuid", lambda: -1)
        probe = VllmProbe(
            server=Destination.parse(f"http://127.0.0.1:{port}", reach="any"),
            model="small",
            key="s3cret",
            patience_s=0.5,
        )
        health = await probe.health()

    assert health == "silent"
    assert probe.said == "another account listens at its port"
