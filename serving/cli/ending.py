"""The end of a command that has begun nothing yet: SIGTERM breaks off whatever it waits for.

A process that is the first of its container dies of no signal that it does not hear, so a command
that waits for long hears SIGTERM from its start on.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


@dataclass(kw_only=True, slots=True)
class Ending:
    """Whether somebody asked for the end of the command."""

    is_asked: bool = False

    def hear(self, _number: int, _frame: "FrameType | None") -> None:
        """Note that SIGTERM came, and break off what is waited for.

        The command goes on as after Ctrl-C, for which every waiting of an event loop ends in order.
        """
        self.is_asked = True
        signal.raise_signal(signal.SIGINT)


@contextmanager
def heard() -> Iterator[Ending]:
    """Let SIGTERM end the block, without an error; Ctrl-C raises `KeyboardInterrupt` as ever.

    Whoever hears signals inside the block hears them alone from then on. After the block the
    signals do what they did before.
    """
    ending = Ending()
    # A shell that starts a command in the background has it ignore Ctrl-C.
    interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)
    terminated = signal.signal(signal.SIGTERM, ending.hear)
    try:
        yield ending
    except KeyboardInterrupt:
        if not ending.is_asked:
            raise
    finally:
        signal.signal(signal.SIGTERM, terminated)
        signal.signal(signal.SIGINT, interrupted)
