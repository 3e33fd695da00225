# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements that the collection needs, once, for every engine that speaks SQL.

An engine's own file says how it connects, quotes, locks, compares and fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import MailSettingsError
from ..layout import Layout, Row


class SqlStore:
    """The common part of a `base.Store`; ``connection`` is a DB-API connection in autocommit mode."""

    place: str
    database: str | None = None
    connection: Any

    DEFAULT_SCHEMA: str | None = None
    LOCK_HINT = ""
    INTEGER, NAME, WORD, TEXT = "INTEGER", "TEXT", "TEXT", "TEXT"
    BEGIN = "BEGIN TRANSACTION"
    #: Equality of a stored value and a parameter to the last byte, NULL included; takes column and placeholder.
    SAME_VALUE = "{column} = {value}"

    def name(self, *parts: str | None) -> str:
        """A quoted, qualified identifier; parts that are None are left out."""
        return ".".join(self.quote(part) for part in parts if part is not None)

    def quote(self, identifier: str) -> str:
        """One identifier, quoted by the SQL standard."""
        return '"' + identifier.replace('"', '""') + '"'

    def failure(self, error: Exception) -> MailSettingsError:
        """What the engine's exception means; its text is never passed on, because it may quote a value."""
        raise NotImplementedError

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """The exceptions that `failure` understands."""
        raise NotImplementedError

    def _execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> Any:
        try:
            cursor = self.connection.cursor()
            cursor.execute(statement, parameters)
            return cursor
        except self.driver_errors() as error:
            raise self.failure(error) from None

    def query(
        self, statement: str, parameters: tuple[Any, ...] = (), *, at_most: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, or none if it returns none."""
        cursor = self._execute(statement, parameters)
        try:
            if not cursor.description:
                return []
            rows = cursor.fetchall() if at_most is None else cursor.fetchmany(at_most)
            return [tuple(row) for row in rows]
        except self.driver_errors() as error:
            raise self.failure(error) from None
        finally:
            cursor.close()

    def _affected(self, statement: str, parameters: tuple[Any, ...]) -> int:
        cursor = self._execute(statement, parameters)
        try:
            return cursor.rowcount
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end of the block, rolls back on any exception."""
        self.query(self.BEGIN)
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        self._commit()

    def _commit(self) -> None:
        try:
            self.query("COMMIT")
        except MailSettingsError as error:
            self._roll_back()
            if error.code != "store_unreachable":
                raise
            raise MailSettingsError(
                error.code,
                f"{self.place} broke the connection at the very commit; whether the change was made is not known.",
                "Repeat the run with the approval server recycled in any case (weestimate_smtp_recycle=always).",
            ) from None

    def _roll_back(self) -> None:
        # Where the engine has ended the transaction by itself (deadlock victim, full disk) or the connection is gone,
        # nothing is committed either, and the first error is the one to report.
        with suppress(MailSettingsError):
            self.query("ROLLBACK")

    def read_rows(self, layout: Layout, *, lock: bool = False) -> list[Row]:
        """The rows of the options' group. Columns are qualified: SQLite would take an unknown name for a text."""
        statement = "SELECT o.{key}, o.{value} FROM {table} AS o{hint} WHERE o.{group} = ?".format(
            **self._names(layout), hint=self.LOCK_HINT if lock else ""
        )
        return [Row(*row) for row in self.query(statement, (layout.group,))]

    def update_row(self, layout: Layout, row: Row, value: Any) -> bool:
        """Replace the value of a row if it still is ``row.value``."""
        statement = "UPDATE {table} SET {value} = ? WHERE {group} = ? AND {key} = ? AND {same}".format(
            **self._names(layout)
        )
        return self._affected(statement, (value, layout.group, row.key, row.value)) == 1

    def insert_row(self, layout: Layout, row: Row) -> None:
        """Add a row to the options' group."""
        statement = "INSERT INTO {table} ({group}, {key}, {value}) VALUES (?, ?, ?)".format(**self._names(layout))
        self._affected(statement, (layout.group, row.key, row.value))

    def delete_row(self, layout: Layout, row: Row) -> bool:
        """Remove a row if it still holds ``row.value``."""
        statement = "DELETE FROM {table} WHERE {group} = ? AND {key} = ? AND {same}".format(**self._names(layout))
        return self._affected(statement, (layout.group, row.key, row.value)) == 1

    def close(self) -> None:
        """Give the connection back; one that is broken is given back already."""
        with suppress(*self.driver_errors()):
            self.connection.close()

    def _names(self, layout: Layout) -> dict[str, str]:
        value = self.name(layout.value_column)
        return {
            "table": self.name(layout.schema, layout.table),
            "group": self.name(layout.group_column),
            "key": self.name(layout.key_column),
            "value": value,
            "same": self.SAME_VALUE.format(column=value, value="?"),
        }
