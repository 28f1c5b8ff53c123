"""The artefacts of a home as it stands: what a release of the home is made of.

Policy, playbooks and models are the things themselves, so that a release brings them back. Agent,
prompts, tools, extractor and data are code: their artefacts say what they are, and a release that
names others does not run here.
"""

import inspect
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.door.tool import schema_digest
from interlock.runtime.errors import BadInput
from interlock.runtime.graph.agent import Agent
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import FACTS
from interlock.runtime.run.artefact import Artefact, Kind, Parts
from interlock.serving.settings import Settings
from interlock.tools.contracts.clauses.provenance import RECORD, SHIPPED
from interlock.tools.contracts.risk import Playbooks

#: What suites must hold, as it comes with the product
THRESHOLDS: Final = Path(__file__).resolve().parent.parent / "evals" / "thresholds.yaml"


def artefacts(
    settings: Settings,
    bundle: Bundle,
    playbooks: Playbooks,
    agents: Mapping[str, Agent],
    *,
    finder: str,
) -> list[Artefact]:
    """Return one artefact of each kind that the home has, the same for the same home.

    Raises `BadInput` for a file that cannot be read.
    """
    contents: dict[Kind, bytes] = {
        "agent": _written({name: _code(agent) for name, agent in agents.items()}),
        "data": _written({name: _data(agent) for name, agent in agents.items()}),
        "dataset": contents_of(SHIPPED / RECORD),
        "extractor": _written({"finder": finder}),
        "model": _model(settings),
        "playbook": _written(_playbooks(settings, playbooks)),
        "policy": pack(bundle.files),
        "prompt": _written({name: _prompts(agent) for name, agent in agents.items()}),
        "thresholds": contents_of(THRESHOLDS),
        "tools": _written({name: _tools(agent) for name, agent in agents.items()}),
    }
    return [
        Artefact(kind=kind, content=content)
        for kind, content in sorted(contents.items())
    ]


def named(those: list[Artefact]) -> Parts:
    """Return the digest of each by its kind."""
    return {artefact.kind: artefact.digest for artefact in those}


def contents_of(file: Path) -> bytes:
    """Return the bytes of a file; raises `BadInput` for one that cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(
            what=str(file),
            why=error.strerror or str(error),
            next_step="Name a file that can be read.",
        ) from error


def _written(value: dict[str, Json]) -> bytes:
    return canonical(value)


def _named(text: str) -> str:
    """Return the name as a canonical document can hold it: other letters are escaped."""
    return text.encode("ascii", "backslashreplace").decode()


def _code(agent: Agent) -> dict[str, Json]:
    """Return the digest of each file of the agent's package, or of its module alone."""
    file = Path(inspect.getfile(type(agent)))
    package = file.parent
    is_package = (package / "__init__.py").is_file()
    files = sorted(package.rglob("*.py")) if is_package else [file]
    return {
        _named(path.relative_to(package).as_posix()): sha256(
            contents_of(path)
        ).hexdigest()
        for path in files
    }


def _data(agent: Agent) -> Json:
    """Return what a caller says to the agent, and the version of the facts of every decision."""
    schema = json.dumps(agent.request.model_json_schema(), sort_keys=True)
    return {"facts": FACTS, "request": schema}


def _model(settings: Settings) -> bytes:
    """Return what the settings say of models, as JSON; no secret is among it."""
    stated = settings.model_dump(
        mode="json", include={"model", "models"}, exclude={"model": {"key"}}
    )
    return json.dumps(stated, sort_keys=True, separators=(",", ":")).encode()


def _playbooks(settings: Settings, playbooks: Playbooks) -> dict[str, Json]:
    """Return the workspace's playbooks as they stand, and the digests of those that ship."""
    folder = settings.playbooks
    files = sorted(folder.glob("*.yaml")) if folder else []
    own: dict[str, Json] = {
        _named(path.stem): contents_of(path).decode() for path in files
    }
    shipped: dict[str, Json] = {
        _named(name): playbook.digest for name, playbook in playbooks.shipped.items()
    }
    return {"own": own, "shipped": shipped}


def _prompts(agent: Agent) -> dict[str, Json]:
    """Return the texts that the agent says are its prompts; an agent need not have any."""
    texts: Mapping[str, str] = getattr(agent, "prompts", {})
    return dict(texts)


def _tools(agent: Agent) -> list[Json]:
    tools = sorted(agent.tools, key=lambda tool: tool.name)
    return [
        {
            "name": tool.name,
            "action_class": tool.action_class,
            "schema": schema_digest(tool),
        }
        for tool in tools
    ]
