"""Statements of the hot path: compiled once for each database, then handed straight to the driver.

SQLAlchemy takes about 20 µs for an execution, the driver 2 µs; a governed step makes twenty.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

Parameters: TypeAlias = Mapping[str, Any]


class Row(Protocol):
    """One row, whether this module or SQLAlchemy read it."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of *column*; raises KeyError."""
        ...


class Statement:
    """One statement of SQLAlchemy Core with named parameters, for the transaction that is open.

    Every execution names the same parameters. A failure of the database is the error that
    SQLAlchemy raises for it. Lists of unknown length (`IN`) are not offered. Any number of threads
    may execute one statement, each on a connection of its own.
    """

    def __init__(self, statement: Mapping[str, ClauseElement] | ClauseElement) -> None:
        #: The statement, or one for each dialect by name
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, parameters: Parameters) -> int:
        """Execute once, and return the number of rows that were changed."""
        cursor, _ = self._execute(connection, parameters)
        rows: int = cursor.rowcount
        return rows

    def run_many(self, connection: Connection, rows: Sequence[Parameters]) -> int:
        """Execute once for each of *rows*, and return the number of rows that were changed.

        A server is asked for all of them in one go.
        """
        if len(rows) > 1:
            return self._execute_many(connection, rows)
        return self.run(connection, rows[0]) if rows else 0

    def one(self, connection: Connection, parameters: Parameters) -> Row | None:
        """Return the first row, or None when there is none."""
        rows = self.all(connection, parameters)
        return rows[0] if rows else None

    def all(
        self, connection: Connection, parameters: Parameters
    ) -> Sequence[Mapping[str, Any]]:
        """Return every row."""
        cursor, names = self._execute(connection, parameters)
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _execute(
        self, connection: Connection, parameters: Parameters
    ) -> tuple[Any, Sequence[str]]:
        """Return the driver's cursor, and the names of its columns."""
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compile(connection, parameters)
        driver: Any = connection.connection.dbapi_connection
        try:
            cursor = driver.execute(compiled.sql, compiled.arguments(parameters))
        except compiled.errors as error:
            raise failure(connection, compiled.sql, error) from error
        if not compiled.names and cursor.description:
            compiled.names = [column[0] for column in cursor.description]
        return cursor, compiled.names

    def _execute_many(self, connection: Connection, rows: Sequence[Parameters]) -> int:
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compile(connection, rows[0])
        driver: Any = connection.connection.dbapi_connection
        arguments = [compiled.arguments(row) for row in rows]
        try:
            cursor = driver.executemany(compiled.sql, arguments)
        except compiled.errors as error:
            raise failure(connection, compiled.sql, error) from error
        changed: int = cursor.rowcount
        return changed

    def _compile(self, connection: Connection, parameters: Parameters) -> "_Compiled":
        dialect = connection.dialect
        statement = self._statement
        if isinstance(statement, Mapping):
            statement = statement[dialect.name]
        made: Any = statement.compile(dialect=dialect, column_keys=list(parameters))
        constants: dict[str, Any] = made.construct_params(
            parameters
        )  # raises for a missing one
        dbapi: Any = dialect.dbapi
        compiled = _Compiled(
            sql=str(made),
            constants={
                name: constants[name] for name in constants.keys() - parameters.keys()
            },
            places=_places(made.positiontup),
            errors=dbapi.Error,
        )
        self._compiled[dialect.name] = compiled
        return compiled


@dataclass(kw_only=True, slots=True)
class _Compiled:
    sql: str
    #: Values that stand in the statement itself
    constants: dict[str, Any]
    #: Puts the values in the order of their places; None for a driver that takes names
    places: Callable[[Parameters], Sequence[Any]] | None
    errors: type[Exception]
    #: Of the columns that it returns, by its first execution: the statement names them all
    names: list[str] = field(default_factory=list)

    def arguments(self, parameters: Parameters) -> Sequence[Any] | Mapping[str, Any]:
        values = {**self.constants, **parameters} if self.constants else parameters
        return values if self.places is None else self.places(values)


def failure(connection: Connection, sql: str, error: Exception) -> Exception:
    """Return the error that SQLAlchemy raises for one of the driver."""
    dbapi: Any = connection.dialect.dbapi
    return DBAPIError.instance(
        sql,
        None,
        error,
        dbapi.Error,
        dialect=connection.dialect,
    )


def _places(
    order: Sequence[str] | None,
) -> Callable[[Parameters], Sequence[Any]] | None:
    """Return what puts named values in *order*: a tuple even where there is one place, or none."""
    if order is None:
        return None
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: tuple(values[name] for name in order)
