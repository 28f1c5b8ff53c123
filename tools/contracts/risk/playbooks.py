"""The playbooks there are, and which one a review is scored by."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from interlock.runtime.errors import BadInput
from interlock.tools.contracts.parties import Role
from interlock.tools.contracts.risk.playbook import SHIPPED, Playbook, load

#: Scores a review whose side is not known
DEFAULT: Final = "customer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Playbooks:
    """The shipped playbooks and those of one workspace, by the name of the file."""

    shipped: Mapping[str, Playbook]
    own: Mapping[str, Playbook]

    @classmethod
    def read(cls, folder: Path | None, *, categories: Collection[str]) -> "Playbooks":
        """Read every playbook that ships and every one in *folder*, whether it is used or not.

        Raises `BadInput` naming the first file and field that is wrong, or the folder when it is
        none.
        """
        return cls(
            shipped=_all_of(SHIPPED, categories),
            own=_all_of(folder, categories) if folder else {},
        )

    @property
    def names(self) -> list[str]:
        """Every name that may be chosen."""
        return sorted({*self.shipped, *self.own})

    def named(self, name: str) -> Playbook:
        """Return the playbook of that name; the workspace's goes before a shipped one.

        Raises `BadInput` naming what there is.
        """
        playbook = self.own.get(name) or self.shipped.get(name)
        if playbook is None:
            raise BadInput(
                what=f"playbook {name!r}",
                why="there is none of that name",
                next_step=f"Name one of: {', '.join(self.names)}.",
            )
        return playbook

    def fitting(self, *, role: Role | None, contract: str) -> Playbook:
        """Return the playbook for a party in that *role* of a contract of that name.

        One for such contracts goes before one for any, and the workspace's before a shipped one.
        """
        if role is None:
            return self.named(DEFAULT)
        those = [*self.own.values(), *self.shipped.values()]
        ours = [playbook for playbook in those if playbook.side == role]
        title = contract.lower()
        for playbook in ours:
            if any(word.lower() in title for word in playbook.types):
                return playbook
        return next(playbook for playbook in ours if not playbook.types)


def _all_of(folder: Path, categories: Collection[str]) -> dict[str, Playbook]:
    if not folder.is_dir():
        raise BadInput(
            what=f"playbooks {folder}",
            why="there is no such folder",
            next_step="Make it, or name another one.",
        )
    return {
        path.stem: load(path, categories=categories)
        for path in sorted(folder.glob("*.yaml"))
    }
