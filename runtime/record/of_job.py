"""Jobs and their documents, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import same, sealed
from interlock.runtime.record.of_identity import OfIdentity
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfJobs(OfIdentity):
    """The rows of jobs and of their documents by key, beside those of accounts."""

    job: Rows = field(default_factory=dict)
    job_item: Rows = field(default_factory=dict)

    def submit(self, log: str, body: Values) -> None:
        """Begin a job."""
        self.job[(body["job"],)] = {
            "id": body["job"],
            "tenant": log,
            "status": "open",
            "created": body["at"],
            **same(body, "agent", "priority", "items"),
            **sealed(body),
        }

    def turn_job(self, _log: str, _run: str, body: Values) -> None:
        """Say what people made of a job."""
        self.job[(body["job"],)]["status"] = body["status"]

    def take(self, log: str, _run: str, body: Values) -> None:
        """Say what became of a document: the newest entry counts."""
        place = (body["job"], str(body["number"]))
        self.job_item[place] = {
            "seq": body["number"],
            "tenant": log,
            "run_id": body["of"],
            **same(body, "job", "document", "refused"),
            **sealed(body),
        }
