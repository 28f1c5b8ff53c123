"""The point: the policy in force, asked about what an application wants to know."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interlock.runtime.door.evaluations import Evaluated, Evaluations
from interlock.runtime.errors import BadInput, GuardFailed
from interlock.runtime.policy.request import Principal, identity
from interlock.serving.access import answer, external
from interlock.serving.access.answer import Document
from interlock.serving.access.binding import FRESH_S, Bound, Signer, hash_of
from interlock.serving.access.query import PERSON, Query
from interlock.serving.home import Home


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Answers questions by the policy alone, and records each answer first."""

    home: Home
    signer: Signer
    evaluations: Evaluations

    async def answers(
        self,
        queries: Sequence[Query],
        asker: Principal,
        stops: Callable[[bool], bool] = lambda _: False,
    ) -> list[Document]:
        """Return the answers, all recorded in one transaction, and none after one that *stops*."""
        known = external.tools(await self.home.runtime.policy.bundle())
        questions = [
            external.question(
                query,
                known.get(query.action.name),
                asker=asker,
                roles=self.roles(query, asker),
            )
            for query in queries
        ]
        evaluated = await self.evaluations.answer(
            questions,
            tenant=asker.tenant,
            until=lambda one: stops(one.is_permit),
        )
        return [
            self._written(one, query, asker)
            for one, query in zip(evaluated, queries, strict=False)
        ]

    def roles(self, query: Query, asker: Principal) -> tuple[str, ...]:
        """Return the roles that this home gives the subject, never those that somebody states.

        Raises `GuardFailed` where the list of people cannot be used (fails closed).
        """
        settings = self.home.settings
        is_person = query.subject.type == PERSON and identity(query.subject.id)
        if not is_person or asker.tenant != settings.tenant:
            return ()
        try:
            return self.home.desk.person(query.subject.id).roles
        except BadInput as error:
            raise GuardFailed(
                guard="list of people", why=error.why, next_step=error.next_step
            ) from error

    async def revision(self) -> str:
        """Return the revision of the policy in force."""
        return await self.home.runtime.policy.revision()

    async def now(self) -> int:
        """Return the time of the database."""
        return await self.home.store.read(self.home.store.now)

    def _written(self, one: Evaluated, query: Query, asker: Principal) -> Document:
        """Return the answer, with what a request for approval needs where one can be made."""
        written = answer.of(one)
        if one.role is None:
            return written
        denial = Bound(
            evaluation=one.id,
            hash=hash_of(query),
            revision=one.decision.revision,
            asker=asker.id,
            tenant=asker.tenant,
            expires=one.at + FRESH_S,
            members=tuple(sorted(query.relevant)),
        )
        written["context"]["access_request"] = {
            "expires_at": answer.moment(denial.expires),
            "binding_token": self.signer.signed("denial", denial, now=one.at),
            "template": one.role,
        }
        return written
