"""What a command ends with: 0 done, 2 bad input, 3 waiting, 4 denied, 5 a guard failed; one clear
line and no more.
"""

import gzip
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from pypdf import PdfWriter

Command = Callable[..., Any]
#: A child that may write no more than so many bytes to a file; writing on fails as on a full disk
FULL: Final = (
    "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); n = "
    "int(sys.argv[1]);"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)); os.execv(sys.argv[2], sys.argv[2:])"
)


def complaint(ran: Any) -> str:
    """Return the one line on standard error; with `--json` it may be an object."""
    (line,) = ran.err.splitlines()
    assert "Traceback" not in ran.out + ran.err
    if line.startswith("{"):
        error = json.loads(line)["error"]
        assert error["exit_code"] == getattr(ran, "code", error["exit_code"])
        assert error["code"]
        return str(error["message"])
    assert line.startswith("interlock: ")
    return str(line)


def effects(home: Path) -> list[str]:
    """Return every report and record in the home's database, and every file of its outbox."""
    kept: list[tuple[str]] = []
    database = home / "interlock.db"
    if database.is_file():
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            if ("record",) in tables:  # a disk may have been full before
                kept = connection.execute(
                    "SELECT kind FROM record WHERE kind IN ('contract', 'report')"
                ).fetchall()
    mails = [str(path.relative_to(home)) for path in home.glob("outbox/**/*")]
    return [kind for (kind,) in kept] + mails


def missing(folder: Path) -> Path:
    return folder / "nowhere.pdf"


def directory(folder: Path) -> Path:
    (folder / "folder.pdf").mkdir()
    return folder / "folder.pdf"


def encrypted(folder: Path) -> Path:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(folder / "locked.pdf")
    return folder / "locked.pdf"


def bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\0" * 80_000_000)
    return folder / "bomb.docx"


def empty(folder: Path) -> Path:
    (folder / "empty.txt").touch()
    return folder / "empty.txt"


def huge(folder: Path) -> Path:
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    return folder / "huge.pdf"


def binary(folder: Path) -> Path:
    shutil.copyfile(sys.executable, folder / "program.txt")
    with (folder / "program.txt").open("r+b") as file:
        file.truncate(100_000)
    return folder / "program.txt"


def latin(folder: Path) -> Path:
    (folder / "latin.txt").write_bytes("Caf\u00e9 agreement".encode("latin-1"))
    return folder / "latin.txt"


@pytest.mark.parametrize("make", [missing, directory])
def test_what_is_no_file_is_refused_before_a_run_exists(
    home: Path, tmp_path: Path, command: Command, make: Callable[[Path], Path]
) -> None:
    """A name that stands for no contract is bad input, and nothing is recorded for it."""
    path = make(tmp_path)
    ran = command(home, "review", str(path), "--json")

    assert ran.code == 2
    assert str(path) in complaint(ran)
    assert (ran.value["status"], ran.value["run_id"]) == ("refused", None)
    assert command(home, "audit", "verify", "--json").value["size"] == 0


@pytest.mark.parametrize("make", [encrypted, bomb, empty, huge, binary, latin])
def test_an_unusable_file_is_refused_in_one_line(
    home: Path, tmp_path: Path, command: Command, make: Callable[[Path], Path]
) -> None:
    """A file that cannot be read as a contract is named in one line, and nothing is filed, written
    or mailed for it.
    """
    path = make(tmp_path)
    ran = command(home, "review", str(path), "--notify", "legal@example.com", "--json")

    assert ran.code == 2
    assert str(path) in complaint(ran)
    assert effects(home) == []
    assert [each["tool"] for each in ran.value["decisions"]] == ["document.read"]
    assert [each["state"] for each in ran.value["decisions"]] == ["failed"]


def test_one_bad_file_does_not_lose_the_others(
    home: Path, tmp_path: Path, command: Command, contract: Path
) -> None:
    """Of several files each is reviewed on its own; the worst outcome is the exit code."""
    ran = command(home, "review", str(empty(tmp_path)), str(contract), "--json")
    lines = ran.out.splitlines()

    assert ran.code == 2
    assert len(lines) == 2
    assert "empty.txt" in complaint(ran)
    assert [seen["stopped"] is None for seen in map(json.loads, lines)] == [False, True]


def test_a_review_without_mail_is_done(
    home: Path, command: Command, contract: Path
) -> None:
    """A review that mails nobody ends with 0, silently on standard error."""
    ran = command(home, "review", str(contract), "--json")

    assert (ran.code, ran.err) == (0, "")
    assert ran.value["status"] == "done"
    assert ran.value["waiting"] == []


def test_a_mail_to_a_stranger_is_denied(
    home: Path, command: Command, contract: Path
) -> None:
    """A mail that the policy refuses makes the review end with 4, and nothing leaves."""
    ran = command(
        home, "review", str(contract), "--notify", "someone@example.net", "--json"
    )
    (sent,) = [each for each in ran.value["decisions"] if each["tool"] == "mail.send"]

    assert ran.code == 4
    assert "egress_domain" in {why["code"] for why in sent["reasons"]}
    assert not list(home.glob("outbox/*"))


def test_a_kill_switch_denies(home: Path, command: Command, contract: Path) -> None:
    """Under a kill switch no review starts, with 4; released, the next one is done."""
    assert command(home, "kill", "engage", "all").code == 0
    stopped = command(home, "review", str(contract), "--json")
    assert command(home, "kill", "release", "all").code == 0

    assert stopped.code == 4
    assert command(home, "run", "list", "--json").value == []
    assert effects(home) == []
    assert command(home, "review", str(contract)).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "show", "run-nowhere"),
        ("run", "resume", "run-nowhere"),
        ("run", "cancel", "run-nowhere"),
        ("approvals", "show", "apr-nowhere"),
        ("approvals", "approve", "apr-nowhere", "--note", "checked"),
        ("approvals", "reject", "apr-nowhere", "--note", "checked"),
        ("document", "text", "sha256:nowhere"),
        ("budget", "show", "run-nowhere"),
        ("audit", "show", "run-nowhere"),
        ("policy", "explain", "nowhere"),
    ],
    ids=" ".join,
)
def test_an_unknown_name_is_bad_input(
    home: Path, command: Command, arguments: tuple[str, ...]
) -> None:
    """What is not there is named in one line, with how to find what is."""
    ran = command(home, *arguments)

    assert ran.code == 2
    assert "nowhere" in complaint(ran)
    assert "does not exist here" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [("reviw",), ("review",), ("run", "show"), ("kill", "engage", "everything")],
)
def test_a_mistyped_command_is_bad_input(
    home: Path, command: Command, arguments: tuple[str, ...]
) -> None:
    """A command that is not one, or lacks an argument, ends with 2 and one line."""
    ran = command(home, *arguments)

    assert ran.code == 2
    assert complaint(ran)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("people: [{id: 3", "line 1"),
        ("people: [{id: ana, rolls: []}]", "people.0.rolls"),
        ("people: 7", "field people"),
    ],
)
def test_unreadable_people_are_bad_input(
    home: Path, command: Command, text: str, where: str
) -> None:
    """A people.yaml that cannot be used is named with the place in it, and no verdict is
    recorded.
    """
    (home / "people.yaml").write_text(text, "utf-8")
    ran = command(home, "approvals", "approve", "apr-any", "--note", "checked")

    assert ran.code == 2
    assert str(home / "people.yaml") in complaint(ran)
    assert where in ran.err


def test_a_home_that_is_a_file_is_bad_input(
    tmp_path: Path, command: Command, contract: Path
) -> None:
    """INTERLOCK_HOME must be a folder; a file there is named and left alone."""
    (tmp_path / "file").write_text("mine", "utf-8")
    ran = command(tmp_path / "file", "review", str(contract))

    assert ran.code == 2
    assert "INTERLOCK_HOME" in complaint(ran)
    assert str(tmp_path / "file") in complaint(ran)
    assert (tmp_path / "file").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["INTERLOCK_OPA_SERVER", "INTERLOCK_SMTP"])
def test_a_malformed_address_is_bad_input(
    home: Path, command: Command, contract: Path, name: str
) -> None:
    """A setting that should be host:port and is not is named with its value, and nothing is
    done.
    """
    ran = command(home, "review", str(contract), **{name: "nonsense"})

    assert ran.code == 2
    assert f"{name} 'nonsense'" in complaint(ran)
    assert effects(home) == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "corrupt", "changed"])
def test_without_its_policy_nothing_is_done(
    home: Path, tmp_path: Path, command: Command, contract: Path, damage: str
) -> None:
    """A policy bundle that is missing, cut short, none at all or another than it states fails
    closed before all else.
    """
    bundle, whole = (
        tmp_path / "bundle.tar.gz",
        contract.parents[3] / "policies" / "bundle.tar.gz",
    )
    if (
        damage == "changed"
    ):  # the archive is whole, and one number is not that of its revision
        plain = gzip.decompress(whole.read_bytes())
        bundle.write_bytes(
            gzip.compress(plain.replace(b'"refusals":5', b'"refusals":9'))
        )
    elif damage != "missing":
        bundle.write_bytes(
            whole.read_bytes()[:3000] if damage == "truncated" else b"no bundle" * 500
        )
    ran = command(home, "review", str(contract), INTERLOCK_BUNDLE=str(bundle))

    assert ran.code == 5
    assert f"policy bundle {bundle}" in complaint(ran)
    assert list(home.iterdir()) == []


def test_without_its_policy_server_everything_is_denied(
    home: Path, command: Command, contract: Path
) -> None:
    """With a configured OPA server that is down no run starts: the command ends with 5, and the
    refused act is in the ledger with the engine's own code.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    ran = command(home, "review", str(contract), "--json", INTERLOCK_OPA_SERVER=address)
    shown = command(home, "audit", "show", "--json").out.splitlines()
    acts = [json.loads(line)["body"] for line in shown if '"act"' in line]

    assert ran.code == 5
    assert complaint(ran)
    assert [(body["tool"], body["codes"]) for body in acts] == [
        ("run.start", ["pdp_unavailable"])
    ]
    assert command(home, "run", "list", "--json").value == []
    assert effects(home) == []


def test_without_its_database_nothing_is_done(
    home: Path, command: Command, contract: Path
) -> None:
    """A database that cannot be opened is named, and nothing is done."""
    (home / "interlock.db").mkdir()
    ran = command(home, "review", str(contract))

    assert ran.code == 5
    assert str(home / "interlock.db") in complaint(ran)
    assert effects(home) == []


def test_a_file_that_is_no_database_is_left_alone(
    home: Path, command: Command, contract: Path
) -> None:
    """A file in the database's place that is none is named and not overwritten."""
    (home / "interlock.db").write_bytes(b"no database" * 1000)
    ran = command(home, "review", str(contract))

    assert ran.code == 5
    assert str(home / "interlock.db") in complaint(ran)
    assert (home / "interlock.db").read_bytes() == b"no database" * 1000


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        (key, damage)
        for key in ("master.key", "ledger.key")
        for damage in ("missing", "short", "another")
    ],
)
def test_without_its_keys_nothing_is_done(
    used: Path, command: Command, contract: Path, key: str, damage: str
) -> None:
    """A key that is missing, another one or of the wrong size stops everything once there is data,
    and is not replaced.
    """
    path, before = used / "keys" / key, effects(used)
    path.unlink()
    if damage != "missing":
        path.write_bytes(os.urandom(32 if damage == "another" else 7))
    ran = command(used, "review", str(contract))

    assert ran.code == 5
    assert "key" in complaint(ran)
    assert effects(used) == before
    assert path.exists() == (damage != "missing")


@pytest.mark.parametrize("size", [60_000, 250_000])
def test_a_full_disk_stops_before_any_effect(
    home: Path, contract: Path, size: int
) -> None:
    """When nothing can be recorded any more, whether at once or in the midst of a run, nothing is
    done.
    """
    command = [
        sys.executable,
        "-c",
        FULL,
        str(size),
        str(Path(sys.prefix, "bin", "interlock")),
    ]
    environment = {**os.environ, "INTERLOCK_HOME": str(home)}
    ran = subprocess.run(  # noqa: S603 - our own command
        [*command, "review", str(contract), "--notify", "legal@example.com"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )

    assert ran.returncode == 5
    assert "store" in complaint(type("Ran", (), {"out": ran.stdout, "err": ran.stderr}))
    assert not [path for path in effects(home) if path.endswith((".eml", ".html"))]
