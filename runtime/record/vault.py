"""Keys and sealing: AES-256-GCM under a data key per run, wrapped by the home's master key.

Destroying a run's data key erases everything sealed under it, and the commitments in the ledger
with it (their salt is derived from the same key), while the ledger still verifies.
"""

import hmac
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final
from weakref import WeakValueDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select

from interlock.runtime.errors import Erased, GuardFailed, Tampered
from interlock.runtime.record.events import HOME
from interlock.runtime.record.folder import make_durable
from interlock.runtime.record.store.of_many import OfMany
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.tables import data_key
from interlock.runtime.record.tlog import public_bytes

#: Keys that nobody works with and that are in memory all the same
KEPT: Final = 512
#: Bytes of a random nonce; NIST SP 800-38D section 8.2.2: few messages for each key
_NONCE: Final = 12
_WRAPPED: Final = Statement(
    select(data_key.c.wrapped).where(data_key.c.id == bindparam("key_id"))
)
_ALL_WRAPPED: Final = OfMany(data_key, data_key.c.id)
_NEW: Final = Statement(insert(data_key))
KEYS: Final = ("master.key", "ledger.key")
_TAG: Final = b"il1"  # every sealed blob begins with this: an unsealed one is refused


class DataKey:
    """One run's key: seals, opens and commits. Lives in memory only.

    *wrapped* is the form in which the key is stored, empty for one that is not.
    """

    __slots__ = ("__weakref__", "_aead", "_salt", "id", "wrapped")

    def __init__(self, *, id: str, secret: bytes, wrapped: bytes = b"") -> None:  # noqa: A002 - the column's name
        self.id = id
        self.wrapped = wrapped
        self._aead = AESGCM(_derive(secret, b"seal"))
        self._salt = _derive(secret, b"commit")

    def seal(self, plaintext: bytes, *, place: str) -> bytes:
        """Encrypt *plaintext*, bound to *place* (table and key), so that it opens nowhere else."""
        nonce = os.urandom(_NONCE)
        return _TAG + nonce + self._aead.encrypt(nonce, plaintext, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what was sealed for *place*.

        Raises `Tampered` for anything else, plaintext included (fails closed).
        """
        if not isinstance(sealed, bytes) or not sealed.startswith(
            _TAG
        ):  # SQLite keeps whatever type it is given
            raise Tampered(what=place, why="the stored bytes are not sealed")
        body = sealed[len(_TAG) :]
        try:
            return self._aead.decrypt(body[:_NONCE], body[_NONCE:], place.encode())
        except (
            InvalidTag,
            ValueError,
        ) as error:  # ValueError: too short to be anything sealed
            raise Tampered(
                what=place, why="the stored bytes do not open under this run's key"
            ) from error

    def commit(self, value: bytes) -> str:
        """Return the salted commitment to *value*, HMAC-SHA256 in hexadecimal.

        Equal values of one run have equal commitments.
        """
        return hmac.new(self._salt, value, sha256).hexdigest()


class Vault:
    """The master key of one home and the data keys wrapped under it.

    The keys are files of mode 0600 in the home's `keys` folder, made where *create* says that the
    home is new. Raises `GuardFailed` when a key file is missing, cannot be read or has the wrong
    size (fails closed: without keys nothing is recorded, so nothing is done; and a new key never
    takes the place of a lost one).
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self._master = AESGCM(_key_file(folder / KEYS[0], create=create))
        self.signing = Ed25519PrivateKey.from_private_bytes(
            _key_file(folder / KEYS[1], create=create)
        )
        self._opened = _Opened()
        #: By purpose: what marks are made with
        self._marking: dict[bytes, bytes] = {}

    def derived(self, purpose: bytes) -> Ed25519PrivateKey:
        """Return a signing key for *purpose* alone, always the same; no signature fits two."""
        secret = _derive(self.signing.private_bytes_raw(), b"sign/" + purpose)
        return Ed25519PrivateKey.from_private_bytes(secret)

    def mark(self, purpose: bytes, value: bytes) -> bytes:
        """Return what nobody without the home's key makes of *value*, for *purpose* alone."""
        secret = self._marking.get(purpose)
        if secret is None:
            secret = _derive(self.signing.private_bytes_raw(), b"mark/" + purpose)
            self._marking[purpose] = secret
        return hmac.digest(secret, value, "sha256")

    def create(self, connection: Connection, key_id: str, *, tenant: str) -> DataKey:
        """Make and store the data key *key_id* of *tenant* in the caller's transaction."""
        secret = os.urandom(32)
        nonce = os.urandom(_NONCE)
        wrapped = nonce + self._master.encrypt(nonce, secret, key_id.encode())
        row = {"id": key_id, "tenant": tenant, "wrapped": wrapped}
        _NEW.run(connection, row)
        return self._opened.keep(
            DataKey(
                id=key_id,
                secret=secret,
                wrapped=wrapped,
            )
        )

    def key(self, connection: Connection, key_id: str) -> DataKey:
        """Return the data key *key_id* as it is stored now: another process may have erased it.

        Raises `Erased` when it is gone, `Tampered` when it is foreign or changed.
        """
        return self._stored(key_id, _WRAPPED.one(connection, {"key_id": key_id}))

    def keys(self, connection: Connection, ids: Sequence[str]) -> dict[str, DataKey]:
        """Return the data keys of these *ids* as `key` does; one that is gone is not there.

        Raises `Tampered` when one is foreign or changed.
        """
        stored = _ALL_WRAPPED.by_name(connection, ids)
        return {
            key_id: self._stored(key_id, rows[0]) for key_id, rows in stored.items()
        }

    def _stored(self, key_id: str, row: Row | None) -> DataKey:
        if row is None:
            self._opened.forget(key_id)
            raise Erased(run_id=key_id)
        wrapped = row["wrapped"]
        opened = self._opened.get(key_id)
        if opened is None or opened.wrapped != wrapped:
            opened = self.unwrapped(key_id, wrapped)
        return self._opened.keep(opened)

    def unwrapped(self, key_id: str, wrapped: bytes) -> DataKey:
        """Return the data key in *wrapped*, its stored form, without keeping the key in memory.

        Raises `Tampered` when it is foreign, changed, cut short or of another type.
        """
        try:
            secret = self._master.decrypt(
                wrapped[:_NONCE], wrapped[_NONCE:], key_id.encode()
            )
        except (InvalidTag, ValueError, TypeError) as error:
            raise Tampered(
                what=f"data key {key_id}",
                why="it does not open under this home's master key",
            ) from error
        return DataKey(
            id=key_id,
            secret=secret,
            wrapped=wrapped,
        )

    def known(self, key_id: str) -> DataKey:
        """Return a data key this process has already opened; raises `Tampered` otherwise.

        That of a run at work is there: the run's checkpoints hold it.
        """
        key = self._opened.get(key_id)
        if key is None:
            raise Tampered(
                what=f"data key {key_id}", why="it is not open in this process"
            )
        return key

    def erase(self, connection: Connection, key_id: str) -> None:
        """Destroy the data key: everything sealed under it is gone for good."""
        connection.execute(delete(data_key).where(data_key.c.id == key_id))
        self._opened.forget(key_id)


class _Opened:
    """Keys in memory: those that somebody works with, the newest others, and that of the home.

    So what a process holds does not grow with the runs it has seen. Any thread may ask.
    """

    def __init__(self) -> None:
        self._used: WeakValueDictionary[str, DataKey] = WeakValueDictionary()
        #: The one that was asked for last stands last
        self._newest: dict[str, DataKey] = {}
        self._home: DataKey | None = None
        self._lock = Lock()

    def get(self, key_id: str) -> DataKey | None:
        """Return the key if it is in memory."""
        return self._used.get(key_id)

    def keep(self, key: DataKey) -> DataKey:
        """Keep the key as the newest, and return the key."""
        with self._lock:
            self._used[key.id] = key
            self._newest.pop(key.id, None)
            self._newest[key.id] = key
            if key.id == HOME:
                self._home = key
            if len(self._newest) > KEPT:
                del self._newest[next(iter(self._newest))]
        return key

    def forget(self, key_id: str) -> None:
        """Let the key go, whoever still works with it."""
        with self._lock:
            self._used.pop(key_id, None)
            self._newest.pop(key_id, None)


class Keyring:
    """The data keys as one transaction reads them: each is looked up once. Lives as long as it.

    Raises what `Vault.key` raises, and remembers no failure.
    """

    def __init__(self, connection: Connection, vault: Vault) -> None:
        #: The transaction
        self.connection = connection
        self._vault = vault
        self._keys: dict[str, DataKey] = {}

    def read(self, ids: Sequence[str]) -> None:
        """Look up the keys of these *ids* at once; one that is gone is looked up again."""
        self._keys.update(self._vault.keys(self.connection, ids))

    def key(self, key_id: str) -> DataKey:
        """Return the data key *key_id* as it is stored."""
        key = self._keys.get(key_id)
        if key is None:
            key = self._keys[key_id] = self._vault.key(self.connection, key_id)
        return key


def public_key(folder: Path) -> bytes | None:
    """Return the public half of the key that signs the ledger, or None when there is no such key.

    Raises `GuardFailed` for a file that is no key.
    """
    path = folder / KEYS[1]
    if not path.exists():
        return None
    signing = Ed25519PrivateKey.from_private_bytes(_key_file(path, create=False))
    return public_bytes(signing)


def has_keys(folder: Path) -> bool:
    """Whether a key was ever made there."""
    return any((folder / name).exists() for name in KEYS)


def _derive(secret: bytes, purpose: bytes) -> bytes:
    """Return 32 bytes by HKDF-Expand with SHA-256: of so few, RFC 5869 makes one HMAC."""
    return hmac.digest(secret, b"interlock/" + purpose + b"\x01", "sha256")


def _key_file(path: Path, *, create: bool) -> bytes:
    """Return the 32 bytes of the key at *path*; with *create* a missing key is made first."""
    try:
        if create:
            _make(path)
            # Whoever made it may have died before its name was durable.
            make_durable(path.parent)
        secret = path.read_bytes()
    except OSError as error:
        raise GuardFailed(
            guard=f"key {path}",
            why=str(error),
            next_step="Check its owner and mode, or restore it from your backup.",
        ) from error
    if len(secret) != 32:  # noqa: PLR2004 - AES-256 and Ed25519 keys are both 32 bytes
        raise GuardFailed(
            guard=f"key {path}",
            why="it is not 32 bytes long",
            next_step="Restore it from your backup.",
        )
    return secret


def _make(path: Path) -> None:
    """Put a new key at *path* unless there is one; of two processes that do so one wins."""
    if path.exists():
        return
    path.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    mine = path.with_suffix(f".{os.getpid()}-{os.urandom(4).hex()}.new")
    with os.fdopen(
        os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb"
    ) as file:
        file.write(os.urandom(32))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(mine, path)
    mine.unlink()
