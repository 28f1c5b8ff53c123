"""Labels: values only ever join to the least vouched for and the most restricted."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from interlock.runtime.policy.label import (
    TRUSTED,
    UNVOUCHED,
    Confidentiality,
    Integrity,
    Label,
)

LABELS = st.builds(
    Label,
    integrity=st.sampled_from(get_args(Integrity)),
    confidentiality=st.sampled_from(get_args(Confidentiality)),
    sources=st.lists(st.sampled_from("abc"), unique=True).map(
        lambda names: tuple(sorted(names))
    ),
)


@given(LABELS, LABELS, LABELS)
def test_labels_are_a_lattice(first: Label, second: Label, third: Label) -> None:
    """Joining is idempotent, commutative and associative, so no order of reading hides a source."""
    assert first.join(first) == first
    assert first.join(second) == second.join(first)
    assert first.join(second).join(third) == first.join(second.join(third))


@given(LABELS, LABELS)
def test_a_join_never_vouches_for_more(first: Label, second: Label) -> None:
    """The join is no more trusted than either and no less restricted, and it names all sources."""
    joined = first.join(second)

    for label in (first, second):
        assert joined.join(label) == joined
        assert set(label.sources) <= set(joined.sources)


def test_the_agents_own_word_stands_between_the_request_and_what_was_read() -> None:
    """Beside the request it is not trusted; beside what was read it makes nothing better."""
    read = Label(integrity="untrusted", confidentiality="public", sources=("web",))

    assert TRUSTED.join(UNVOUCHED).integrity == "unvouched"
    assert UNVOUCHED.join(read).integrity == "untrusted"
