"""Models in the settings: what may stand there, and what asks them in a home."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from interlock.agents.contract_review import workflow
from interlock.runtime.door.target import Caller
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.label import Label
from interlock.runtime.record.vault import Vault
from interlock.serving.models.configured import router
from interlock.serving.models.entry import ANALYST, PLANNER
from interlock.serving.pins import expected
from interlock.serving.settings import Settings
from interlock.testing import ModelServer
from interlock.tools.models import replicas
from interlock.tools.models.generate import Generate, model_tools
from interlock.tools.models.openai import EndpointModel
from interlock.tools.models.router.router import Router

LOCAL = {"pool": "small", "name": "m", "clearance": "confidential"}
CLOUD = {"url": "https://models.example/v1", "name": "big", "weight": 0}
SPARE = {"embedded": True, "fallback": True}


def settings(home: Path, **fields: Any) -> Settings:
    """Return the settings of a home with these models."""
    return Settings(
        home=home,
        database=f"sqlite:///{home / 'interlock.db'}",
        people=home / "people.yaml",
        **fields,
    )


def routed(home: Path, **fields: Any) -> Router:
    """Return the router of a home with these models."""
    careful: Any = object()
    return router(
        settings(home, **fields),
        vault=Vault(home / "keys", create=True),
        careful=careful,
    )


def caller() -> Caller:
    """Return a run that has read nothing."""
    label = Label(integrity="trusted", confidentiality="public")
    return Caller(run_id="r", tenant="t", agent="a", label=label, pins={})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nowhere": ({"planner": {"a": {"name": "m"}}}, "one of them"),
    "at two places": (
        {"planner": {"a": LOCAL | {"url": "http://127.0.0.1/v1"}}},
        "one of them",
    ),
    "without a name": ({"planner": {"a": {"pool": "small"}}}, "name at its endpoint"),
    "in the clear": (
        {"planner": {"a": {"url": "http://models.example/v1", "name": "m"}}},
        "unencrypted",
    ),
    "with the password of the database": (
        {"planner": {"a": LOCAL | {"key_variable": "PGPASSWORD"}}},
        "handed PGPASSWORD, which is for psycopg",
    ),
    "with our own secret": (
        {"planner": {"a": LOCAL | {"key_variable": "INTERLOCK_KEY"}}},
        "our own variable",
    ),
    "with nothing to stand in for": ({"planner": {"a": SPARE}}, "nothing but models"),
    "embedded elsewhere": (
        {"analyst": {"a": LOCAL, "b": SPARE}},
        "cannot be embedded",
    ),
    "empty": ({"analyst": {}}, "names no model"),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_cannot_be_asked_is_no_setting(tmp_path: Path, how: str) -> None:
    """A model that is nowhere, at two places, or in the clear is refused with a reason."""
    models, why = WRONG[how]
    with pytest.raises(ValidationError) as raised:
        settings(tmp_path, models=models)

    assert why in str(raised.value)


def test_there_is_one_planner(tmp_path: Path) -> None:
    """One model by `[model]` and several by `[models.planner]` contradict each other."""
    model = {"url": "http://127.0.0.1:1/v1", "name": "m"}
    with pytest.raises(ValidationError) as raised:
        settings(tmp_path, model=model, models={"planner": {"a": LOCAL}})

    assert "twice" in str(raised.value)
    assert PLANNER == workflow.PLANNER


def test_the_models_of_a_home_are_its_planner(tmp_path: Path) -> None:
    """The policy is shown the models of the settings under their names."""
    models = {"planner": {"local": LOCAL, "cloud": CLOUD, "spare": SPARE}}
    question = Generate(model="planner", purpose="test", messages="[]")
    target = routed(tmp_path, models=models).aim(question, caller())

    assert target.resource.id == "planner/local"
    assert target.resource.clearance == "confidential"


def test_without_models_the_scripted_planner_plans(tmp_path: Path) -> None:
    """A home that names no model has one planner, which may see all."""
    question = Generate(model="planner", purpose="test", messages="[]")
    target = routed(tmp_path).aim(question, caller())

    assert (target.resource.id, target.resource.clearance) == (
        "planner",
        "confidential",
    )


def test_a_run_is_pinned_to_where_its_models_are_and_not_to_their_weights(
    tmp_path: Path,
) -> None:
    """A weight may change while a run goes on; another place or clearance is another home."""
    here = {"planner": {"local": LOCAL, "cloud": CLOUD}}
    heavier = {"planner": {"local": LOCAL | {"weight": 7}, "cloud": CLOUD}}
    other = {"planner": {"local": LOCAL | {"clearance": "internal"}, "cloud": CLOUD}}
    pins = [
        expected(settings(tmp_path, models=models))["planner"]
        for models in (here, heavier, other)
    ]

    assert pins[0] == pins[1] != pins[2]
    assert "big at https://models.example/v1, public" in pins[0]


@pytest.mark.parametrize("alias", [PLANNER, ANALYST])
def test_a_single_model_plans_and_answers_like_one_of_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alias: str
) -> None:
    """`[model]` has all that a table of several has: key, salts, price, clearance and region."""
    monkeypatch.setenv("CLOUD_KEY", "k1")
    own = {"key_variable": "CLOUD_KEY", "price": 9, "region": "eu"}
    fields = {name: value for name, value in CLOUD.items() if name != "weight"} | own
    (candidate,) = routed(tmp_path, model=fields).candidates(alias)
    model = candidate.served.model

    assert isinstance(model, EndpointModel)
    assert model.key.get_secret_value() == "k1"
    assert model.salt is not None
    assert (candidate.served.micro_per_million, candidate.region) == (9, "eu")
    assert candidate.served.clearance == "public"


def test_a_key_that_fits_no_header_is_refused_by_the_name_of_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named, and its value is not."""
    monkeypatch.setenv("CLOUD_KEY", "s3cret\nX-Other: 1")
    model = {
        "url": "https://models.example/v1",
        "name": "big",
        "key_variable": "CLOUD_KEY",
    }
    with pytest.raises(BadInput) as refused:
        routed(tmp_path, model=model)

    assert "CLOUD_KEY" in refused.value.what
    assert "s3cret" not in str(refused.value)


async def test_a_pool_is_read_at_each_question_and_its_tenants_are_salted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only replicas that are ready are asked, with the key of the variable and a salt made with the
    key of the home.
    """
    monkeypatch.setenv("SMALL_KEY", "k1")
    entry = LOCAL | {"key_variable": "SMALL_KEY", "streams": True}
    one = routed(tmp_path, models={"planner": {"local": entry}})
    (candidate,) = one.candidates("planner")
    assert candidate.places is not None
    assert candidate.places("text") == []

    async with ModelServer() as server:
        ready = replicas.Replica(url=server.url, state="ready", since=0)
        gone = replicas.Replica(url="http://127.0.0.1:1/v1", state="draining", since=0)
        replicas.write(
            tmp_path, replicas.Replicas(model="small", replicas=(gone, ready))
        )
        (model,) = candidate.places("text")
        back = gone.model_copy(update={"state": "ready"})
        replicas.write(tmp_path, replicas.Replicas(model="small", replicas=(back,)))
        (other,) = candidate.places("text")

    assert isinstance(model, EndpointModel)
    assert (model.endpoint.url, model.key.get_secret_value()) == (server.url, "k1")
    assert model.streams
    assert model.salt is not None
    assert model.salt("a") != model.salt("b")
    assert isinstance(other, EndpointModel)
    assert other.salt is not None
    assert other.salt("a") != model.salt("a")


def test_a_slow_model_has_the_time_that_the_settings_give_it(tmp_path: Path) -> None:
    """The longest of all models' times bounds the door's tool, and each its own endpoint."""
    slow = {"url": "http://127.0.0.1:1/v1", "name": "m", "answer_s": 300}
    several = routed(tmp_path / "several", models={"planner": {"a": slow, "b": CLOUD}})
    single = routed(tmp_path / "single", model=slow)
    (generate,) = model_tools(several)
    a, b = several.candidates("planner")
    (only,) = single.candidates("planner")

    assert generate.deadline_s == 360
    assert [one.served.model.bounds.total_s for one in (a, b, only)] == [300, 50, 300]  # type: ignore[union-attr]  # endpoints
