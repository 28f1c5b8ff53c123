"""Scaffolds: the files of a new workspace, agent, tool or rule, each with a test that passes."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.door.tool import Tool, schema_digest
from interlock.runtime.errors import BadInput

Kind: TypeAlias = Literal["workspace", "agent", "tool", "rule"]

_TEMPLATES: Final = Path(__file__).parent / "templates"
#: Kind -> template -> where its file goes in the workspace
_FILES: Final[Mapping[Kind, Mapping[str, str]]] = {
    "workspace": {
        "interlock.toml": "interlock.toml",
        "pyproject.toml": "pyproject.toml",
    },
    "agent": {
        "agent.py": "$module.py",
        "agent.yaml": "policies/$module.yaml",
        "test_agent.py": "tests/test_$module.py",
    },
    "tool": {
        "tool.py": "$module.py",
        "tool.yaml": "policies/$module.yaml",
        "test_tool.py": "tests/test_$module.py",
    },
    "rule": {
        "rule.rego": "policies/rules/$module/$module.rego",
        "rule_test.rego": "policies/rules/$module/${module}_test.rego",
    },
}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")


def scaffold(kind: Kind, name: str, folder: Path) -> tuple[Path, ...]:
    """Write the files of a new *kind* named *name* in the workspace *folder*; return their paths.

    Raises `BadInput` for a name that is none and when one of the files exists: nothing is written
    then.
    """
    words = _words(kind, name)
    files = {
        folder / Template(path).substitute(words): _TEMPLATES / f"{template}.template"
        for template, path in _FILES[kind].items()
    }
    for file in files:
        if file.exists():
            raise BadInput(
                what=str(file),
                why="it exists",
                next_step="Choose another name.",
                code="invalid",
            )
    for file, template in files.items():
        if file.suffix == ".yaml":
            words["schema"] = _schema(folder / f"{words['module']}.py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            Template(template.read_text("utf-8")).substitute(words), "utf-8"
        )
    return tuple(files)


def checked(name: str, *, is_dotted: bool = False) -> None:
    """Raise `BadInput` for a name that could be no module, no role and no file."""
    if not _NAME.fullmatch(name) or ("." in name and not is_dotted):
        example = "note.keep" if is_dotted else "note_keeper"
        raise BadInput(
            what=f"name {name!r}",
            why="it is not lower-case letters, digits and _, with a letter first",
            next_step=f"Write it as {example}.",
        )


def _words(kind: Kind, name: str) -> dict[str, str]:
    """Return what the templates put in for a name: "note.keep" is the module note_keep."""
    checked(name, is_dotted=kind == "tool")
    module = name.replace(".", "_")
    return {
        "name": name,
        "module": module,
        "title": module.replace("_", " ").title().replace(" ", ""),
    }


def _schema(module: Path) -> str:
    """Return the digest of the arguments of the one tool in the new file *module*."""
    spec = importlib.util.spec_from_file_location(f"scaffold_{module.stem}", module)
    if spec is None or spec.loader is None:
        raise TypeError(f"{module} is no module")
    loaded: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    (tool,) = [value for value in vars(loaded).values() if isinstance(value, Tool)]
    return schema_digest(tool)
