"""A bundle is loaded as the revision that its contents are, or not at all."""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import BundleChanged, GuardFailed
from interlock.runtime.policy.engine.archive import unpack
from interlock.runtime.policy.engine.bundle import load, revision_of
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.serving.policy.build import BUNDLES, POLICIES

Files: TypeAlias = dict[str, bytes]
Change: TypeAlias = Callable[[Files], Files]

WHOLE: Final = unpack(BUNDLES[POLICIES].read_bytes())


def packed(path: Path, *members: Mapping[str, bytes]) -> Path:
    """Write a bundle of *members*, one mapping after the other, and return its path."""
    with tarfile.open(path, "w:gz") as archive:
        for files in members:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def flipped(name: str) -> Change:
    """Change one bit in the middle of one file."""

    def change(files: Files) -> Files:
        content = bytearray(files[name])
        content[len(content) // 2] ^= 1
        return {**files, name: bytes(content)}

    return change


def rewritten(name: str, *path: str, to: object) -> Change:
    """Set one place of a JSON file and leave it canonical."""

    def change(files: Files) -> Files:
        document = place = json.loads(files[name])
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to
        return {**files, name: canonical(document)}

    return change


def both(first: Change, second: Change) -> Change:
    """Make two changes."""
    return lambda files: second(first(files))


CHANGES: Final[dict[str, Change]] = {
    "one bit of the module": flipped("policy.wasm"),
    "one bit of a rule's source": flipped("rails/rules/egress/egress.rego"),
    "a value of the configuration": rewritten(
        "data.json", "rails", "config", "limits", "refusals", to=500
    ),
    "one grant more": rewritten(
        "data.json", "rails", "config", "grants", "analyst", to=["mail.send"]
    ),
    "another message": rewritten(
        "data.json", "rails", "reasons", "grants", "granted", to="Fine."
    ),
    "another manifest": rewritten(".manifest", "metadata", "opa", to="1.22.3"),
    "a file more": lambda files: {
        **files,
        "rails/rules/extra.rego": b"package rails.rules.extra",
    },
    "a file less": lambda files: {
        name: files[name] for name in files if not name.endswith("egress.rego")
    },
    "a file of another name": lambda files: {
        name.replace("egress.rego", "exit.rego"): files[name] for name in files
    },
    "the revision in the data": rewritten(
        "data.json", "rails", "build", "revision", to="0" * 64
    ),
    "the revision in the manifest": rewritten(".manifest", "revision", to="0" * 64),
    "the revision in both": both(
        rewritten("data.json", "rails", "build", "revision", to="0" * 64),
        rewritten(".manifest", "revision", to="0" * 64),
    ),
}


def test_a_bundle_packed_anew_is_the_same_revision(tmp_path: Path) -> None:
    """The revision is of the files, not of the archive around them."""
    again = load(packed(tmp_path / "bundle.tar.gz", dict(reversed(WHOLE.items()))))

    assert again == load(BUNDLES[POLICIES])
    assert again.revision == revision_of(WHOLE)


def test_the_engine_opens_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """How much memory the policy begins with is nothing that a command tells its reader."""
    EmbeddedPoint(load(BUNDLES[POLICIES])).close()

    assert caplog.records == []


@pytest.mark.parametrize("what", CHANGES)
def test_other_contents_under_the_same_revision_are_refused(
    tmp_path: Path, what: str
) -> None:
    """Whoever changes anything in a bundle and leaves what it states does not get it loaded."""
    with pytest.raises(BundleChanged, match="its contents are") as caught:
        load(packed(tmp_path / "bundle.tar.gz", CHANGES[what](WHOLE)))

    assert caught.value.exit_code == 5
    assert caught.value.stated != caught.value.found


@pytest.mark.parametrize("name", ["policy.wasm", "/policy.wasm", "data.json"])
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, name: str) -> None:
    """Two files of one name could be read differently by two engines."""
    with pytest.raises(GuardFailed, match="twice"):
        load(packed(tmp_path / "bundle.tar.gz", WHOLE, {name: WHOLE[name.lstrip("/")]}))


@pytest.mark.parametrize(
    "name", ["./data.json", "rails/../data.json", "rails//data.json"]
)
def test_another_spelling_of_a_path_is_refused(tmp_path: Path, name: str) -> None:
    """One file under two spellings could be read differently by two engines."""
    archive = packed(tmp_path / "bundle.tar.gz", WHOLE, {name: WHOLE["data.json"]})

    with pytest.raises(ValueError, match="path"):
        unpack(archive.read_bytes())


@pytest.mark.parametrize("name", ["data.json", ".manifest"])
def test_another_spelling_of_the_same_data_is_refused(
    tmp_path: Path, name: str
) -> None:
    """JSON that is not canonical could be read differently by two engines, so it is not accepted
    for the same.
    """
    spelt = json.dumps(json.loads(WHOLE[name]), indent=1).encode()
    doubled = b'{"revision":"x",' + WHOLE[name][1:]
    for content in (spelt, doubled):
        with pytest.raises(GuardFailed, match="not canonical"):
            load(packed(tmp_path / "bundle.tar.gz", {**WHOLE, name: content}))
