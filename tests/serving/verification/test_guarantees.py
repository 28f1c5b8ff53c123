"""The list of guarantees, and the database that they are tried on."""

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from interlock.serving.verification.guarantee import guarantees
from interlock.serving.verification.guarantees import GUARANTEES
from interlock.serving.verification.scratch import NoScratch, scratch
from interlock.serving.verification.trial import Trial

ROOT = Path(__file__).resolve().parents[3]


def test_a_guarantee_says_what_it_stops() -> None:
    """Each has an id that can be typed, and one sentence of its own."""
    sentences = [one.stops for one in GUARANTEES.values()]

    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in GUARANTEES)
    assert all(re.fullmatch(r"[a-z][^.]*\.", stops) for stops in sentences)
    assert len(set(sentences)) == len(sentences)


def test_a_scenario_that_does_not_say_so_is_refused() -> None:
    """A scenario whose docstring does not begin with what it stops makes no guarantee."""

    async def scenario(trial: Trial) -> None:
        """Tries something."""

    with pytest.raises(ValueError, match="probe"):
        guarantees({"probe": scenario})


def test_the_readme_counts_them() -> None:
    """What the README says is how many there are."""
    text = (ROOT / "README.md").read_text("utf-8")
    (count,) = re.findall(r"(\d+) named guarantees", text)

    assert int(count) == len(GUARANTEES)


async def test_a_database_that_lets_nobody_make_a_schema_is_named(
    fresh_postgres: str, tmp_path: Path
) -> None:
    """An account that may make no schema is told which right is missing."""
    database = make_url(fresh_postgres).database
    above = fresh_postgres.replace("interlock@", "postgres@")
    with psycopg.connect(above, autocommit=True) as connection:
        connection.execute("CREATE ROLE narrow LOGIN")
        try:
            narrow = fresh_postgres.replace("interlock@", "narrow@")
            with pytest.raises(NoScratch) as refused:
                async with scratch(narrow, tmp_path):
                    pass
        finally:
            connection.execute("DROP ROLE narrow")

    assert refused.value.code == "no_scratch"
    assert f'GRANT CREATE ON DATABASE "{database}" TO "narrow"' in str(refused.value)
