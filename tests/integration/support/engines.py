# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of each engine to try a store on, seen by the store and by somebody else at the same time.

SQLite is always there. A Microsoft SQL Server is used when environment variables name one; see docs/sql-server.md.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.converge import Instance
from ansible_collections.weestimate.mail.plugins.module_utils.journal import Author
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store

PREFIX = "WEESTIMATE_TEST_MSSQL_"
AUTHOR = Author("tester@controller", "run 7", "office365")

#: Seconds that a store under test waits for a lock: enough for the others to act, short enough to be waited for.
PATIENCE = 2

#: Runs a statement and returns its rows.
Sql = Callable[..., "list[tuple[Any, ...]]"]


@dataclass(frozen=True)
class Bed:
    """One database. ``store`` is the argument that leads to it, ``dial`` opens a DB-API connection beside the store."""

    store: Mapping[str, Any]
    dial: Callable[[], Any]
    quote: Callable[[str], str]
    schema: str | None
    text_type: str
    #: Whether failures are worded as the store expects. Servers that only speak the protocol have words of their own.
    genuine: bool = True

    @contextmanager
    def session(self) -> Iterator[Sql]:
        """A person's own connection, where each statement takes effect at once unless it begins a transaction."""
        with closing(self.dial()) as connection:
            yield _sql_of(connection)

    @cached_property
    def connection(self) -> Any:
        """The connection of whoever looks on; making one for each look takes most of the time."""
        return self.dial()

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """One statement of whoever looks on."""
        return _sql_of(self.connection)(statement, *parameters)

    @contextmanager
    def opened(self, layout: Layout | None = None, **arguments: Any) -> Iterator[Instance]:
        """The instance as the collection sees it; ``arguments`` are those of a task, ``store`` amends ours."""
        with closing(open_store({**self.store, **arguments.pop("store", {})})) as store:
            stated = (layout or self.layout()).as_arguments()
            yield Instance.from_arguments(store, {"layout": stated, **arguments})

    def layout(self, **stated: Any) -> Layout:
        """The default layout of this engine, amended."""
        return Layout(schema=self.schema, **stated)

    def table(self, layout: Layout) -> str:
        """The qualified, quoted name of the options' table."""
        return ".".join(self.quote(part) for part in (layout.schema, layout.table) if part)

    def create(
        self, stored: Mapping[str, Any], layout: Layout | None = None, *, value_type: str = "", rule: str = ""
    ) -> None:
        """Make the options' table with a row for each option in ``stored``; ``{value}`` in a rule is the column."""
        layout = layout or self.layout()
        group, key, value = map(self.quote, (layout.group_column, layout.key_column, layout.value_column))
        self.sql(
            f"CREATE TABLE {self.table(layout)} ({group} NVARCHAR(100), {key} NVARCHAR(100),"
            f" {value} {value_type or self.text_type} NULL {rule.format(value=value)})"
        )
        for name, text in stored.items():
            self.sql(f"INSERT INTO {self.table(layout)} VALUES (?, ?, ?)", layout.group, layout.keys[name], text)

    def stored(self, layout: Layout | None = None) -> dict[str, Any]:
        """The values of the group's rows as somebody else reads them, by canonical name."""
        layout = layout or self.layout()
        names = {key: name for name, key in layout.keys.items()}
        key, value, group = map(self.quote, (layout.key_column, layout.value_column, layout.group_column))
        rows = self.sql(f"SELECT {key}, {value} FROM {self.table(layout)} WHERE {group} = ?", layout.group)
        return {names[found]: text for found, text in rows}

    def edit(self, name: str, value: Any, sql: Sql | None = None) -> None:
        """A hand edit of one option, in a person's session or by whoever looks on."""
        layout, sql = self.layout(), sql or self.sql
        value_column, key_column = self.quote(layout.value_column), self.quote(layout.key_column)
        sql(f"UPDATE {self.table(layout)} SET {value_column} = ? WHERE {key_column} = ?", value, layout.keys[name])

    def journal(self) -> list[dict[str, Any]]:
        """The journal's rows, oldest first."""
        table = ".".join(self.quote(part) for part in (self.schema, "weestimateMailJournal") if part)
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM {table} ORDER BY {self.quote('id')}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sql_of(connection: Any) -> Sql:
    def sql(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement, parameters)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    return sql


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Bed]:
    """An empty database file."""
    path = folder / "instance.db"
    path.touch()
    bed = Bed(
        store={"driver": "sqlite", "path": str(path), "command_timeout": PATIENCE},
        dial=lambda: sqlite3.connect(path, isolation_level=None, timeout=PATIENCE),
        quote=lambda identifier: '"' + identifier.replace('"', '""') + '"',
        schema=None,
        text_type="TEXT",
    )
    with closing(bed.connection):
        yield bed


def mssql_server() -> dict[str, Any]:
    """The ``store`` argument of the server that the environment names, without a database; skips without one."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in os.environ.items() if name.startswith(PREFIX)}
    if "host" not in given:
        pytest.skip(f"needs a Microsoft SQL Server, named by {PREFIX}HOST and its companions")
    casts: Mapping[str, Callable[[str], Any]] = {
        "port": int,
        "connect_timeout": int,
        "command_timeout": int,
        "trust_server_certificate": lambda word: word.lower() in ("1", "true", "yes"),
    }
    server = {name: casts.get(name, str)(value) for name, value in given.items()}
    return {"driver": "mssql", "connect_timeout": 10, "command_timeout": PATIENCE, **server}


@contextmanager
def mssql_database(server: Mapping[str, Any]) -> Iterator[Bed]:
    """A database of our own, dropped in the end."""
    master = _mssql_bed({**server, "database": "master"}, genuine=True)
    with closing(master.connection):
        genuine = "Babelfish" not in master.sql("SELECT @@VERSION")[0][0]
        name = f"weestimate_test_{uuid.uuid4().hex[:12]}"
        master.sql(f"CREATE DATABASE [{name}]")
        try:
            bed = _mssql_bed({**server, "database": name}, genuine)
            with closing(bed.connection):
                yield bed
        finally:
            _drop(master, name)


def _drop(master: Bed, name: str, attempts: int = 25) -> None:
    """Drop a database. A server may take a moment to notice that the connections to it are closed."""
    try:
        master.sql(f"DROP DATABASE [{name}]")
    except Exception:
        if not attempts:
            raise
        time.sleep(0.2)
        _drop(master, name, attempts - 1)


def mssql_emptied(bed: Bed) -> Bed:
    """The database of before without its tables, which is faster than another database."""
    for schema, name in bed.sql("SELECT SCHEMA_NAME(schema_id), name FROM sys.tables"):
        bed.sql(f"DROP TABLE {bed.quote(schema)}.{bed.quote(name)}")
    return bed


def _mssql_bed(store: Mapping[str, Any], genuine: bool) -> Bed:
    mssql_python = pytest.importorskip("mssql_python")
    from ansible_collections.weestimate.mail.plugins.module_utils.stores.mssql import keywords

    def dial() -> Any:
        mssql_python.pooling(enabled=False)
        return mssql_python.connect(autocommit=True, timeout=10, **keywords(store))

    return Bed(
        store=store,
        dial=dial,
        quote=lambda identifier: "[" + identifier.replace("]", "]]") + "]",
        schema="dbo",
        text_type="NVARCHAR(MAX)",
        genuine=genuine,
    )
