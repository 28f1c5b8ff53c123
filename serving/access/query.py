"""Queries: what an application asks about, as OpenID AuthZEN writes it.

Only the forms are checked here. Everything that an application states is its own word, and the
policy is told so: each statement is an argument, which the policy lists or refuses.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import Field, ValidationError

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal, Resource

MOST_ARGUMENTS: Final = 64
LONGEST_NAME: Final = 200
LONGEST_QUERY: Final = 16_384  # bytes of canonical JSON
#: Members of the context that carry the protocol, and the application's own clock: the policy is
#: told the database's
MACHINERY: Final = frozenset(
    {"access_request", "approval", "evaluation_id", "evaluated_at", "reason", "time"}
)
#: The kinds of subject that have a role of their own
_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
#: A person whom the list of people may name
PERSON: Final = "user"


class Subject(Value):
    """Who wants to act at the application."""

    type: str = Field(min_length=1, max_length=LONGEST_NAME)
    id: str = Field(min_length=1, max_length=LONGEST_NAME)
    properties: dict[str, Any] = Field(default_factory=dict)


class Action(Value):
    """What the subject wants to do."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    properties: dict[str, Any] = Field(default_factory=dict)


class Thing(Value):
    """What it would be done to: the resource of AuthZEN."""

    type: str = Field(min_length=1, max_length=LONGEST_NAME)
    id: str = Field(min_length=1, max_length=LONGEST_NAME)
    properties: dict[str, Any] = Field(default_factory=dict)


class Query(Value):
    """One question of an application."""

    subject: Subject
    action: Action
    resource: Thing
    context: dict[str, Any] = Field(default_factory=dict)

    @property
    def reference(self) -> Json:
        """The approval that the application refers to, None where it refers to none."""
        reference: Json = self.context.get("approval")
        return reference

    @property
    def relevant(self) -> dict[str, Json]:
        """The context that counts: all but the machinery of the protocol."""
        return {
            name: value for name, value in self.context.items() if name not in MACHINERY
        }

    @property
    def person(self) -> str:
        """The name of the subject, in which a subject that is no user shows its type."""
        subject = self.subject
        return subject.id if subject.type == PERSON else f"{subject.type}:{subject.id}"

    @property
    def thing(self) -> Resource:
        """The resource as the policy is asked about it."""
        return Resource(type=self.resource.type, id=self.resource.id)

    def only(self, members: Iterable[str]) -> "Query":
        """Return the query without what stands in the context beside *members*."""
        kept = {name: self.context[name] for name in members if name in self.context}
        return self.model_copy(update={"context": kept})

    def arguments(self) -> dict[str, Json]:
        """Return each statement under the name that the policy's data lists it by."""
        return dict(self._statements())

    def principal(self, asker: Principal, *, roles: tuple[str, ...]) -> Principal:
        """Return the application, *asker*, at work for the subject, who has *roles*.

        A subject also has a role for its type, such as "subject-user".
        """
        kind = self.subject.type
        own = (f"subject-{kind}",) if _KIND.fullmatch(kind) else ()
        return Principal(
            id=asker.id,
            tenant=asker.tenant,
            roles=(*roles, *own),
            on_behalf_of=self.person,
        )

    def _statements(self) -> Iterator[tuple[str, Json]]:
        yield "subject.type", self.subject.type
        yield "subject.id", self.subject.id
        yield "resource.type", self.resource.type
        yield "resource.id", self.resource.id
        for part, properties in (
            ("subject", self.subject.properties),
            ("action", self.action.properties),
            ("resource", self.resource.properties),
        ):
            for name, value in properties.items():
                yield f"{part}.properties.{name}", value
        for name, value in self.relevant.items():
            yield f"context.{name}", value


def parsed(document: object) -> Query:
    """Return the query in a JSON *document*.

    Raises `BadInput` for what is none, for floats and other values that two readers may read
    differently, and for more than the policy is ever asked about (fails closed).
    """
    try:
        query = Query.model_validate(_plain(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise wrong(where, first["msg"]) from error
    arguments = query.arguments()
    if len(arguments) > MOST_ARGUMENTS:
        raise wrong("body", f"it states more than {MOST_ARGUMENTS} things")
    if len(canonical(arguments)) > LONGEST_QUERY:
        raise wrong("body", f"it is longer than {LONGEST_QUERY} bytes")
    return query


class Malformed(BadInput):
    """A document that is no query of AuthZEN; nothing was asked."""


def wrong(where: str, why: str) -> Malformed:
    """Return the error of a query that cannot be read at *where*."""
    return Malformed(
        what=f"access query at {where}",
        why=why,
        next_step="Write it as OpenID AuthZEN 1.0 does, with strings and integers.",
    )


def _plain(document: object) -> object:
    """Return the four parts of the *document*: other members may be there and are not read."""
    if not isinstance(document, Mapping):
        return document
    parts = {name: document[name] for name in Query.model_fields if name in document}
    return {name: _known(name, value) for name, value in parts.items()}


def _known(name: str, value: object) -> object:
    if name == "context" or not isinstance(value, Mapping):
        return value
    kind: Any = Query.model_fields[name].annotation
    return {key: item for key, item in value.items() if key in kind.model_fields}
