"""The environment has no say in what leaves: every variable that a library reads is listed."""

import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from interlock.runtime.environment import present, refuse, variable, variables
from interlock.runtime.errors import VariableRefused
from interlock.runtime.testing import World

#: Libraries below the declared ones that hold what runs read, or open connections
BELOW: Final = (
    *(
        "langgraph_sdk",
        "httpx",
        "httpcore2",
        "requests",
        "urllib3",
        "yarl",
        "multidict",
    ),
    *(
        "websockets",
        "truststore",
        "certifi",
        "zstandard",
        "distro",
        "click",
        "starlette",
    ),
)
#: Folders of a library that no program of ours imports
APART: Final = frozenset({"tests", "testing", "distutils", "f2py", "cli", "evaluation"})
READ: Final = re.compile(
    r"""(?:environ(?:\.get|\.setdefault|\.pop)?\s*[\[(]|getenv\(|env_var_is_set\(|env_var\s*=
    |envvar\s*=)\s*["'](\w+)["']|["'](\w+)["']\s+(?:not\s+)?in\s+(?:os\.)?environ""",
    re.VERBOSE,
)
#: LangSmith reads NAME under two prefixes, and OpenTelemetry keeps its names as constants
PREFIXED: Final = re.compile(r"""get_env_var\(\s*["'](\w+)["']""")
CONSTANT: Final = re.compile(r"^(_?OTEL_\w+)\s*(?::\s*\w+)?=", re.MULTILINE)
SWITCHES: Final = (
    "LANGSMITH_TRACING",
    "LANGSMITH_TRACING_V2",
    "LANGCHAIN_TRACING",
    "LANGCHAIN_TRACING_V2",
    "LANGCHAIN_HANDLER",
    "SSLKEYLOGFILE",
    "PGHOSTADDR",
    "PGOPTIONS",
    "ARROW_TRACING_BACKEND",
)


def declared() -> set[str]:
    """Return the modules of what the product asks for, its extras too, as far as installed."""
    names = {
        canonicalize_name(Requirement(line).name)
        for line in requires("interlock") or ()
        if 'extra == "dev"' not in line and "extra == 'dev'" not in line
    }
    return {
        module
        for module, owners in packages_distributions().items()
        if names & {canonicalize_name(owner) for owner in owners}
    }


def sources(library: str) -> Iterator[str]:
    """Yield the text of each module of an installed library."""
    spec = find_spec(library)
    assert spec is not None
    if spec.submodule_search_locations is None:
        yield Path(str(spec.origin)).read_text("utf-8", "replace")
        return
    for place in spec.submodule_search_locations:
        for file in Path(place).rglob("*.py"):
            if not APART & set(file.relative_to(place).parts):
                yield file.read_text("utf-8", "replace")


def read_by(library: str) -> set[str]:
    """Return the names of the variables that a library reads."""
    names: set[str] = set()
    for text in sources(library):
        if "env" not in text:
            continue
        for first, second in READ.findall(text):
            names.add(first or second)
        for name in PREFIXED.findall(text):
            names |= {f"LANGSMITH_{name}", f"LANGCHAIN_{name}"}
        names |= set(CONSTANT.findall(text))
    return names


@pytest.mark.parametrize("library", sorted(declared() | {*BELOW}))
def test_every_variable_that_a_library_reads_is_listed(library: str) -> None:
    """No installed library reads a variable that nobody has decided about."""
    assert [name for name in sorted(read_by(library)) if variable(name) is None] == []


def test_the_reading_of_libraries_finds_what_is_there() -> None:
    """The three ways in which libraries name their variables are seen."""
    assert "LANGSMITH_TRACING_V2" in read_by("langsmith")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in read_by("opentelemetry")
    assert "PGHOST" in read_by("psycopg")


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["True", "keys.log"])
async def test_a_variable_that_would_tell_others_stops_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Nothing opens while it is set, and the refusal names the variable."""
    monkeypatch.setenv(name, value)
    with pytest.raises(VariableRefused) as raised:
        async with World(tmp_path):
            pass

    assert raised.value.code == "variable_refused"
    assert raised.value.name == name


@pytest.mark.parametrize("value", ["", "false", "0", "off"])
def test_a_switch_that_is_off_stops_nothing(value: str) -> None:
    """A variable that says no is no switch."""
    refuse(dict.fromkeys(SWITCHES, value))


def test_what_is_set_is_told() -> None:
    """Each variable that is set is told with what becomes of it; others are not looked at."""
    environment = {"PGHOST": "db", "LANGSMITH_API_KEY": "k", "MY_OWN": "x"}
    told = {name: entry.treatment for name, entry in present(environment)}

    assert told == {"PGHOST": "obeyed", "LANGSMITH_API_KEY": "neutralised"}
    assert all(entry.why for entry in variables())
