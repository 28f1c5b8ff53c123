"""The permit: proof of one decision for one call."""

from types import SimpleNamespace
from typing import Any

import pytest

from interlock.runtime.errors import NotAPermit
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.testing import Effects, Note

NOTE = Note(text="hello")


def minted(tool: str = "note.write") -> Permit:
    """Return a permit as the enforcement point makes it."""
    return Permit(
        MINT,
        tool=tool,
        digest="d",
        action_id="a",
        run_id="r",
        claim="c",
        tenant="default",
    )


@pytest.mark.parametrize("mint", [None, object(), type(MINT), type(MINT)()])
def test_nobody_mints_a_permit_by_hand(mint: Any) -> None:
    """Only the enforcement point's own mint makes a permit; an equal-looking one does not."""
    with pytest.raises(TypeError, match="minted by EnforcementPoint"):
        Permit(
            mint,
            tool="note.write",
            digest="d",
            action_id="a",
            run_id="r",
            claim="c",
            tenant="default",
        )


async def test_a_permit_admits_its_tool_once() -> None:
    """The first call acts; the second is refused and does nothing."""
    effects = Effects()
    tool, permit = effects.tool("note.write"), minted()
    await tool(permit, NOTE)

    with pytest.raises(NotAPermit, match="already used"):
        await tool(permit, NOTE)
    assert effects.done == ["hello"]


async def test_a_permit_for_another_tool_is_refused() -> None:
    """A permit names its tool; nothing else takes it, and it is not spent by trying."""
    effects = Effects()
    permit = minted("note.write")
    with pytest.raises(NotAPermit, match="minted for"):
        await effects.tool("mail.send")(permit, NOTE)
    assert effects.done == []

    await effects.tool("note.write")(permit, NOTE)
    assert effects.done == ["hello"]


class Lenient(Permit):
    """A permit that never runs out."""

    def spend(self, tool: str) -> None:
        """Allow everything."""


class Waxen:
    """Not a permit at all, but with all its parts."""

    tool = "note.write"

    def spend(self, tool: str) -> None:
        """Allow everything."""


@pytest.mark.parametrize(
    "forged",
    [
        Lenient(
            MINT,
            tool="note.write",
            digest="d",
            action_id="a",
            run_id="r",
            claim="c",
            tenant="default",
        ),
        object.__new__(Lenient),
        Waxen(),
        SimpleNamespace(spend=lambda tool: None, key="k"),
        None,
        "permit",
    ],
    ids=["subclass", "unmade subclass", "lookalike", "namespace", "nothing", "text"],
)
async def test_what_is_not_exactly_a_permit_is_refused(forged: Any) -> None:
    """A subclass or a lookalike is no permit: the tool does nothing."""
    effects = Effects()
    with pytest.raises(TypeError, match="needs a Permit"):
        await effects.tool("note.write")(forged, NOTE)

    assert effects.done == []


async def test_a_permit_that_was_never_minted_cannot_be_spent() -> None:
    """An object made around the constructor has nothing to spend."""
    effects = Effects()
    with pytest.raises(AttributeError):
        await effects.tool("note.write")(object.__new__(Permit), NOTE)

    assert effects.done == []
