"""Settings: what each may be, and that a secret is in nothing that is shown."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from interlock.serving.settings import Settings, sqlite_url, without_password

PLACES = {
    "home": Path("home"),
    "database": "sqlite:///x.db",
    "people": Path("people.yaml"),
}


def settings(**fields: Any) -> Settings:
    """Return settings with these fields."""
    return Settings.model_validate(PLACES | fields)


@pytest.mark.parametrize("name", ["plain", "a b", "a?b", "a%20b", "a#b", "\u00e4"])
def test_the_url_of_a_database_says_its_path_whatever_the_path(
    tmp_path: Path, name: str
) -> None:
    """A character that means something in a URL does not move the database elsewhere."""
    path = tmp_path / name / "interlock.db"

    assert make_url(sqlite_url(path)).database == str(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "notanaddress"},
        {"smtp": "nonsense"},
        {"smtp": "host:99999"},
        {"opa_server": "host"},
        {"autonomy": 7},
        {"limits": {"steps": -1}},
        {"model": {"url": "nowhere", "name": "m"}},
        {"model": {"url": "http://127.0.0.1/v1"}},
        {"model": {"url": "http://127.0.0.1/v1", "name": "m", "clearance": "all"}},
        {"model": {"url": "http://127.0.0.1/v1", "name": "m", "key": "s3cret"}},
        {"model": {"url": "http://127.0.0.1/v1", "name": "m", "fallback": True}},
        {"model": {"url": "http://127.0.0.1/v1", "name": "m", "weight": 2}},
        {"model": {"embedded": True}},
        {"opa_token": "a\nb"},
        {"opa_token": "a b"},
        {"opa_token": "\u00e4"},
        {"clearances": "example.com"},
        {"agents": ["no class"]},
        {"tenant": ""},
        {"tenant": "@home"},
        {"tenant": "a\udc80"},
        {"colour": "red"},
    ],
)
def test_what_a_setting_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    """A value of the wrong form is refused, and so is a setting that is none."""
    with pytest.raises(ValidationError):
        settings(**fields)


def test_one_limit_leaves_the_others_as_they_are() -> None:
    """A workspace that sets one limit has the defaults for the rest."""
    assert settings(limits={"steps": 5}).limits.steps == 5
    assert settings(limits={"steps": 5}).limits.tokens == settings().limits.tokens


def test_a_secret_is_neither_printed_nor_in_the_digest() -> None:
    """Workspaces that differ in secrets only have one digest, and no secret is in their text."""
    one = settings(opa_token="t0ken")  # noqa: S106 - no real one
    other = settings(opa_token="another")  # noqa: S106 - no real one

    assert one.digest == other.digest
    assert one.digest != settings(tenant="other").digest
    assert "t0ken" not in repr(one)


def test_the_password_of_a_database_is_masked() -> None:
    """Of a URL with a password everything but the password is shown."""
    assert (
        without_password("postgresql://ann:pw@host/db")
        == "postgresql://ann:***@host/db"
    )


def test_a_served_model_may_see_nothing_confidential_unless_it_is_said() -> None:
    """An endpoint is cleared for public data until the operator says more."""
    model = settings(model={"url": "http://127.0.0.1:1/v1", "name": "m"}).model

    assert model is not None
    assert (model.clearance, model.price) == ("public", 0)
