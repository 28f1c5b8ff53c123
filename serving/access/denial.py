"""Denials: what an application sends back of a denial to have it put before people."""

from collections.abc import Mapping
from typing import Any, Final

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.policy.request import Principal
from interlock.serving.access import answer
from interlock.serving.access.binding import Bound, Signer, hash_of
from interlock.serving.access.problem import AccessProblem
from interlock.serving.access.query import Query, wrong

LONGEST_SAID: Final = 4_096  # bytes
LONGEST_ID: Final = 64


def checked(
    document: object, query: Query, *, asker: Principal, signer: Signer
) -> Bound:
    """Return the denial that *document* sends back for *query*.

    Raises `AccessProblem` ("invalid_denial_binding") for one that this home did not sign, that the
    *asker* was not given, or that is about something else. Whether the denial is still fresh is for
    the caller.
    """
    stated = document.get("denial") if isinstance(document, Mapping) else None
    token = stated.get("binding_token") if isinstance(stated, Mapping) else None
    if not isinstance(stated, Mapping) or not isinstance(token, str):
        raise AccessProblem("invalid_denial_binding")
    denial = signer.read("denial", token)
    if denial is None or not _is_for(denial, query, stated, asker):
        raise AccessProblem("invalid_denial_binding")
    return denial


def named(document: object) -> str:
    """Return the evaluation that *document* says was denied, empty where it names none."""
    stated = document.get("denial") if isinstance(document, Mapping) else None
    name = stated.get("evaluation_id") if isinstance(stated, Mapping) else None
    return name[:LONGEST_ID] if isinstance(name, str) and name.isascii() else ""


def _is_for(
    denial: Bound, query: Query, stated: Mapping[str, Any], asker: Principal
) -> bool:
    named = stated.get("evaluation_id", denial.evaluation)
    return (
        (denial.asker, denial.tenant) == (asker.id, asker.tenant)
        and denial.hash == hash_of(query.only(denial.members))
        and stated.get("expires_at") == answer.moment(denial.expires)
        and named == denial.evaluation
    )


def said(document: object, query: Query, denial: Bound) -> dict[str, Json]:
    """Return what the application says beside what was evaluated, for people to read."""
    whole: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
    beside = {
        name: value
        for name, value in query.relevant.items()
        if name not in denial.members
    }
    words: dict[str, Json] = {"context": beside}
    for name in ("requested_access", "client"):
        if name in whole:
            words[name] = whole[name]
    if len(canonical(words)) > LONGEST_SAID:
        raise wrong("body", f"what it says beside is longer than {LONGEST_SAID} bytes")
    return words
