"""What the product's own log tells the person at the terminal, such as what is waited for."""

import logging
from collections.abc import Callable
from typing import Final

_OURS: Final = logging.getLogger("interlock")


class Notices(logging.Handler):
    """Hands each warning of the product to *tell*, which must print it as text from outside."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one warning."""
        self._tell(record.getMessage())


def tell_by(tell: Callable[[str], None]) -> None:
    """Have *tell* called with each warning from now on, and nobody who was named before."""
    for handler in list(_OURS.handlers):
        if isinstance(handler, Notices):
            _OURS.removeHandler(handler)
    _OURS.addHandler(Notices(tell))
