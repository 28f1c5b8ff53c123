"""Replaying: a recorded decision's request, read back from the ledger, exactly as it was asked."""

from typing import Any

from pydantic import TypeAdapter

from interlock.runtime.policy.request import AccessRequest, Action, Context, Principal, Resource

_context: TypeAdapter[Context] = TypeAdapter(Context)


def recorded(body: dict[str, Any], payload: dict[str, Any]) -> AccessRequest:
    """Return the request of one ledger entry from its body and its opened payload."""
    principal = payload["principal"]
    return AccessRequest(
        principal=Principal(**principal | {"roles": tuple(principal["roles"])}),
        action=Action(
            tool=body["tool"], action_class=body["class"], arguments=payload["arguments"]
        ),
        resource=Resource(**payload["resource"]),
        context=_context.validate_python(payload["context"]),
    )
