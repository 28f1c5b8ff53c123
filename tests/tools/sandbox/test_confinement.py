"""What the child cannot do: each is tried, in a real process, after `confine`."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from interlock.tools import documents
from interlock.tools.documents.reader import parsing
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import command, escapes, isolation, run

PROBE = """
import ctypes, dataclasses, json, os, resource, socket, subprocess, sys
from interlock.tools.sandbox.confinement import confine
from interlock.tools.sandbox.limits import Limits
libc = ctypes.CDLL(None)
libc.open, libc.write
isolation = dataclasses.asdict(confine(Limits()))
target = sys.argv[1]
def outcome(expression):
    try:
        return eval(expression)
    except OSError as error:
        return type(error).__name__
print(json.dumps([isolation, *map(outcome, sys.argv[2:])]))
"""


def attempt(target: Path, *expressions: str) -> tuple[dict[str, bool], list[object]]:
    """Return what `confine` said and what each expression came to after it, in one fresh
    process.
    """
    done = subprocess.run(  # noqa: S603 - the probe is this file's own
        [sys.executable, "-c", PROBE, str(target), *expressions],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    isolation, *outcomes = json.loads(done.stdout)
    return isolation, outcomes


REFUSED = (
    "socket.socket()",
    "socket.create_connection(('127.0.0.1', 9))",
    "socket.getaddrinfo('localhost', 80)",
    "open(target, 'w')",
    "open(target, 'a')",
    "open(target, 'r+')",
    "os.open(target, os.O_RDWR)",
    "open(target).read()",
    "open('/etc/passwd').read()",
    "os.remove(target)",
    "os.rename(target, target + '2')",
    "os.mkdir(target + '3')",
    "os.fork()",
    "os.system('true')",
    "os.execv('/bin/true', ['true'])",
    "subprocess.run(['true'])",
    "os.kill(os.getppid(), 0)",
    "ctypes.CDLL('libc.so.6')",
)


def test_python_code_in_the_child_is_refused(tmp_path: Path) -> None:
    """After `confine`, no socket, no process, no library, no file but installed code, and no way to
    write.
    """
    target = tmp_path / "file"
    target.write_text("before")
    _, outcomes = attempt(target, *REFUSED)
    assert dict(zip(REFUSED, outcomes, strict=True)) == dict.fromkeys(
        REFUSED, "PermissionError"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
        ("file", "before")
    ]


def test_installed_code_can_still_be_read(tmp_path: Path) -> None:
    """Late imports of a parser work: the files of the installation open for reading."""
    assert attempt(tmp_path, "len(open(os.__file__).read()) > 1000")[1] == [True]


def test_native_code_cannot_write_a_byte(tmp_path: Path) -> None:
    """The kernel holds what the audit hook cannot see: libc creates no file, and fills no open
    one.
    """
    target = tmp_path / "file"
    assert attempt(
        target, "libc.write(libc.open(target.encode(), 0o101, 0o600), b'secret', 6)"
    )[1] == [-1]
    assert not target.exists()


def test_the_network_is_another_one_or_confine_says_so(tmp_path: Path) -> None:
    """Where the kernel allows namespaces, native code has a network of its own, without one way out
    of it.
    """
    isolation, [network] = attempt(tmp_path, "os.readlink('/proc/self/ns/net')")
    assert isolation["network"] is (
        network != Path("/proc/self/ns/net").readlink().name
    )


def test_the_kernel_limits_are_in_force(tmp_path: Path) -> None:
    """CPU, address space, file size, descriptors, processes and core files are bounded by hard
    limits.
    """
    limits = Limits()
    names = ("CPU", "AS", "FSIZE", "NOFILE", "NPROC", "CORE")
    hard = attempt(
        tmp_path, *(f"resource.getrlimit(resource.RLIMIT_{name})[1]" for name in names)
    )[1]
    assert hard == [limits.cpu_s + 1, limits.memory_bytes, 0, 16, 0, 0]


def test_a_child_that_cannot_confine_itself_reads_nothing() -> None:
    """Confinement fails closed: a limit the kernel does not take ends the child with a status and
    no answer.
    """
    done = subprocess.run(  # noqa: S603 - the command under test
        parsing("txt", documents.Limits(memory_bytes=2**70)),
        input=b"text",
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode > 0
    assert done.stdout == b""


async def test_a_child_that_tries_to_get_out_does_not() -> None:
    """The installation's own proof, tried from inside: no attempt works."""
    assert await escapes(Limits()) == []


def test_the_child_loads_only_its_parser() -> None:
    """A text is parsed without loading a PDF, DOCX or agent library, and without `interlock.tools`'
    own imports.
    """
    argv = parsing("txt", documents.Limits())
    argv[3] = argv[3].replace("sys.exit(run(", "print(run(") + "print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own command
        argv, input=b"text", capture_output=True, text=False, timeout=20, check=True
    )
    loaded = set(done.stdout.decode().split())
    assert "interlock.tools.documents.text" in loaded
    assert not loaded & {
        "pypdf",
        "docx",
        "lxml",
        "langgraph",
        "asyncio",
        "interlock.tools.documents.reader",
    }


async def test_any_module_runs_confined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox knows no parser: `main` of a module anywhere runs, told what isolates it, and is
    refused what every child is refused.
    """
    package = tmp_path / "greeting"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise SystemExit(9)  # a package's own start does not run in a child"
    )
    monkeypatch.setitem(sys.modules, "greeting", types.ModuleType("greeting"))
    sys.modules["greeting"].__path__ = [str(package)]
    (package / "hello.py").write_text(
        "import socket\n"
        "def main(isolation, name):\n"
        "    try:\n"
        "        socket.socket()\n"
        "    except PermissionError:\n"
        "        print('hello', name, isolation.calls)\n"
        "    return 0\n"
    )
    argv = command("greeting.hello", "ana", limits=Limits())
    layers = await isolation(Limits())

    assert layers is not None
    assert (
        await run(argv, b"", wall_s=10, max_output=100)
        == f"hello ana {layers.calls}\n".encode()
    )


async def test_a_machine_that_cannot_confine_names_no_isolation() -> None:
    """Where the kernel does not take a limit no child runs, and nothing is said to hold one."""
    assert await isolation(Limits(memory_bytes=2**70)) is None
