"""The browser of whoever gives a command, where the machine has one that can be seen."""

import os
import sys
import webbrowser
from threading import Thread
from typing import Final

#: One of them is set where a program can show a window
_SCREENS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


def show(url: str) -> None:
    """Open *url* in the browser, if there is one; nothing waits for the browser.

    A browser inside the terminal does not count: it would take the terminal from the command.
    """
    has_screen = sys.platform == "darwin" or any(map(os.environ.get, _SCREENS))
    if has_screen:
        Thread(target=webbrowser.open, args=(url,), daemon=True).start()
