"""Carriers in a DOCX: what is visible, hidden, tracked, commented, or beside the body."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

import docx
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE

_Write: TypeAlias = Callable[[Sequence[str], str], bytes]
_SPACE: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BODY: Final = "word/document.xml"
_BY: Final = 'w:id="7" w:author="Counsel" w:date="2025-03-01T10:00:00Z"'
_BOX: Final = (
    '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox>'
    "<w:txbxContent>%s</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
)
_FIELD: Final = '<w:r><w:instrText xml:space="preserve">QUOTE "%s"</w:instrText></w:r>'
_PICTURE: Final = (
    '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" alt="%s"/>'
    "</w:pict></w:r>"
)
_TABLE: Final = (
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
)
_HIDDEN: Final = "no reader sees it: it is left out and listed"
_BESIDE: Final = "it is counted, and no part of the text"
#: The parts of a package that a carrier adds: name -> kind of part, type of content, root element
_PARTS: Final = {
    "comments": (RELATIONSHIP_TYPE.COMMENTS, CONTENT_TYPE.WML_COMMENTS),
    "header": (RELATIONSHIP_TYPE.HEADER, CONTENT_TYPE.WML_HEADER),
    "footer": (RELATIONSHIP_TYPE.FOOTER, CONTENT_TYPE.WML_FOOTER),
    "footnotes": (RELATIONSHIP_TYPE.FOOTNOTES, CONTENT_TYPE.WML_FOOTNOTES),
}


def _paragraph(runs: str) -> str:
    return f"<w:p>{runs}</w:p>"


def _run(words: str, looks: str = "", tag: str = "t") -> str:
    return f"<w:r><w:rPr>{looks}</w:rPr><w:{tag}>{escape(words)}</w:{tag}></w:r>"


def _document(
    contract: Sequence[str], more: str, parts: Mapping[str, str] | None = None
) -> bytes:
    """Return a package whose body is the contract and *more*, with parts beside the body."""
    plain = io.BytesIO()
    docx.Document().save(plain)
    target = io.BytesIO()
    body = "".join(_paragraph(_run(text)) for text in contract) + more
    changed = {
        _BODY: f'<w:document xmlns:w="{_SPACE}"><w:body>{body}</w:body></w:document>'
    }
    for name, inner in (parts or {}).items():
        root = {"header": "hdr", "footer": "ftr"}.get(
            name,
            name,
        )
        changed[f"word/{name}.xml"] = f'<w:{root} xmlns:w="{_SPACE}">{inner}</w:{root}>'
    with (
        zipfile.ZipFile(plain) as old,
        zipfile.ZipFile(
            target,
            "w",
        ) as new,
    ):
        for name in old.namelist():
            text = changed.pop(
                name,
                None,
            ) or _listed(
                name,
                old.read(name),
                parts or {},
            )
            new.writestr(
                name,
                text,
            )
        for name, text in changed.items():
            new.writestr(
                name,
                text,
            )
    return target.getvalue()


def _listed(name: str, content: bytes, parts: Mapping[str, str]) -> bytes:
    """Return a part of the package that lists the parts, with *parts* among them."""
    text = content.decode(
        "utf-8",
        "surrogateescape",
    )
    for part in parts:
        relation, kind = _PARTS[part]
        if name == "[Content_Types].xml":
            entry = f'<Override PartName="/word/{part}.xml" ContentType="{kind}"/>'
            text = text.replace(
                "</Types>",
                f"{entry}</Types>",
            )
        elif name == "word/_rels/document.xml.rels":
            entry = (
                f'<Relationship Id="x{part}" Type="{relation}" Target="{part}.xml"/>'
            )
            text = text.replace(
                "</Relationships>",
                f"{entry}</Relationships>",
            )
    return text.encode(
        "utf-8",
        "surrogateescape",
    )


def _body(form: str) -> _Write:
    """Return a writer that puts the words where *form* has `%s`."""
    return lambda contract, words: _document(
        contract,
        form % escape(words),
    )


def _looking(looks: str) -> _Write:
    return lambda contract, words: _document(
        contract,
        _paragraph(
            _run(
                words,
                looks,
            )
        ),
    )


def _part(name: str, form: str) -> _Write:
    """Return a writer that puts the words into a part beside the body."""
    return lambda contract, words: _document(
        contract, "", {name: form % _paragraph(_run(words))}
    )


def _property(contract: Sequence[str], words: str) -> bytes:
    document = docx.Document()
    for text in contract:
        document.add_paragraph(text)
    document.core_properties.comments = words
    document.core_properties.keywords = words[:255]
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


#: By name: the writer, and why the words are not read; empty where they are
WRITERS: Final[Mapping[str, tuple[_Write, str]]] = {
    "body": (_looking(""), ""),
    "table": (_body(_TABLE), ""),
    "text-box": (_body(_paragraph(_BOX % _paragraph(_run("%s")))), ""),
    "small-print": (_looking('<w:sz w:val="6"/>'), ""),
    "inserted": (_body(_paragraph(f"<w:ins {_BY}>{_run('%s')}</w:ins>")), ""),
    "header": (
        _part(
            "header",
            "%s",
        ),
        "",
    ),
    "footer": (
        _part(
            "footer",
            "%s",
        ),
        "",
    ),
    "footnote": (
        _part(
            "footnotes",
            '<w:footnote w:id="2">%s</w:footnote>',
        ),
        "",
    ),
    "deleted": (
        _body(_paragraph(f"<w:del {_BY}>{_run('%s', tag='delText')}</w:del>")),
        "the change that deletes it is read as accepted, and listed",
    ),
    "hidden": (_looking("<w:vanish/>"), _HIDDEN),
    "white": (_looking('<w:color w:val="FFFFFF"/>'), _HIDDEN),
    "tiny": (_looking('<w:sz w:val="1"/>'), _HIDDEN),
    "comment": (
        _part(
            "comments",
            f"<w:comment {_BY}>%s</w:comment>",
        ),
        _BESIDE,
    ),
    "field-code": (_body(_paragraph(_FIELD)), "a field's instruction is not its text"),
    "alternative-text": (_body(_paragraph(_PICTURE)), "pictures are counted, not read"),
    "metadata": (_property, "metadata is not read"),
}
