# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of the collection's own in an instance's database: found, made on first use, and its failures named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from .errors import MailSettingsError
from .stores.base import Store


class Place(NamedTuple):
    """Where a table lies; None is the store's own database, and its default schema."""

    database: str | None
    schema: str | None
    table: str


class OwnTable:
    """One such table; ``columns`` maps names to types, and the names in ``key`` are its primary key."""

    def __init__(
        self, store: Store, place: Place, columns: Mapping[str, str], key: tuple[str, ...], *, create_allowed: bool
    ) -> None:
        self._store = store
        self._place = place
        self._columns = columns
        self._key = key
        self._create_allowed = create_allowed
        #: The table in a statement, and in a message.
        self.name = store.name(*place)

    def exists(self) -> bool:
        """Whether somebody has made it."""
        return bool(self._store.columns(self._place.schema, self._place.table, database=self._place.database))

    def require_creatable(self) -> None:
        """Raise ``journal_unavailable`` unless the user lets the table be made."""
        if not self._create_allowed:
            raise MailSettingsError(
                "journal_unavailable",
                f"There is no journal table {self.name} in {self._store.place}.",
                "Create it as the documentation shows, or pass journal.create=true.",
            )

    def create(self) -> None:
        """Make it."""
        self.require_creatable()
        columns = ", ".join(f"{self._store.name(column)} {kind}" for column, kind in self._columns.items())
        key = ", ".join(map(self._store.name, self._key))
        self._store.query(f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY ({key}))")

    @contextmanager
    def named_failures(self) -> Iterator[None]:
        """A missing table or right is this table's when it is met here."""
        try:
            yield
        except MailSettingsError as error:
            if error.code not in ("permission_denied", "table_missing", "column_missing", "database_missing"):
                raise
            raise MailSettingsError(
                "journal_unavailable",
                f"The journal {self.name} cannot be used: {error.message} Nothing was changed.",
                "Give the login rights on that table, name another one in journal, or pass journal=none.",
            ) from None
