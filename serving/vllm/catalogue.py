"""The catalogue of served models: `models.yaml` beside the settings of the workspace."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field, ValidationError

from interlock.runtime.errors import BadInput
from interlock.serving.section import Section
from interlock.serving.vllm.model import Name, ServedModel
from interlock.serving.vllm.options import LoadsCode
from interlock.tools import plain_yaml

FILE: Final = "models.yaml"
#: unreadable: no such file, or no text. foreign: another account may have written it. no_yaml: the
#: text has no one meaning. unfit: a field cannot be so. loads_code: an option has the server load
#: code. port_taken: two replicas would listen at one port. missing: a named file is not there.
#: unknown_model: no model has that name
Fault: TypeAlias = Literal[
    "unreadable",
    "foreign",
    "no_yaml",
    "unfit",
    "loads_code",
    "port_taken",
    "missing",
    "unknown_model",
]


class Unusable(BadInput):
    """The catalogue cannot be used, and *fault* says why; nothing was started."""

    def __init__(
        self, *, fault: Fault, file: Path, line: int, place: str, why: str
    ) -> None:
        self.fault, self.file, self.line, self.place = fault, file, line, place
        where = f"{file}, line {line}" if line else str(file)
        super().__init__(
            what=f"{where}: {place}" if place else where,
            why=why,
            next_step="Mend it and look with `interlock models check`.",
            data={"fault": fault, "line": line, "place": place},
        )


class Catalogue(Section):
    """The models that can be served here; *folder* is where its paths begin."""

    models: dict[Name, ServedModel] = Field(min_length=1)


def read(file: Path) -> Catalogue:
    """Return the catalogue in *file*, with every path whole.

    Raises `Unusable` for the first thing that is wrong, with its line. Whether the named files are
    there is looked at by `missing`. The file says which program is run, so one that another account
    may have written is refused (fails closed).
    """
    try:
        _refuse_foreign(file)
        text = file.read_text("utf-8")
        document = plain_yaml.parse(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _unusable("unreadable", file, why=why) from error
    except plain_yaml.NotPlain as error:
        raise _unusable("no_yaml", file, line=error.line or 0, why=error.why) from error
    try:
        catalogue = Catalogue.model_validate(document)
    except ValidationError as error:
        raise _unfit(file, text, error) from error
    _refuse_shared_ports(file, text, catalogue)
    return _with_whole_paths(catalogue, file.resolve().parent)


def model_of(catalogue: Catalogue, file: Path, name: str) -> ServedModel:
    """Return the model of that name; raises `Unusable` where there is none."""
    try:
        return catalogue.models[name]
    except KeyError as error:
        names = ", ".join(catalogue.models)
        why = f"no model is called {name!r}; there are {names}"
        raise _unusable("unknown_model", file, why=why) from error


def missing(catalogue: Catalogue, file: Path) -> Iterator[Unusable]:
    """Yield what *file* names and is not there, each with its line."""
    text = file.read_text("utf-8")
    for name, model in catalogue.models.items():
        for field, path in _named(model):
            if not path.exists():
                place = ("models", name, *field)
                yield _unusable(
                    "missing",
                    file,
                    line=plain_yaml.line_of(text, place),
                    place=".".join(place),
                    why=f"{path} is not there",
                )


def _refuse_foreign(file: Path) -> None:
    status = file.stat()
    if status.st_uid not in {os.getuid(), 0} or status.st_mode & stat.S_IWOTH:
        why = "another account may have written there, and the file says what is run"
        raise _unusable("foreign", file, why=why)


def _named(model: ServedModel) -> Iterator[tuple[tuple[str, ...], Path]]:
    yield ("python",), model.python
    if not model.from_hub:
        yield ("weights",), Path(model.weights)
    if model.chat_template is not None:
        yield ("chat_template",), model.chat_template
    if model.key_file is not None:
        yield ("key_file",), model.key_file
    for name, path in model.lora.items():
        yield ("lora", name), path


def _with_whole_paths(catalogue: Catalogue, folder: Path) -> Catalogue:
    def whole(path: Path | None) -> Path | None:
        # A link is left as it is: the Python of an environment is one.
        return None if path is None else folder / path.expanduser()

    models = {}
    for name, model in catalogue.models.items():
        paths: dict[str, Any] = {
            "python": whole(model.python),
            "chat_template": whole(model.chat_template),
            "key_file": whole(model.key_file),
            "lora": {lora: whole(path) for lora, path in model.lora.items()},
        }
        if not model.from_hub:
            paths["weights"] = str(whole(Path(model.weights)))
        models[name] = model.model_copy(update=paths)
    return Catalogue(models=models)


def _refuse_shared_ports(file: Path, text: str, catalogue: Catalogue) -> None:
    owners: dict[int, str] = {}
    for name, model in catalogue.models.items():
        for port in model.ports:
            if port in owners:
                place = ("models", name, "port")
                raise _unusable(
                    "port_taken",
                    file,
                    line=plain_yaml.line_of(text, place),
                    place=".".join(place),
                    why=f"port {port} is of model {owners[port]!r}",
                )
            owners[port] = name


def _unfit(file: Path, text: str, error: ValidationError) -> Unusable:
    first: Any = error.errors(include_url=False)[0]
    place = [step for step in first["loc"] if step != "[key]"]
    why = str(first["msg"]).removeprefix("Value error, ")
    is_code = isinstance(first.get("ctx", {}).get("error"), LoadsCode)
    return _unusable(
        "loads_code" if is_code else "unfit",
        file,
        line=plain_yaml.line_of(text, place) if text.strip() else 1,
        place=".".join(str(step) for step in place),
        why=why[:1].lower() + why[1:],
    )


def _unusable(
    fault: Fault, file: Path, *, why: str, line: int = 0, place: str = ""
) -> Unusable:
    return Unusable(
        fault=fault,
        file=file,
        line=line,
        place=place,
        why=why,
    )
