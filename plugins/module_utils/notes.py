# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else is known of an instance beside its changes: whether a document window is open, how the last tests went.

One row for each topic, in a small table beside the journal, named after it. A note holds no secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .errors import MailSettingsError
from .journal import Author, Journal
from .own_table import OwnTable
from .stores.base import Store

#: The topics; that of a test is followed by the kind of mail, as in ``test:approval``.
WINDOW, TEST = "window", "test:"

COLUMNS = ("instance", "topic", "notedAt", "notedBy", "run", "content")


@dataclass(frozen=True)
class Note:
    """What was noted on one topic, and by whom; the time is UTC in ISO 8601."""

    topic: str
    noted_at: str
    noted_by: str
    run: str
    content: Mapping[str, Any]


class Notes:
    """The notes on the instance that a journal is about; without a journal there are none."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        place = journal.place._replace(table=f"{journal.place.table}Note")
        types = {"instance": f"{store.NAME} NOT NULL", "topic": f"{store.WORD} NOT NULL"}
        columns = {column: types.get(column, store.TEXT) for column in COLUMNS}
        self._table = OwnTable(store, place, columns, ("instance", "topic"), create_allowed=journal.create_allowed)

    def read(self, *, lock: bool = False) -> dict[str, Note]:
        """All notes by topic, in one query. Outside of a transaction, because a missing table is met as an error."""
        if not self._journal.enabled:
            return {}
        name = self._store.name
        columns = ", ".join(f"n.{name(column)}" for column in COLUMNS[1:])
        hint = self._store.LOCK_HINT if lock else ""
        statement = f"SELECT {columns} FROM {self._table.name} AS n{hint} WHERE n.{name('instance')} = ?"
        with self._table.named_failures():
            try:
                rows = self._store.query(statement, (self._journal.instance,))
            except MailSettingsError as error:
                if error.code != "table_missing":
                    raise
                return {}
        return {row[0]: self._note(row) for row in rows}

    def held(self, topic: str) -> Note | None:
        """The note on one topic, which nobody else can write until the transaction that is under way ends."""
        with self._table.named_failures():
            if not self._journal.enabled or not self._table.exists():
                return None
        return self.read(lock=True).get(topic)

    def require_recordable(self) -> None:
        """Raise what `put` would raise, as far as it can be told without writing."""
        with self._table.named_failures():
            if not self._table.exists():
                self._table.require_creatable()

    def put(self, topic: str, author: Author, content: Mapping[str, Any]) -> None:
        """Write a note, in the place of the former one on its topic, in the transaction that is under way."""
        with self._table.named_failures():
            if not self._table.exists():
                self._table.create()
            self._delete(topic)
            places = ", ".join("?" * len(COLUMNS))
            names = ", ".join(map(self._store.name, COLUMNS))
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            values = (self._journal.instance, topic, now, author.changed_by, author.run, json.dumps(content))
            self._store.query(f"INSERT INTO {self._table.name} ({names}) VALUES ({places})", values)

    def remove(self, topic: str) -> None:
        """Remove a note, if there is one, in the transaction that is under way."""
        with self._table.named_failures():
            if self._table.exists():
                self._delete(topic)

    def _delete(self, topic: str) -> None:
        name = self._store.name
        self._store.query(
            f"DELETE FROM {self._table.name} WHERE {name('instance')} = ? AND {name('topic')} = ?",
            (self._journal.instance, topic),
        )

    def _note(self, row: tuple[Any, ...]) -> Note:
        try:
            content = json.loads(row[-1])
            if not isinstance(content, dict):
                raise TypeError(content)
        except (TypeError, ValueError):
            raise MailSettingsError(
                "journal_unavailable",
                f"The note '{row[0]}' in {self._table.name} does not read as it was written. Nothing was changed.",
                "Somebody has edited it: delete that row.",
            ) from None
        return Note(row[0], row[1] or "", row[2] or "", row[3] or "", content)
