"""The how-to about unread text is right: its test passes as it stands."""

import re
from pathlib import Path
from typing import Any, Final

from interlock.runtime.door.unread.given import LARGEST, LONGEST
from interlock.runtime.door.unread.telling import END_BITS, MOST_BITS, SHAPE_BITS

_PAGE: Final = Path(__file__).parents[4] / "docs/howto/keep-text-unread.md"


async def test_the_test_of_the_page_passes(tmp_path: Path) -> None:
    """What the page has its reader write is run as it stands."""
    text = _PAGE.read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "test_letters"}
    exec(compile(block, "test_letters.py", "exec"), names)  # noqa: S102 - our own page

    await names["test_a_letter_is_filed_and_not_read"](tmp_path)


def test_the_numbers_of_the_page_are_those_of_the_runtime() -> None:
    """The page states every bound as it is."""
    text = _PAGE.read_text("utf-8")

    assert (
        f"refusal with *one* code; no message, argument or word of a tool | {END_BITS} |"
        in text
    )
    assert f"the handle of the result | {SHAPE_BITS} |" in text
    assert f"at most {MOST_BITS}," in text
    assert f"{LARGEST:,} bytes" in text
    assert f"longer than {LONGEST} characters" in text
