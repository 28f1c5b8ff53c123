"""Recording a measurement: an act of a person, in the ledger of the home."""

from interlock.evals.suites.measurement import Measurement, Recorded
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.serving.desk import Desk


async def record(
    desk: Desk,
    measurement: Measurement,
    *,
    person: Principal,
    release: str = "",
    parts: str = "",
) -> Recorded:
    """Record what was measured, under which revision, and the digest of the whole.

    It counts for *release*, where one is named, when somebody promotes that release, and *parts*,
    the digest of what was measured, is that of the release's.

    The entry of the act is the record: the policy in force says who may add one. Returns where it
    is. Raises `NotPermitted` for others.
    """

    async def nothing() -> None:
        """Do nothing besides."""

    result = measurement.result
    await desk.acts.perform(
        "eval.record",
        nothing,
        person=person,
        arguments={
            "suite": result.suite,
            "measured": result.revision,
            "digest": measurement.digest,
            "held": measurement.held,
            "release": release,
            "parts": parts,
            "rates": {rate.name: [rate.hits, rate.of] for rate in result.rates},
        },
        look=subject.tenant("evaluation", result.suite),
    )
    ledger = desk.storage.ledger
    head = await ledger.head(person.tenant)
    return Recorded(
        log=person.tenant,
        origin=ledger.origin(person.tenant),
        size=head.size,
        root=head.root,
        key=ledger.public_key.hex(),
    )
