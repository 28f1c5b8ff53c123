"""A review as a file to take away: JSON for programs, a page for people, a workbook for tables."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from interlock.serving.results.workbook import Sheet, workbook
from interlock.serving.view import shares
from interlock.tools.contracts.report import printed
from interlock.tools.contracts.report.chapters import marks
from interlock.tools.contracts.report.roll import roll
from interlock.tools.contracts.review import Review
from interlock.tools.documents import Document

Form: TypeAlias = Literal["json", "html", "xlsx"]
_CLAUSES: Final = (
    "number", "category", "answer", "text", "section", "place", "confidence", "polarity",
    "bound", "changed", "start", "end", "source",
)  # fmt: skip
_RISK: Final = ("category", "when", "points", "full", "confidence", "why")
_PARTIES: Final = ("name", "ours", "others")
TYPES: Final[Mapping[Form, str]] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def exported(review: Review, document: Document, form: Form) -> bytes:
    """Return the review in that form; the same bytes of JSON and HTML for the same review."""
    return _WRITERS[form](review, document)


def _json(review: Review, _: Document) -> bytes:
    body = shares(review.model_dump(mode="json"))
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def _html(review: Review, document: Document) -> bytes:
    return printed(review, document).encode()


def _xlsx(review: Review, _: Document) -> bytes:
    target = io.BytesIO()
    book = workbook(target)
    marked = marks(review)
    _fill(
        Sheet(book, "Clauses", _CLAUSES),
        [_clause(mark.number, mark.clause.model_dump()) for mark in marked],
    )
    _fill(
        Sheet(book, "Risk", _RISK),
        [shares(part.model_dump()) for part in review.risk.contributions],
    )
    _fill(
        Sheet(book, "Parties", _PARTIES),
        [
            {
                "name": party.name,
                "ours": "yes" if party.is_ours else "",
                "others": ", ".join(party.others),
            }
            for party in roll(review.side, marked)
        ],
    )
    book.close()
    return target.getvalue()


def _fill(sheet: Sheet, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        sheet.add(row)


def _clause(number: int, clause: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = shares(clause)
    return {**row, "number": number, "changed": "yes" if row["changed"] else ""}


_WRITERS: Final[Mapping[Form, Callable[[Review, Document], bytes]]] = {
    "json": _json,
    "html": _html,
    "xlsx": _xlsx,
}
