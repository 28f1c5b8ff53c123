"""What is checked is locked: nobody changes what a writing transaction has looked at before it
commits.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

Modules: TypeAlias = dict[Path, ast.Module]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

#: Methods by which work is handed to the writer
_HANDS_IN: Final = frozenset({"write", "later", "submit"})
_ATTACKS: Final = (
    "it changes the database behind the runtime's back, to see a guard stop that"
)
_RELEASES: Final = (
    "whoever makes, turns or prunes releases holds the head of the home's log"
)
_ERASED: Final = "an erasure takes the key away, and holds the head of the run's log"
#: How a transaction gives its connection
_CONNECTIONS: Final = ("tx.connection", "tx.apart")
#: "file:function" that hands in work without naming a log, and why
UNNAMED: Final[Mapping[str, str]] = {
    "runtime/storage.py:_prepare": "it makes the first head, before which there is nothing to lock",
    "serving/verification/trial.py:sql": _ATTACKS,
}
#: Who reads through the connection of a transaction without a lock on the row, and why
UNLOCKED: Final[Mapping[str, str]] = {
    "_NAMED.one": "whoever begins an effect has locked the row of its run",
    "_GOT_ON.one": "whoever records the end of an action holds the head of its run's log",
    "_READ.one": "whoever hands in a document holds the head of its tenant's log",
    "_USER.one": "whoever begins a run or keeps for one holds the head of its tenant's log",
    "self._vault.erase": "whoever erases a document holds the head of its tenant's log",
    "self._named": "it works out an HMAC and reads no row",
    "self._name": "it works out an HMAC and reads no row",
    "_OPEN.one": "whoever asks holds the head of the tenant's log, so nobody asks meanwhile",
    "_locked": "it locks the head it reads",
    "approval_step.of": "whoever adds a step has locked the row of its approval",
    "edit.edits": "whoever adds a step holds the head of the tenant's log",
    "difference.asked_anew": "whoever asks or decides holds the head of the tenant's log",
    "difference.changed": "what it reads is only told, and nothing is decided then",
    "_read": "whoever counts guesses holds the head of the home's log",
    "_checked": _RELEASES,
    "_refuse_unproved": _RELEASES,
    "activation.newest": _RELEASES,
    "artefact.every": _RELEASES,
    "artefact.refuse_missing": _RELEASES,
    "every": _RELEASES,
    "release.read": _RELEASES,
    "promotion.newest": _RELEASES,
    "rollout_result.heads": "what is counted later than it says is counted once all the same",
    "account_id": "it works out a name and reads no row",
    "account_of": "whoever changes an account holds the head of its tenant's log",
    "at_work": "whoever claims a run of the tenant holds the head of its log",
    "begin": "it makes what is missing in one statement, as only the first of several can",
    "erasure.key_of": _ERASED,
    "key_of": _ERASED,
    "forget": "it deletes",
    "gap": "entries are only added, by whoever holds the head of their log",
    "keys_of": "whoever changes a key holds the head of its tenant's log",
    "_ENGAGED.all": "whoever turns a switch holds the head of every log",
    "level.read": "a budget that is there stays: no statement deletes one",
    "level.tenant_row": "whoever spends in the tenant holds the head of its log",
    "logs.make_head": "it makes what is missing in one statement, as only the first of several can",
    "logs.names": "a log only begins while the head of the home is locked",
    "name_of": "whoever begins a run of the tenant holds the head of its log",
    "newest": "entries are only added, by whoever holds the head of their log",
    "of_beginning": "the state and the time are checked again where the action is moved",
    "opening.forget": "it deletes",
    "page.previous": "entries are only added, by whoever holds the head of their log",
    "progress.forget": "it deletes",
    "proof": "it works out an HMAC and reads no row",
    "recorded_action.of_run": "whoever changes an action of the run holds the head of its log",
    "run_outcome.sealed": "whoever ends a claim has locked the row of its run",
    "rows.count": "whoever writes a checkpoint has locked the row of its run",
    "rows.end_tasks": "it deletes",
    "rows.prune": "whoever writes a checkpoint has locked the row of its run",
    "secrets.proof": "it works out an HMAC and reads no row",
    "self._engaged": "whoever turns a switch holds the head of every log",
    "self._vault.create": "it inserts",
    "vault.create": "it inserts",
    "self._vault.key": _ERASED,
    "self.gaps": "a log that is not held grows while it is looked at, which is no gap",
    "session.read": "a session only ends, by a statement that deletes, and its end is looked at",
    "self.watch.confirm": "whoever changes a row of the run holds the head of its log",
    "tx.connection.execute in _refuse_reviewed": (
        "whoever begins or ends a run of the tenant holds the head of its log"
    ),
    "tx.connection.execute in _turned": "the tenant of a run never changes",
    "read": "the row of the delivery is locked where it is turned",
    "rows.delivery_of": "whoever makes a delivery holds the head of the tenant's log",
    "webhook_of": "whoever changes a webhook holds the head of its tenant's log",
    "webhooks_of": "whoever changes a webhook holds the head of its tenant's log",
    "vault.erase": "it deletes",
    "vault.key": _ERASED,
    "world.vault.key": _ERASED,
    "waiting": "whoever asks has locked the action's row and holds the head of the log",
}


def test_work_names_the_logs_it_writes_to(code: Modules) -> None:
    """Whoever hands work to the store names its logs, so that their heads are locked first."""
    unnamed = {
        f"{path}:{function.name}"
        for path, tree in code.items()
        for function in _functions(tree)
        for call in _own_calls(function)
        if _hands_in(call) and not any(word.arg == "logs" for word in call.keywords)
    }

    assert unnamed == set(UNNAMED)


def test_what_a_transaction_reads_is_locked(code: Modules) -> None:
    """A read in a writing transaction locks the row, or is listed with the reason not to."""
    unlocked = {
        _name(call, function)
        for tree in code.values()
        for function in _functions(tree)
        if _takes_tx(function)
        for call in _own_calls(function)
        if _reads_unlocked(call, function, _constants(tree))
    }

    assert unlocked == set(UNLOCKED)


def _name(call: ast.Call, function: Function) -> str:
    """Return the name of what is called; a statement of a function's own is named after it."""
    name = ast.unparse(call.func)
    return f"{name} in {function.name}" if name.startswith("tx.") else name


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _own_calls(function: Function) -> Iterator[ast.Call]:
    """Yield the calls of a function and its lambdas, without those of functions within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _hands_in(call: ast.Call) -> bool:
    """Whether the call is one of `store.write`, `store.later` and `store.submit`."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _HANDS_IN
        and ast.unparse(function.value).endswith("store")
    )


def _takes_tx(function: Function) -> bool:
    given = (*function.args.args, *function.args.kwonlyargs)
    return any(
        one.annotation is not None and ast.unparse(one.annotation) == "Tx"
        for one in given
    )


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the text of every constant of a module, by its name."""
    return {
        target.id: ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def _reads_unlocked(
    call: ast.Call, function: Function, constants: Mapping[str, str]
) -> bool:
    """Whether the call reads through the connection of a transaction and locks nothing.

    It reads by a statement of its own, or hands the connection to somebody who does.
    """
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    arguments = [*call.args, *(word.value for word in call.keywords)]
    if method == "execute" and ast.unparse(call.func).startswith(_CONNECTIONS):
        return _is_read(ast.unparse(call.args[0]), function, constants)
    if not any(ast.unparse(argument) in _CONNECTIONS for argument in arguments):
        return False
    if method in {"run", "run_many"}:
        return False
    if method in {"one", "all"}:
        return _is_read(ast.unparse(call.func.value), function, constants)  # type: ignore[attr-defined]  # it has a method
    return not any(word.arg == "lock" for word in call.keywords)


def _is_read(text: str, function: Function, constants: Mapping[str, str]) -> bool:
    """Whether *text* is a query without a lock; names in function and module are followed."""
    first = text.split(".", maxsplit=1)[0].split("(", maxsplit=1)[0]
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == first:
            return _is_read(ast.unparse(node.value), function, constants) and (
                "with_for_update" not in text
            )
    whole = constants.get(first, "") + text
    writes = ("update(", "delete(", "insert(", "insert_new(", "upsert(")
    return not any(word in whole for word in ("with_for_update", *writes))
