"""Served models: started and stopped by a person or the machine, as the policy lets them."""

from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.serving.desk import Desk
from interlock.serving.vllm.orders import Order, give


async def served(desk: Desk, model: str, *, replicas: int, person: Principal) -> None:
    """Record that *person* serves the model from now on; raises `NotPermitted`.

    The servers are started after that, and without the home: they outlive no record, and hold none.
    """

    async def work() -> None:
        """Do nothing more: whoever asked starts the servers."""

    await desk.acts.perform(
        "model.serve",
        work,
        person=person,
        arguments={"model": model, "replicas": replicas},
        look=subject.tenant("model", model),
    )


async def stopped(
    desk: Desk, model: str, *, replica: int | None, person: Principal
) -> None:
    """Leave whoever serves the model an order to drain and stop; raises `NotPermitted`."""

    async def work() -> None:
        give(desk.settings.home, model, Order(replica=replica))

    await desk.acts.perform(
        "model.stop",
        work,
        person=person,
        arguments={"model": model, "replica": -1 if replica is None else replica},
        look=subject.tenant("model", model),
    )
