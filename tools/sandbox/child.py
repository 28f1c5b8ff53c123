"""The child's side: load what is to run, confine this process for good, and only then run it."""

import importlib
import json
from collections.abc import Sequence

from interlock.tools.sandbox.confinement import confine
from interlock.tools.sandbox.limits import Limits


def run(limits: str, modules: Sequence[str], arguments: Sequence[str]) -> int:
    """Confine this process, and run `main(isolation, *arguments)` of the first module.

    Returns the exit status that `main` returns.

    *limits* is the JSON of `Limits`. Every module is loaded before the process is confined, and
    nothing is read before that. Any error ends the process with a status; the parent says what
    that means.
    """
    loaded = [importlib.import_module(name) for name in modules]
    isolation = confine(Limits(**json.loads(limits)))
    status: int = loaded[0].main(isolation, *arguments)
    return status
