"""Why nothing runs under a release: it cannot be used, or this process is another one."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from interlock.runtime.errors import GuardFailed

#: Why a release cannot be used
ReleaseCode: TypeAlias = Literal[
    "release_missing",
    "release_unsigned",
    "release_altered",
    "release_unreadable",
    "artefact_missing",
    "artefact_altered",
]
_OF_RELEASE: Final[Mapping[ReleaseCode, str]] = {
    "release_missing": "it is not kept here",
    "release_unsigned": "nobody signed its manifest",
    "release_altered": "its manifest is not the one that was signed here",
    "release_unreadable": "its artefact is not of a form that this version reads",
    "artefact_missing": "it is not kept here",
    "artefact_altered": "its bytes are not those that its name is the digest of",
}


class ReleaseUnusable(GuardFailed):
    """A release, or what it names, is gone or is not what was signed, so nothing runs under it."""

    code: ReleaseCode

    def __init__(self, *, code: ReleaseCode, what: str) -> None:
        self.code, self.what = code, what
        super().__init__(
            guard=what,
            why=_OF_RELEASE[code],
            next_step=(
                "Restore the database, or `interlock release rollback` to a release that verifies."
            ),
        )


class AnotherRelease(GuardFailed):
    """The process does not have what a release names, so nothing was done under the release.

    *part* is the kind of the first artefact that differs, and the code is "another_" with the kind.
    """

    def __init__(self, *, release: str, part: str) -> None:
        self.release, self.part = release, part
        self.code = f"another_{part}"
        super().__init__(
            guard=f"release {release[:12]}",
            why=f"it names another {part} than this process has",
            next_step=(
                "Start the process anew, install the version of that release, or promote another "
                "one: `interlock release show`."
            ),
        )
