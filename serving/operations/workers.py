"""Workers: started by a person, and from then on at work for the system."""

from collections.abc import Callable

from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.serving.deadlines import Deadlines
from interlock.serving.home import Home
from interlock.serving.quality.baits import Baits
from interlock.serving.rollout.steering import Steering
from interlock.serving.webhooks.courier import Courier
from interlock.serving.worker import Turn, Worker, name


async def hired(
    home: Home, *, person: Principal, told: Callable[[Turn], None]
) -> Worker:
    """Return a worker that *person* starts, at the pace of the home's settings.

    The act is decided and recorded once; what the worker claims later is recorded under the
    worker's own name. Raises `NotPermitted`.
    """
    settings = home.settings

    async def work() -> Worker:
        return Worker(
            home.runtime,
            pace=settings.worker,
            shares={
                tenant: section.share for tenant, section in settings.tenants.items()
            },
            told=told,
            chores=[
                Deadlines(home.approvals),
                Baits(home),
                Courier(home.desk),
                Steering(home.runtime),
            ],
        )

    return await home.runtime.acts.perform(
        "worker.start",
        work,
        person=person,
        arguments={"worker": name(), "concurrency": settings.worker.concurrency},
        look=subject.tenant("worker", name()),
    )
