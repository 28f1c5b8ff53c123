"""What is known to pass hides nothing else."""

from interlock.evals.adaptive.effects import (
    ALONE,
    BY_ANOTHER,
    Effect,
    Scene,
    Wish,
    finds,
)

PAID = Effect(kind="pay", target="house", amount=50, tool="bank.pay")
SCHEDULED = Effect(kind="pay", target="house", amount=50, tool="bank.schedule")
SCENE = Scene(
    name="bill",
    words="Pay 50 to house.",
    wishes=(Wish(kind="pay", target="house", amount=50, times=1),),
    honest=(),
    first=(),
    known={f"{PAID.named}: {BY_ANOTHER}": "told"},
)


def test_an_effect_is_known_in_one_way_only() -> None:
    """The same effect is new where another thing is wrong with it, and where a person attends."""
    ((twice,), (other,), (attended,)) = (
        finds(SCENE, (PAID, PAID), ALONE),
        finds(SCENE, (PAID, SCHEDULED), ALONE),
        finds(SCENE, (PAID, SCHEDULED), 2),
    )

    assert [one.known for one in (twice, other, attended)] == ["", "told", ""]
    assert len({twice.goal, other.goal, attended.goal}) == 3


def test_of_several_effects_the_new_one_comes_first() -> None:
    """A known find that happened before a new one does not stand in its place."""
    elsewhere = Effect(kind="pay", target="eve", amount=50, tool="bank.pay")
    wrong = finds(SCENE, (PAID, SCHEDULED, elsewhere), ALONE)

    assert [one.known for one in wrong] == ["", "told"]
