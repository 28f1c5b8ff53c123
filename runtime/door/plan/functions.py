"""Functions of expressions, beside those of JMESPath: money, dates and texts from a template.

Numbers are decimal, whole or written as a text, and are given back whole or as a text. A function
raises for what it cannot take, and the expression then proves nothing.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from jmespath.functions import Functions, signature

from interlock.runtime.canonical import LARGEST_INTEGER
from interlock.runtime.door.plan.described import How, described
from interlock.runtime.door.plan.same import instant_of, same, weight
from interlock.runtime.door.plan.work import Work
from interlock.runtime.policy.sameness import decimal_of

#: Characters of the longest text that a function makes
LONGEST: Final = 65_536
#: So many leaves that are compared are the work of one node
COMPARED: Final = 2
#: Digits after the point of a ratio
_PLACES: Final = Decimal("0.00000001")
_ANY: Final[Any] = {"types": []}
_TEXT: Final[Any] = {"types": ["string"]}
_LIST: Final[Any] = {"types": ["array"]}
_NUMBER: Final[Any] = {"types": ["number"]}
_NAME_OF: Final[Any] = {"types": ["expref"]}


class Ours(Functions):
    """The functions of JMESPath, and ours; what they compare is part of the *work*."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    @signature(_ANY, _ANY)
    def _func_plus(
        self,
        one: Any,
        other: Any,
    ) -> int | str:
        return _written(_number(one) + _number(other))

    @signature(_ANY, _ANY)
    def _func_minus(
        self,
        one: Any,
        other: Any,
    ) -> int | str:
        return _written(_number(one) - _number(other))

    @signature(_ANY, _ANY)
    def _func_times(
        self,
        one: Any,
        other: Any,
    ) -> int | str:
        return _written(_number(one) * _number(other))

    @signature(_ANY, _ANY)
    def _func_ratio(
        self,
        one: Any,
        other: Any,
    ) -> int | str:
        return _written((_number(one) / _number(other)).quantize(_PLACES))

    @signature(_ANY, _NUMBER)
    def _func_round(
        self,
        one: Any,
        places: int,
    ) -> int | str:
        if not 0 <= places <= 8:  # noqa: PLR2004 - the places of a ratio
            raise ValueError(places)
        return _written(_number(one).quantize(Decimal(1).scaleb(-int(places))))

    @signature(_LIST)
    def _func_total(
        self,
        items: list[Any],
    ) -> int | str:
        return _written(sum(map(_number, items), Decimal()))

    @signature(_TEXT, _LIST)
    def _func_text(
        self,
        template: str,
        items: list[Any],
    ) -> str:
        return _filled(template, items)

    @signature(_TEXT, {"types": ["array-string"]})
    def _func_join(
        self,
        glue: str,
        items: list[str],
    ) -> str:
        _refuse_long(sum(map(len, items)) + len(glue) * len(items))
        return glue.join(items)

    @signature(_TEXT)
    def _func_lower(
        self,
        text: str,
    ) -> str:
        return text.lower()

    @signature(_LIST)
    def _func_only(
        self,
        items: list[Any],
    ) -> Any:
        first, *others = items
        if not all(same(first, other) for other in others):
            raise ValueError("it is not the only one")
        return first

    @signature(_LIST)
    def _func_unique(
        self,
        items: list[Any],
    ) -> list[Any]:
        self._compare(items, len(items))
        return _without(items, [], twice=False)

    @signature(_LIST, _NAME_OF, _TEXT)
    def _func_starting(
        self,
        items: list[Any],
        name_of: Any,
        text: str,
    ) -> Any:
        return _described(items, name_of, "starting", text)

    @signature(_LIST, _NAME_OF, _TEXT)
    def _func_ending(
        self,
        items: list[Any],
        name_of: Any,
        text: str,
    ) -> Any:
        return _described(items, name_of, "ending", text)

    @signature(_LIST, _NAME_OF, _TEXT)
    def _func_containing(
        self,
        items: list[Any],
        name_of: Any,
        text: str,
    ) -> Any:
        return _described(items, name_of, "containing", text)

    @signature(_LIST, _NAME_OF, _TEXT)
    def _func_called(
        self,
        items: list[Any],
        name_of: Any,
        text: str,
    ) -> Any:
        return _described(items, name_of, "called", text)

    @signature(_LIST)
    def _func_tally(
        self,
        items: list[Any],
    ) -> list[dict[str, Any]]:
        self._compare(items, len(items))
        counted = _without(items, [], twice=False)
        return [
            {"item": item, "count": sum(same(item, other) for other in items)}
            for item in counted
        ]

    @signature(_LIST)
    def _func_numbered(
        self,
        items: list[Any],
    ) -> list[dict[str, Any]]:
        return [
            {"item": item, "number": number} for number, item in enumerate(items, 1)
        ]

    @signature(_LIST, _LIST)
    def _func_without(
        self,
        items: list[Any],
        others: list[Any],
    ) -> list[Any]:
        self._compare(items, len(others))
        return _without(items, others, twice=True)

    def _compare(
        self,
        items: list[Any],
        others: int,
    ) -> None:
        """Count that each item is compared with so many; raises `TooDear` for too many leaves."""
        leaves = weight(items, most=self._work.left * COMPARED)
        self._work.spend(leaves * others // COMPARED)

    @signature(_ANY, _ANY)
    def _func_before(
        self,
        one: Any,
        other: Any,
    ) -> bool:
        return bool(_order(one) < _order(other))

    @signature(_ANY, _ANY)
    def _func_after(
        self,
        one: Any,
        other: Any,
    ) -> bool:
        return bool(_order(one) > _order(other))

    @signature(_TEXT, _TEXT)
    def _func_on(
        self,
        moment: str,
        day: str,
    ) -> bool:
        return bool(_instant(moment).date() == _instant(day).date())

    @signature(_TEXT, _NUMBER, _NUMBER)
    def _func_date_add(
        self,
        moment: str,
        days: int,
        minutes: int,
    ) -> str:
        later = _instant(moment) + timedelta(days=days, minutes=minutes)
        is_day = len(moment) == len("2000-01-01") and not minutes
        return str(later.date()) if is_day else later.isoformat(sep=" ")


def _described(
    items: list[Any],
    name_of: Any,
    how: How,
    text: str,
) -> Any:
    def name(item: Any) -> Any:
        return name_of.visit(name_of.expression, item)

    return described(items, name, how, text)


def _without(
    items: list[Any],
    others: list[Any],
    *,
    twice: bool,
) -> list[Any]:
    """Return the items that are none of the others; what comes *twice* stays so, or once."""
    kept: list[Any] = []
    for item in items:
        before = others if twice else kept
        if not any(same(item, other) for other in before):
            kept.append(item)
    return kept


def _number(value: Any) -> Decimal:
    number = decimal_of(value)
    if number is None:
        raise ValueError(value)
    return number


def _written(number: Decimal) -> int | str:
    """Return a number whole, or as a text with a point."""
    if not number.is_finite() or abs(number) > LARGEST_INTEGER:
        raise ValueError(number)
    if number == number.to_integral_value():
        return int(number)
    return format(number.normalize(), "f")


def _order(value: Any) -> Any:
    """Return what a value is ordered by; a date and a number have no order between them."""
    instant = instant_of(value)
    return _number(value) if instant is None else instant


def _instant(value: str) -> Any:
    instant = instant_of(value)
    if instant is None:
        raise ValueError(value)
    return instant


def _filled(
    template: str,
    items: list[Any],
) -> str:
    """Return the template with each `{number}` replaced; braces that came with an item stay."""
    parts: list[str] = []
    length = 0
    for number, part in enumerate(template.split("{")):
        index, brace, rest = part.partition("}")
        if number == 0:
            filled = part
        elif brace and index.isdecimal():
            filled = _shown(items[int(index)]) + rest
        else:
            filled = "{" + part
        length += len(filled)
        _refuse_long(length)
        parts.append(filled)
    return "".join(parts)


def _shown(item: Any) -> str:
    if isinstance(item, str):
        return item
    return str(_written(_number(item)))


def _refuse_long(length: int) -> None:
    if length > LONGEST:
        raise ValueError("the text is too long")
