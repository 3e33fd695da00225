# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rest of the collection may ask of a database engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..layout import Layout, Row


class Store(Protocol):
    """A connection to one instance's database. Values are always bound as parameters, identifiers always quoted.

    Every method raises `errors.MailSettingsError`, and nothing else, for what the database does.
    """

    #: The database in words, for messages and diff headers; never holds a secret.
    place: str
    #: The schema that holds WeEstimate's tables unless the user says otherwise; None where there are no schemas.
    DEFAULT_SCHEMA: str | None
    #: The hint after a table's alias that makes a SELECT hold its rows until the transaction ends.
    LOCK_HINT: str
    #: The database's name where a server has several.
    database: str | None
    #: Column types for the journal: a whole number, a qualified name, a short word, text of any length.
    INTEGER: str
    NAME: str
    WORD: str
    TEXT: str

    def read_rows(self, layout: Layout, *, lock: bool = False) -> list[Row]:
        """The rows of the options' group, in one query; with ``lock`` nobody else can change them until the end."""

    def update_row(self, layout: Layout, row: Row, value: Any) -> bool:
        """Replace the value of a row if it still is ``row.value``; tell whether it was."""

    def insert_row(self, layout: Layout, row: Row) -> None:
        """Add a row to the options' group."""

    def delete_row(self, layout: Layout, row: Row) -> bool:
        """Remove a row if it still holds ``row.value``; tell whether it did."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: commits at the end of the block, rolls back on any exception."""

    def query(
        self, statement: str, parameters: tuple[Any, ...] = (), *, at_most: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Run one statement, written with `name` and question marks; its (first) rows, or none if it returns none."""

    def name(self, *parts: str | None) -> str:
        """A quoted, qualified identifier; parts that are None are left out."""

    def tables(self) -> Iterator[tuple[str | None, str]]:
        """The (schema, name) of every table of the database."""

    def columns(self, schema: str | None, table: str, *, database: str | None = None) -> list[str]:
        """The columns of a table in their order; empty when there is no such table."""

    def close(self) -> None:
        """Give the connection back. Safe to call twice."""
