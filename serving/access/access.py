"""Access: the policy decision point that applications outside ask, and their way to people.

An application holds a credential of a role that is granted `access.evaluate`. Its questions are
decided by the policy in force, the answers are recorded first, and whoever is asked about is never
more than what the application says: roles come from the list of people.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from interlock.runtime.door.evaluations import Evaluations
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.runtime.run.order import Order
from interlock.serving.access import answer, batch, denial
from interlock.serving.access.answer import Document
from interlock.serving.access.approved import Door
from interlock.serving.access.binding import Signer
from interlock.serving.access.point import Point
from interlock.serving.access.problem import AccessProblem
from interlock.serving.access.query import Query, parsed
from interlock.serving.access.reference import References
from interlock.serving.access.tasks import Task, Tasks, Wanted
from interlock.serving.home import Home


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """What applications may ask of one home; lives as long as the home."""

    home: Home
    point: Point
    references: References
    tasks: Tasks

    @classmethod
    def over(cls, home: Home) -> "Access":
        """Return the access point of *home*."""
        runtime = home.runtime
        door = Door(
            store=runtime.store,
            vault=runtime.vault,
            runs=runtime.runs,
            policy=runtime.policy,
        )
        evaluations = Evaluations(
            store=runtime.store, vault=runtime.vault, policy=runtime.policy
        )
        point = Point(home=home, signer=Signer(runtime.vault), evaluations=evaluations)
        tasks = Tasks(runs=runtime.runs, approvals=runtime.approvals, door=door)
        return cls(
            home=home,
            point=point,
            references=References(point=point, tasks=tasks),
            tasks=tasks,
        )

    @property
    def signer(self) -> Signer:
        """What signs the tokens that applications are given."""
        return self.point.signer

    async def evaluate(self, document: object, *, asker: Principal) -> Document:
        """Answer one question; see `evaluate_all` for what it raises."""
        await self._may(asker)
        return await self._answer(parsed(document), asker)

    async def evaluate_all(self, document: object, *, asker: Principal) -> Document:
        """Answer many questions, of which the parts that are missing stand beside them.

        Without a list of them the document is one question. Raises `BadInput` for what cannot be
        read, `NotPermitted` where the policy lets the *asker* ask nothing, and `NotRecorded` where
        the answer cannot be recorded: then nothing is answered (fails closed).
        """
        items = document.get("evaluations") if isinstance(document, Mapping) else None
        if not isinstance(document, Mapping) or not items:
            return await self.evaluate(document, asker=asker)
        await self._may(asker)
        queries = batch.queries(document, items)
        stops = batch.stops(document)
        answers: list[Document] = []
        if any(query.reference is not None for query in queries):
            for query in queries:
                answers.append(await self._answer(query, asker))
                if stops(answers[-1]["decision"]):
                    break
        else:
            answers = await self.point.answers(queries, asker, stops)
        return {"evaluations": answers}

    async def request(
        self, document: object, *, asker: Principal, key: str = ""
    ) -> Task:
        """Put a requestable denial before people, as the policy then says, and return the task.

        Raises `AccessProblem` for a denial that this home did not make, that is too old, is about
        something else or is another application's, and `BadInput` ("key_reused") for a *key* under
        which the application asked for something else before.
        """

        async def work() -> Task:
            wanted = await self._wanted(document, asker)
            if not key:
                return await self.tasks.open(wanted)
            order = await self._order(wanted, key, asker)
            return await self.tasks.open(wanted, also=order.keep)

        return await self.home.runtime.acts.perform(
            "access.request",
            work,
            person=asker,
            arguments={"evaluation": denial.named(document)},
            look=subject.tenant("access", "request"),
        )

    async def _order(self, wanted: Wanted, key: str, asker: Principal) -> Order:
        """Return what *key* stands for; raises `BadInput` ("key_reused") for something else."""

        def look(connection: Connection) -> Order:
            order = Order.of(
                connection,
                self.home.vault,
                tenant=asker.tenant,
                person=asker.id,
                key=f"access/{key}",
                asked=[wanted.denial.evaluation, wanted.denial.hash, wanted.said],
            )
            order.begun(connection)
            return order

        return await self.home.store.read(look)

    async def _wanted(self, document: object, asker: Principal) -> Wanted:
        query = parsed(document)
        bound = denial.checked(document, query, asker=asker, signer=self.signer)
        is_over = bound.expires <= await self.point.now()
        if is_over or bound.revision != await self.point.revision():
            raise AccessProblem("expired_denial")
        return Wanted(
            denial=bound,
            principal=query.principal(asker, roles=self.point.roles(query, asker)),
            tool=query.action.name,
            statements=query.only(bound.members).arguments(),
            said=denial.said(document, query, bound),
        )

    async def task(self, task_id: str, *, asker: Principal) -> Task:
        """Return a task of the *asker*; raises `AccessProblem`."""
        await self.home.runtime.acts.look(
            "access.read",
            person=asker,
            arguments={"task": task_id},
            look=subject.tenant("access", "request"),
        )
        return await self.tasks.read(task_id, asker=asker)

    async def cancel(self, task_id: str, *, asker: Principal) -> Task:
        """Take a task back that is pending; raises `AccessProblem`."""

        async def work() -> Task:
            task = await self.tasks.read(task_id, asker=asker)
            if task.status != "pending":
                raise AccessProblem("invalid_task_state")
            try:
                await self.home.runs.cancel(task_id, by=asker.id)
            except BadInput as error:
                raise AccessProblem("invalid_task_state") from error
            return await self.tasks.read(task_id, asker=asker)

        return await self.home.runtime.acts.perform(
            "access.cancel",
            work,
            person=asker,
            arguments={"task": task_id},
            look=subject.tenant("access", "request"),
        )

    async def _may(self, asker: Principal) -> None:
        await self.home.runtime.acts.look(
            "access.evaluate",
            person=asker,
            arguments={},
            look=subject.tenant("access", "evaluation"),
        )

    async def _answer(self, query: Query, asker: Principal) -> Document:
        reference = query.reference
        if reference is None:
            return (await self.point.answers([query], asker))[0]
        why = await self.references.answer(query, reference, asker)
        if isinstance(why, dict):
            return why
        return answer.unhelped((await self.point.answers([query], asker))[0], why)
