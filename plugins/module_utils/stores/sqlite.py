# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQLite: the engine of the demonstration, the tests and an evaluation without a server."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote as url_quote

from ..errors import MailSettingsError
from .sql import SqlStore

#: Seconds to wait for a lock that somebody else holds.
_DEFAULT_TIMEOUT = 30

#: What SQLite says (https://www.sqlite.org/rescode.html, in the words of sqlite3_errstr) and what it means here.
#: The numeric codes are reachable from Python only since 3.11.
_FAILURES = (
    ("no such table", "table_missing", "has no such table", "State layout.table as it is."),
    ("no such column", "column_missing", "has no such column", "State layout.columns as they are."),
    ("has no column", "column_missing", "has no such column", "State layout.columns as they are."),
    ("database is locked", "lock_timeout", "is locked by somebody else", "Repeat the run when the other is done."),
    ("readonly database", "permission_denied", "may not be written", "Check the owner and mode of file and folder."),
    ("unable to open", "permission_denied", "cannot be opened", "Check the owner and mode of file and folder."),
    ("unknown database", "database_missing", "has no such attached database", "Leave database and schema out."),
    ("not a database", "database_missing", "is not a SQLite database", "Check store.path."),
    ("disk is full", "store_error", "lies on a full disk; nothing was changed", "Make room and repeat the run."),
    ("NOT NULL", "store_error", "wants columns that only WeEstimate knows", "Save the option there once."),
    ("UNIQUE constraint", "concurrent_change", "was changed at the same time", "Repeat the run."),
)


class SqliteStore(SqlStore):
    """One database file; it is never created."""

    BEGIN = "BEGIN IMMEDIATE"
    SAME_VALUE = "{column} IS {value}"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        path = _database_file(arguments["path"])
        self.place = str(path)
        timeout = arguments.get("command_timeout") or _DEFAULT_TIMEOUT
        # mode=rw: a file that vanishes meanwhile is an error, and not created as an empty database. The empty authority
        # keeps SQLite from taking the first part of "//folder/file" for one.
        uri = f"file://{url_quote(bytes(path))}?mode=rw"
        try:
            self.connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None)
        except self.driver_errors() as error:
            raise self.failure(error) from None
        self.connection.text_factory = _text

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """All of the module's errors; the other two are an integer beyond 64 bits, and text beyond Unicode or SQL."""
        return (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError)

    def failure(self, error: Exception) -> MailSettingsError:
        """SQLite's words looked up; the place is named, the words are not passed on."""
        for words, code, what, remedy in _FAILURES:
            if words in str(error):
                return MailSettingsError(code, f"{self.place} {what}.", remedy)
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return MailSettingsError(
            "store_error", f"{self.place} failed with {name}; nothing was changed.", "Check the file and its disk."
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As `SqlStore.transaction`; a former password does not stay behind in freed pages of the file."""
        self.query("PRAGMA secure_delete = ON")
        with super().transaction():
            yield

    def tables(self) -> Iterator[tuple[str | None, str]]:
        """Every table and view; SQLite has no schemas."""
        statement = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        return ((None, name) for (name,) in self.query(statement))

    def columns(self, schema: str | None, table: str, *, database: str | None = None) -> list[str]:
        """The columns of a table in their order; empty when there is no such table."""
        statement = "SELECT name FROM pragma_table_info(?, ?) ORDER BY cid"
        return [name for (name,) in self.query(statement, (table, database or schema or "main"))]


def _database_file(given: str) -> Path:
    """The file of that name. Raises ``database_missing``, and ``permission_denied`` where that cannot be told."""
    remedy = "Check store.path."
    try:
        path = Path(given).expanduser().absolute()
        if stat.S_ISREG(path.stat().st_mode):
            return path
    except PermissionError:
        remedy = "Check the owner and mode of the folders above it."
        raise MailSettingsError("permission_denied", f"{given} cannot be reached.", remedy) from None
    except (OSError, RuntimeError, ValueError):
        # Besides the plain absence: a name too long, the home of an unknown user, a NUL in the name.
        pass
    raise MailSettingsError("database_missing", f"There is no database file {given}.", remedy)


def _text(raw: bytes) -> str | bytes:
    """A stored text; what is not UTF-8 stays binary, which matters only where one of our options holds it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw
