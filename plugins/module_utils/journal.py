# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was done, when, by whom, and how to go back: a small table of our own beside the settings.

Entries are written in the transaction of the change they record. The former password is kept in `previousSecret` only
while a rollback may still need it: until the change is confirmed or superseded by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .errors import MailSettingsError
from .fingerprint import bound, fingerprint, matches, of_password
from .layout import Layout
from .options import BY_NAME, PASSWORD
from .own_table import OwnTable, Place
from .stores.base import Store

DEFAULT_TABLE = "weestimateMailJournal"

#: The columns in their order. Text is JSON where it holds more than a word; times are UTC in ISO 8601.
COLUMNS = (
    "instance",
    "id",
    "changedAt",
    "changedBy",
    "run",
    "profile",
    "kind",
    "state",
    "changedOptions",
    "previousValues",
    "previousSecret",
    "resultingValues",
    "passwordFingerprint",
)

#: How many entries are searched for the password behind what is stored; a fingerprint takes some 50 ms to compare.
_REMEMBERED = 10

#: Entries that may still be restored are open; the other words say why one may not.
OPEN, CONFIRMED, SUPERSEDED, RESTORED = "open", "confirmed", "superseded", "restored"
CHANGE, RESTORE = "change", "restore"


@dataclass(frozen=True)
class Author:
    """Who changes the settings, in which run and under which profile: labels that the user or the action gives."""

    changed_by: str = ""
    run: str = ""
    profile: str = ""


@dataclass(frozen=True)
class Entry:
    """One recorded change.

    ``previous`` maps each changed option to the stored value before the change, or to None where there was no row;
    a secret is in ``previous_secret`` instead, which is None once it has been blanked.
    ``resulting`` holds all options as they were after the change, without secrets.
    """

    id: int
    changed_at: str
    author: Author
    kind: str
    state: str
    changed_options: tuple[str, ...]
    previous: Mapping[str, Any] = field(repr=False)
    previous_secret: Mapping[str, Any] | None = field(repr=False)
    resulting: Mapping[str, Any]
    password_fingerprint: str = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether the change has been neither confirmed nor superseded nor restored."""
        return self.state == OPEN

    def public(self) -> dict[str, Any]:
        """The entry as a result may show it."""
        return {
            "id": self.id,
            "changed_at": self.changed_at,
            "changed_by": self.author.changed_by,
            "run": self.author.run,
            "profile": self.author.profile,
            "kind": self.kind,
            "state": self.state,
            "changed_options": list(self.changed_options),
        }

    def edited_since(self, values: Mapping[str, Any]) -> list[str]:
        """The options that differ from what this entry left behind, the password by its fingerprint."""
        edited = [name for name, value in self.resulting.items() if values.get(name) != value]
        if not matches(values.get(PASSWORD.name) or "", self.password_fingerprint):
            edited.append(PASSWORD.name)
        return sorted(edited)


class Journal:
    """The journal of one instance, by the user's ``journal`` argument; lies in the store's own database by default."""

    def __init__(self, store: Store, layout: Layout, arguments: Mapping[str, Any] | None) -> None:
        arguments = arguments or {}
        self.enabled = arguments.get("enabled", True) is not False
        self.create_allowed = arguments.get("create", True) is not False
        self.place = Place(
            arguments.get("database"),
            arguments.get("schema") or layout.schema,
            arguments.get("table") or DEFAULT_TABLE,
        )
        # A table may serve several instances; in a database of its own it has to tell theirs apart too.
        home = store.database if arguments.get("database") else None
        #: What the instance is called in the table.
        self.instance = ".".join(filter(None, (home, layout.schema, layout.table, layout.group))).casefold()
        self._store = store
        self._opaque = layout.password.is_opaque
        types = {
            "instance": f"{store.NAME} NOT NULL",
            "id": f"{store.INTEGER} NOT NULL",
            "state": f"{store.WORD} NOT NULL",
        }
        columns = {column: types.get(column, store.TEXT) for column in COLUMNS}
        self._table = OwnTable(store, self.place, columns, ("instance", "id"), create_allowed=self.create_allowed)

    def last(self, *, lock: bool = False) -> Entry | None:
        """The newest entry, or None when nothing has been recorded yet or there is no journal."""
        name = self._store.name
        newest = (
            f" AND j.{name('id')} = (SELECT MAX({name('id')}) FROM {self._table.name} WHERE {name('instance')} = ?)"
        )
        entries = self._entries(newest, (self.instance,), lock=lock)
        return entries[0] if entries else None

    def history(self, at_most: int) -> list[Entry]:
        """The newest entries, newest first; none when there is no journal."""
        return self._entries(f" ORDER BY j.{self._store.name('id')} DESC", at_most=at_most)

    def _entries(
        self, which: str, parameters: tuple[Any, ...] = (), *, lock: bool = False, at_most: int | None = None
    ) -> list[Entry]:
        if not self.enabled:
            return []
        with self._table.named_failures():
            if not self._table.exists():
                return []
            columns = ", ".join(f"j.{self._store.name(column)}" for column in COLUMNS)
            rows = self._store.query(
                f"SELECT {columns} FROM {self._table.name} AS j{self._store.LOCK_HINT if lock else ''}"
                f" WHERE j.{self._store.name('instance')} = ?{which}",
                (self.instance, *parameters),
                at_most=at_most,
            )
        try:
            return [_entry(row) for row in rows]
        except (TypeError, ValueError):
            raise MailSettingsError(
                "journal_unavailable",
                f"An entry of the journal {self._table.name} does not read as it was written. Nothing was changed.",
                "Somebody has edited it: delete that entry, or name another table in journal.",
            ) from None

    def password_changed_at(self, values: Mapping[str, Any]) -> str | None:
        """When the password in force was set by what is recorded, UTC in ISO 8601; None if that is not known.

        It is not known of a password that somebody has set by hand, so that the one in ``values`` is not what the last
        change of it has left. A change that was taken back counts as little as its taking back: the former password is
        as old as before.
        """
        name = self._store.name
        entries = self._entries(
            f" AND j.{name('changedOptions')} LIKE ? AND j.{name('kind')} <> ? AND j.{name('state')} <> ?"
            f" ORDER BY j.{name('id')} DESC",
            (f'%"{PASSWORD.name}"%', RESTORE, RESTORED),
            at_most=1,
        )
        is_known = entries and matches(values.get(PASSWORD.name) or "", entries[0].password_fingerprint)
        return entries[0].changed_at if is_known else None

    def record(
        self,
        author: Author,
        kind: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        password: str | None = None,
    ) -> int | None:
        """Add an entry in the transaction that is under way; its number, or None without a journal.

        ``before`` maps the changed options to their stored values (None: no row); ``after`` holds all resulting
        canonical values, the password as it is stored included, of which only the fingerprint is kept. ``password`` is
        the password itself where it is known; it matters where that cannot be told from what is stored.
        """
        if not self.enabled:
            return None
        with self._table.named_failures():
            if not self._table.exists():
                self._table.create()
            last = self.last(lock=True)
            self._close(RESTORED if kind == RESTORE else SUPERSEDED)
            number = last.id + 1 if last else 1
            secret = {name: value for name, value in before.items() if name == PASSWORD.name}
            values = (
                self.instance,
                number,
                datetime.now(timezone.utc).isoformat(timespec="seconds"),
                author.changed_by,
                author.run,
                author.profile,
                kind,
                # Undoing an undoing is a new decision, to be taken with a profile: a restore is closed from the start.
                CONFIRMED if kind == RESTORE else OPEN,
                json.dumps(sorted(before)),
                json.dumps({name: value for name, value in before.items() if name not in secret}),
                json.dumps(secret) if secret and kind != RESTORE else None,
                json.dumps({name: value for name, value in after.items() if name != PASSWORD.name}),
                self._fingerprint(after.get(PASSWORD.name) or "", password),
            )
            names = ", ".join(self._store.name(column) for column in COLUMNS)
            places = ", ".join("?" * len(COLUMNS))
            self._store.query(f"INSERT INTO {self._table.name} ({names}) VALUES ({places})", values)
        return number

    def is_behind(self, password: str, stored: str) -> bool:
        """Whether a password is what was stored in this form, by what the journal remembers."""
        known = self._password_behind(stored)
        return bool(known) and matches(password, known)

    def _password_behind(self, stored: str) -> str:
        """The fingerprint of the password that was stored in this form; blank if that is not remembered."""
        for entry in self.history(_REMEMBERED):
            known = of_password(entry.password_fingerprint)
            if known and matches(stored, entry.password_fingerprint):
                return known
        return ""

    def _fingerprint(self, stored: str, password: str | None) -> str:
        """What is kept of a password: of what is stored, and bound to it of the password, where the two differ."""
        if not self._opaque or not stored:
            return fingerprint(stored)
        return bound(fingerprint(password) if password else self._password_behind(stored), fingerprint(stored))

    def confirm(self, entry: Entry) -> None:
        """Close the newest entry, which blanks the former password; ``concurrent_change`` if that is another."""
        last = self.last(lock=True)
        if last is None or (last.id, last.state) != (entry.id, entry.state):
            raise MailSettingsError(
                "concurrent_change",
                f"The journal's entry {entry.id} was confirmed or superseded while this run was at work.",
                "Find out who else is at work, then repeat the run.",
            )
        with self._table.named_failures():
            self._close(CONFIRMED)

    def require_recordable(self) -> None:
        """Raise what `record` would raise, as far as it can be told without writing."""
        if self.enabled and self.last() is None and not self._table.exists():
            self._table.require_creatable()

    def _close(self, state: str) -> None:
        """Give the instance's open entry another state; its former password is no longer needed then."""
        name = self._store.name
        self._store.query(
            f"UPDATE {self._table.name} SET {name('state')} = ?, {name('previousSecret')} = NULL"
            f" WHERE {name('instance')} = ? AND {name('state')} = ?",
            (state, self.instance, OPEN),
        )


def _entry(row: tuple[Any, ...]) -> Entry:
    """The entry of a row. Raises TypeError or ValueError for what the journal has not written."""
    values = dict(zip(COLUMNS, row))
    secret = values["previousSecret"]
    entry = Entry(
        id=int(values["id"]),
        changed_at=values["changedAt"],
        author=Author(values["changedBy"] or "", values["run"] or "", values["profile"] or ""),
        kind=values["kind"],
        state=values["state"],
        changed_options=tuple(_parsed(values["changedOptions"], list)),
        previous=_parsed(values["previousValues"], dict),
        previous_secret=_parsed(secret, dict) if secret else None,
        resulting=_parsed(values["resultingValues"], dict),
        password_fingerprint=values["passwordFingerprint"],
    )
    if not _is_coherent(entry):
        raise ValueError(entry.id)
    return entry


def _parsed(text: Any, kind: type) -> Any:
    parsed = json.loads(text)
    if not isinstance(parsed, kind):
        raise TypeError(kind)
    return parsed


def _is_coherent(entry: Entry) -> bool:
    """Whether an entry is about known options, and has a way back for each that it changed."""
    changed, secret = set(entry.changed_options), entry.previous_secret or {}
    return (
        changed | entry.resulting.keys() <= BY_NAME.keys()
        and entry.previous.keys() == changed - {PASSWORD.name}
        and secret.keys() <= changed & {PASSWORD.name}
        and all(
            stored is None or (isinstance(stored, dict) and stored.keys() == {"stored"})
            for stored in (*entry.previous.values(), *secret.values())
        )
    )
