"""The weights of models that a run keeps to: those that its release states."""

from interlock.runtime.door.target import Caller
from interlock.runtime.run.releases import Releases
from interlock.tools.models.router.weights import Weights


class Shares:
    """Which model gets how much, by the release of the run that asks; one for each home.

    The tools are made before the runtime that knows the releases, so the two are bound afterwards.
    """

    def __init__(self) -> None:
        self._releases: Releases | None = None

    def bind(self, releases: Releases) -> None:
        """Take the weights from *releases* from now on."""
        self._releases = releases

    def __call__(self, caller: Caller) -> Weights | None:
        """Return the weights of the run's release; None for a run without one.

        Raises `ReleaseUnusable` for a release that was not verified here (fails closed).
        """
        if self._releases is None or not caller.release:
            return None
        return Weights(by_alias=self._releases.known(caller.release).weights)
