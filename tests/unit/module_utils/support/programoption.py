# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance's programOption table in a real SQLite file, seen as WeEstimate and a person at the table see it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils import commands
from ansible_collections.weestimate.mail.plugins.module_utils.converge import Instance
from ansible_collections.weestimate.mail.plugins.module_utils.journal import Author, Entry
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store

AUTHOR = Author("tester@controller", "run 7", "office365")
NOBODY = 65534

#: What a working instance holds, as stored.
STORED: Mapping[str, Any] = {
    "smtp_mail_enabled": "TRUE",
    "smtp_address": "smtp.office365.com",
    "smtp_port": "587",
    "use_ssl": "TRUE",
    "smtp_user": "quotes@example.com",
    "smtp_password": "the stored password",
    "enable_smtp_send_as": "TRUE",
    "smtp_connect_as": "quotes@example.com",
    "send_smtp_to_self": "FALSE",
    "use_smtp_email": "TRUE",
    "include_mpoc_recipient": "TRUE",
}

#: The same in the canonical values of a task.
HELD: Mapping[str, Any] = {
    name: {"TRUE": True, "FALSE": False, "587": 587}.get(text, text) for name, text in STORED.items()
}


@dataclass(frozen=True)
class Database:
    """A database file; values are stored with exactly the type that is given, as the column declares none."""

    path: Path
    layout: Layout = field(default_factory=Layout)

    @classmethod
    def create(cls, path: Path, stored: Mapping[str, Any] | None = None, layout: Layout | None = None) -> Database:
        """Make the file with the options in ``stored`` (`STORED`), and with rows that are none of our business."""
        made = cls(path, layout or Layout())
        held = STORED if stored is None else stored
        rows = [(made.layout.group, made.layout.keys[name], value) for name, value in held.items()]
        rows += [("Another group", key, "theirs") for _group, key, _value in rows[:1]]
        rows += [(made.layout.group, "Another option", 7)]
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # No test pulls the plug while it prepares, so nobody has to wait for the disk.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"CREATE TABLE {made.table} ({', '.join(map(quoted, made.columns))})")
            connection.executemany(f"INSERT INTO {made.table} VALUES (?, ?, ?)", rows)
        return made

    @property
    def table(self) -> str:
        return quoted(self.layout.table)

    @property
    def columns(self) -> tuple[str, str, str]:
        return self.layout.group_column, self.layout.key_column, self.layout.value_column

    @property
    def store(self) -> dict[str, Any]:
        """The ``store`` argument that leads here."""
        return {"driver": "sqlite", "path": str(self.path), "command_timeout": 5}

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement as somebody else would, and commit it."""
        with closing(sqlite3.connect(self.path, timeout=5, isolation_level=None)) as connection:
            return connection.execute(statement, parameters).fetchall()

    def edit(self, name: str, value: Any) -> None:
        """A hand edit of one option."""
        value_column, key_column = quoted(self.layout.value_column), quoted(self.layout.key_column)
        self.sql(f"UPDATE {self.table} SET {value_column} = ? WHERE {key_column} = ?", value, self.layout.keys[name])

    def rows(self) -> list[tuple[Any, ...]]:
        """Every row of the table with its number and the exact type of its value."""
        value = quoted(self.layout.value_column)
        return self.sql(f"SELECT rowid, *, typeof({value}) FROM {self.table} ORDER BY rowid")

    def stored(self, name: str) -> Any:
        """The value of one option as stored."""
        (value,) = (row[3] for row in self.rows() if row[1:3] == (self.layout.group, self.layout.keys[name]))
        return value

    def journal(self) -> list[dict[str, Any]]:
        """The journal's rows by column name, oldest first; empty where there is no journal."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'weestimateMailJournal'").fetchone():
                return []
            return [dict(row) for row in connection.execute("SELECT * FROM weestimateMailJournal ORDER BY id")]

    @contextmanager
    def opened(self, **arguments: Any) -> Iterator[Instance]:
        """The instance as the collection sees it; ``arguments`` are those of a task, ``store`` amends ours."""
        with closing(open_store({**self.store, **arguments.pop("store", {})})) as store:
            yield Instance.from_arguments(store, {"layout": self.layout.as_arguments(), **arguments})

    def last(self) -> Entry | None:
        """The newest journal entry."""
        with self.opened() as instance:
            return instance.journal.last()

    def converge(self, settings: Mapping[str, Any] | None = None, *, check_mode: bool = False, **more: Any) -> Any:
        """What ``smtp_settings`` does here, approval apart."""
        return commands.smtp_settings(
            self.arguments(settings=settings, **more), check_mode=check_mode, approve=lambda _plan: {}
        )

    def window(self, state: str, *, check_mode: bool = False, **more: Any) -> Any:
        """What ``smtp_window`` does here, approval apart."""
        defaults = {"minutes": 60, "overwrite_edits": False}
        arguments = self.arguments(**{**defaults, "state": state, **more})
        return commands.smtp_window(arguments, check_mode=check_mode, approve=lambda _plan: {})

    def info(self, **more: Any) -> dict[str, Any]:
        """What ``smtp_settings_info`` tells."""
        return commands.smtp_settings_info(self.arguments(**more))

    def arguments(self, **more: Any) -> dict[str, Any]:
        """Complete arguments of a task, as an action hands them over."""
        defaults = {
            "store": self.store,
            "layout": self.layout.as_arguments(),
            "journal": {},
            "state": "present",
            "update_password": "always",
            "create_missing": False,
            **AUTHOR.__dict__,
        }
        return {**defaults, **more}


def quoted(identifier: str) -> str:
    """An identifier of SQLite, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write everything; file modes mean something only to somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
