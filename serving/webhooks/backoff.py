"""Back-off: when an attempt that failed is made again.

The wait grows with every attempt and is drawn from the whole span, so that messages that failed
together do not come back together.
"""

import random
import re
from typing import Final

#: The span of the first wait, and the longest, in seconds
FIRST_S: Final = 5
LONGEST_S: Final = 4 * 3600
#: The longest that a receiver may ask for
_PATIENCE_S: Final = 3600
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def span_s(attempts: int) -> int:
    """Return the longest wait after so many attempts."""
    return min(FIRST_S << min(attempts - 1, 32), LONGEST_S)


def wait_s(attempts: int, *, asked: str = "") -> int:
    """Return how many seconds to wait after so many *attempts*.

    What the receiver *asked* for, as its Retry-After says it in seconds, is waited for at least, up
    to an hour; anything else that stands there counts for nothing.
    """
    drawn = random.randint(1, span_s(attempts))  # noqa: S311 - so that not all come at once
    wanted = int(asked) if _SECONDS.fullmatch(asked) else 0
    return max(drawn, min(wanted, _PATIENCE_S))
