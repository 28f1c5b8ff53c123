"""The ZIP container of a DOCX, checked before anything else looks inside it."""

import codecs
import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.sax import ContentHandler, SAXException

from defusedxml import DefusedXmlException
from defusedxml.sax import parse as parse_sax

from interlock.tools.documents.document import Limits
from interlock.tools.documents.errors import Refusal

_CHUNK: Final = 64 * 1024
_ENCRYPTED_BIT: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_XML_STARTS: Final = (b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def entries(data: bytes, limits: Limits) -> dict[str, bytes]:
    """Return the entries of a sound archive by name.

    A body that is not XML was read, checked and left empty here.

    Sound: at most `zip_entries` entries with distinct, relative, forward names, stored or deflated,
    within `zip_ratio` and `zip_total`, each with the size and checksum it declares; no part has a
    document type, so no entity can be declared, expanded or fetched. Refusals: `archive_bomb`,
    `encrypted`, `malformed`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            _check_directory(infos, limits)
            return dict(_bodies(archive, infos))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise Refusal(
            "malformed", f"the archive is damaged ({type(error).__name__})"
        ) from None


def _check_directory(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(infos) > limits.zip_entries:
        raise Refusal(
            "archive_bomb",
            f"{len(infos)} archive entries, {limits.zip_entries} allowed",
        )
    total = sum(info.file_size for info in infos)
    if total > limits.zip_total:
        raise Refusal(
            "archive_bomb",
            f"the archive expands to {total} bytes, {limits.zip_total} allowed",
        )
    if len({info.filename.lower() for info in infos}) != len(infos):
        raise Refusal("malformed", "two archive entries share a name")
    for number, info in enumerate(infos, start=1):
        _check_entry(number, info, limits)


def _check_entry(number: int, info: zipfile.ZipInfo, limits: Limits) -> None:
    where = f"archive entry {number}"
    if info.flag_bits & _ENCRYPTED_BIT:
        raise Refusal("encrypted", f"{where} is encrypted")
    name = info.orig_filename
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or "\x00" in name
        or ".." in name.split("/")
    ):
        raise Refusal("malformed", f"{where} has a name that leads out of the archive")
    if info.compress_type not in _METHODS:
        raise Refusal(
            "malformed",
            f"{where} uses compression method {info.compress_type}, which DOCX does not have",
        )
    if (
        info.file_size > _CHUNK
        and info.file_size > info.compress_size * limits.zip_ratio
    ):
        raise Refusal(
            "archive_bomb", f"{where} expands more than {limits.zip_ratio} times"
        )


def _bodies(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]
) -> Iterator[tuple[str, bytes]]:
    for number, info in enumerate(infos, start=1):
        body = _body(archive, info)
        named_xml = info.filename.lower().endswith((".xml", ".rels"))
        # A part's content type, not its name, decides whether python-docx parses it, so its bytes
        # are looked at too.
        if named_xml or body[:_CHUNK].removeprefix(codecs.BOM_UTF8).lstrip().startswith(
            _XML_STARTS
        ):
            _check_xml(number, body)
            yield info.filename, body
        else:
            yield info.filename, b""


def _body(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    body = bytearray()
    with archive.open(info) as entry:
        while chunk := entry.read(_CHUNK):
            body += chunk
    if len(body) != info.file_size:
        raise Refusal("malformed", "an archive entry is shorter than it declares")
    return bytes(body)


def _check_xml(number: int, body: bytes) -> None:
    try:
        parse_sax(
            io.BytesIO(body),
            ContentHandler(),
            forbid_dtd=True,
            forbid_entities=True,
            forbid_external=True,
        )
    except DefusedXmlException:
        raise Refusal(
            "malformed", f"archive entry {number} declares a document type or an entity"
        ) from None
    except (SAXException, LookupError) as error:
        raise Refusal(
            "malformed",
            f"archive entry {number} is not sound XML ({type(error).__name__})",
        ) from None
