"""A confined child ends on time, whatever happens in it, and gives an answer or a reason."""

import json
import os
import sys
from pathlib import Path

import pytest

from interlock.tools.sandbox.limits import Code, Refusal
from interlock.tools.sandbox.process import run


async def test_the_child_starts_with_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable and no descriptor of the parent reach the child, and it leads a session of its
    own.
    """
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    source = "import os, json; print(json.dumps([[*os.environ], os.getsid(0) == os.getpid()]))"
    with Path(__file__).open() as leaked:
        os.set_inheritable(leaked.fileno(), True)  # noqa: FBT003 - os takes no keyword here
        probe = f"{source}\ntry: os.fstat({leaked.fileno()})\nexcept OSError: print('closed')"
        output = await run(
            [sys.executable, "-I", "-c", probe], b"", wall_s=10, max_output=1000
        )
    facts, closed = output.decode().splitlines()
    variables, leads = json.loads(facts)
    # The C locale is Python's own doing.
    assert set(variables) <= {"LC_CTYPE"}
    assert leads
    assert closed == "closed"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "malformed"),
        ("raise SystemExit(3)", "unreadable"),
        ("print('x' * 5000)", "limit"),
        ("import os, time; os.fork() or time.sleep(60)", "limit"),
    ],
)
async def test_every_way_to_end_has_a_code(source: str, code: Code) -> None:
    """A crash, a failed start, an answer too long and a descendant that holds the answer open all
    end typed.
    """
    with pytest.raises(Refusal) as caught:
        await run(
            [sys.executable, "-I", "-c", source],
            b"x" * 1_000_000,
            wall_s=0.6,
            max_output=4000,
        )
    assert caught.value.code == code


async def test_a_child_that_cannot_start_gives_a_reason() -> None:
    """Without its interpreter the read is refused as unreadable."""
    with pytest.raises(Refusal) as caught:
        await run(["/nonexistent/python"], b"", wall_s=1, max_output=10)
    assert caught.value.code == "unreadable"
