"""The events of the ledger: one frozen value for each thing that can happen.

Nothing else is written there.

An event has two parts. `body()` is signed and exported: codes, states, amounts and commitments,
never personal data. `payload()` is sealed under the run's data key, and the body commits to it.
Together the bodies say enough to derive the working tables again.

Events take plain data, and the run's data key where they commit to something.
"""

from interlock.runtime.record.events.event import (
    EVERY,
    HOME,
    Event,
    Finding,
    Sealed,
)
from interlock.runtime.record.events.of_action import (
    Decided,
    Finished,
    Intended,
    ReportedLate,
    Ruling,
)
from interlock.runtime.record.events.of_approval import (
    ApprovalAsked,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalStepped,
)
from interlock.runtime.record.events.of_document import DocumentErased, DocumentKept
from interlock.runtime.record.events.of_home import (
    ActDecided,
    ActFailed,
    PolicyActivated,
    Recovered,
    SwitchTurned,
)
from interlock.runtime.record.events.of_identity import (
    AccountKept,
    ApiKeyKept,
    SignedIn,
    SignedOut,
    SignInsFailed,
)
from interlock.runtime.record.events.of_job import (
    JobItemTaken,
    JobStatusSet,
    JobSubmitted,
)
from interlock.runtime.record.events.of_release import ReleaseMade, ReleaseTurned
from interlock.runtime.record.events.of_rollout import RolloutTurned
from interlock.runtime.record.events.of_run import (
    LimitPassed,
    LimitRaised,
    LimitSet,
    RecordKept,
    RunEnded,
    RunErased,
    RunHeld,
    RunRepinned,
    RunResumed,
    RunStarted,
    RunWidened,
)
from interlock.runtime.record.events.of_webhook import (
    DeliveriesPruned,
    DeliveryTurned,
    Message,
    WebhookKept,
    WebhookTold,
)

__all__ = [
    "EVERY",
    "HOME",
    "AccountKept",
    "ActDecided",
    "ActFailed",
    "ApiKeyKept",
    "ApprovalAsked",
    "ApprovalDecided",
    "ApprovalExpired",
    "ApprovalStepped",
    "Decided",
    "DeliveriesPruned",
    "DeliveryTurned",
    "DocumentErased",
    "DocumentKept",
    "Event",
    "Finding",
    "Finished",
    "Intended",
    "JobItemTaken",
    "JobStatusSet",
    "JobSubmitted",
    "LimitPassed",
    "LimitRaised",
    "LimitSet",
    "Message",
    "PolicyActivated",
    "RecordKept",
    "Recovered",
    "ReleaseMade",
    "ReleaseTurned",
    "ReportedLate",
    "RolloutTurned",
    "Ruling",
    "RunEnded",
    "RunErased",
    "RunHeld",
    "RunRepinned",
    "RunResumed",
    "RunStarted",
    "RunWidened",
    "Sealed",
    "SignInsFailed",
    "SignedIn",
    "SignedOut",
    "SwitchTurned",
    "WebhookKept",
    "WebhookTold",
]
