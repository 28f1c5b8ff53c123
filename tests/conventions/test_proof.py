"""A test that is there runs, and what it proves does not depend on the network."""

import ast
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

_ESCAPES: Final = frozenset(
    {"skip", "skipif", "xfail", "importorskip", "skipTest", "skipIf", "skipUnless"}
)


def test_no_test_is_left_out(modules: Mapping[Path, ast.Module]) -> None:
    """No test is skipped or expected to fail: what is missing on this machine is a failure.

    Tests that need an accelerator or a cluster lie in `tests/device`, which is run by its own name.
    """
    assert [
        f"{path}:{node.lineno} {node.attr}"
        for path, tree in modules.items()
        if path.parts[0] == "tests" and path.parts[1] != "device"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in _ESCAPES
    ] == []


def test_the_network_is_off() -> None:
    """A test that reaches for another machine fails, by address."""
    with (
        pytest.raises(RuntimeError, match=r"socket\.connect"),
        pytest.warns(UserWarning, match="tried to use socket"),
    ):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_loopback_is_on(tmp_path: Path) -> None:
    """A server under test can be reached on this machine, over TCP and over a Unix socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    path = str(tmp_path / "s")
    with (
        socket.socket(socket.AF_UNIX) as served,
        socket.socket(socket.AF_UNIX) as asking,
    ):
        served.bind(path)
        served.listen()
        asking.connect(path)
