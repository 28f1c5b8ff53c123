"""Whoever sees the rows of every tenant is on a short list, with the reason."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

Modules: TypeAlias = dict[Path, ast.Module]

#: Names by which a scope is left: the scope of the system, a transaction that is widened, the whole
#: database of a runtime, and the service of a request that has no caller
_WIDE: Final = frozenset({"SYSTEM", "widened", "WholeOf"})
_ATTRIBUTE: Final = "installation"
_OWN: Final = "it makes and keeps the scopes"
_OWNERS: Final = (
    "releases are of the home; the policy holds acts on them to its own tenant"
)
_HISTORY: Final = "the policies that were in force stand in the log of the home"
#: Files that leave the scope of a tenant, and why. A front end works in the scope of its caller
#: instead: it takes `HomeOf`, `ServiceOf` or the visitor's home
WIDE: Final[Mapping[str, str]] = {
    "runtime/record/store/scope.py": _OWN,
    "runtime/record/store/database.py": _OWN,
    "runtime/record/store/connections.py": _OWN,
    "runtime/record/store/transaction.py": _OWN,
    "runtime/record/store/writer.py": _OWN,
    "runtime/record/store/sqlite.py": _OWN,
    "runtime/record/ledger.py": "a log begins under the head of the home's; none may have a gap",
    "runtime/runtime.py": "it keeps the whole database for what is no tenant's",
    "evals/postgresql.py": "it makes the databases of tests, which look at everything",
    "runtime/testing.py": "tests change rows behind the runtime's back",
    "serving/access/access.py": "an answer may put a first policy in force, as the home's log says",
    "serving/http/caller.py": "whoever asks is known before there is a tenant",
    "serving/http/routes/access.py": "the public keys of the home are for everybody",
    "serving/http/routes/health.py": "health is told to everybody, and names nobody",
    "serving/http/routes/releases.py": _OWNERS,
    "serving/http/routes/rollouts.py": _OWNERS,
    "serving/operations/approvals.py": "whoever is delegated to may be another tenant's",
    "serving/operations/budget_looks.py": _HISTORY,
    "serving/operations/release_looks.py": "releases stand in the log of the home, for all tenants",
    "serving/queue/rulebook.py": _HISTORY,
}


def test_only_the_listed_see_every_tenant(code: Modules) -> None:
    """Another reader of everybody's rows needs a reason here; a tenant's own takes `Store.of`."""
    assert {str(path) for path, tree in code.items() if _is_wide(tree)} == set(WIDE)


def _is_wide(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in _WIDE)
        or (isinstance(node, ast.Attribute) and (node.attr in _WIDE or _is_whole(node)))
        for node in ast.walk(tree)
    )


def _is_whole(node: ast.Attribute) -> bool:
    """Whether it is the whole database of a runtime, and no module of that name."""
    holder = node.value
    name = (
        holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
    )
    return node.attr == _ATTRIBUTE and name in {"runtime", "self"}
