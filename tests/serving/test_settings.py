"""Settings: what the environment says, what goes before it, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from interlock.runtime.errors import BadInput
from interlock.serving.settings import Settings
from interlock.serving.workspace import read

BUNDLE = Path("shipped.tar.gz")


def given(home: Path, **environment: str) -> Settings:
    return read({"INTERLOCK_HOME": str(home), **environment}, bundle=BUNDLE)


@pytest.mark.parametrize("name", ["plain", "a b", "a?b", "a%20b", "a#b", "\u00e4"])
def test_the_database_lies_in_the_home_whatever_its_name(tmp_path: Path, name: str) -> None:
    """A character that means something in a URL does not move the database out of its home."""
    home = tmp_path / name

    assert make_url(given(home).database).database == str(home / "interlock.db")


def test_what_is_chosen_goes_before_what_the_environment_names(tmp_path: Path) -> None:
    """A bundle or home chosen on the command line wins over the environment, and that over the
    default.
    """
    environment = {"INTERLOCK_HOME": str(tmp_path / "named"), "INTERLOCK_BUNDLE": "named.tar.gz"}
    named = read(environment, bundle=BUNDLE)
    chosen = read(
        environment, bundle=BUNDLE, chosen=Path("chosen.tar.gz"), home=tmp_path / "chosen"
    )

    assert (named.bundle, named.home.name) == (Path("named.tar.gz"), "named")
    assert (chosen.bundle, chosen.home.name) == (Path("chosen.tar.gz"), "chosen")
    assert given(tmp_path).bundle == BUNDLE


WRONG: dict[str, dict[str, str]] = {
    "INTERLOCK_HOME": {"INTERLOCK_HOME": "~nobody-of-this-name/x"},
    "INTERLOCK_MODEL_NAME": {"INTERLOCK_MODEL_URL": "http://127.0.0.1:1/v1"},
    "INTERLOCK_MODEL_PRICE": {
        "INTERLOCK_MODEL_URL": "u",
        "INTERLOCK_MODEL_NAME": "m",
        "INTERLOCK_MODEL_PRICE": "1.5",
    },
    "INTERLOCK_MODEL_CLEARANCE": {
        "INTERLOCK_MODEL_URL": "u",
        "INTERLOCK_MODEL_NAME": "m",
        "INTERLOCK_MODEL_CLEARANCE": "all",
    },
    "INTERLOCK_CLEARANCES": {"INTERLOCK_CLEARANCES": "example.com"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str) -> None:
    """The variable that is wrong is named, and nothing is guessed in its place."""
    with pytest.raises(BadInput) as refused:
        given(tmp_path, **WRONG[name]) if name != "INTERLOCK_HOME" else read(
            WRONG[name], bundle=BUNDLE
        )

    assert refused.value.what.split()[0] == name


def test_a_served_model_may_see_nothing_confidential_unless_it_is_said(tmp_path: Path) -> None:
    """An endpoint is cleared for public data until the operator says more, and its key is in no
    printed settings.
    """
    wanted: dict[str, Any] = {
        "INTERLOCK_MODEL_URL": "http://127.0.0.1:1/v1",
        "INTERLOCK_MODEL_NAME": "m",
    }
    settings = given(tmp_path, **wanted, INTERLOCK_MODEL_KEY="s3cret", INTERLOCK_OPA_TOKEN="t0ken")  # noqa: S106 - no real ones

    assert settings.model is not None
    assert (settings.model.clearance, settings.model.price) == ("public", 0)
    assert "s3cret" not in repr(settings)
    assert "t0ken" not in repr(settings)
