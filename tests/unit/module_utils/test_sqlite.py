# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQLite: which file is opened and how, and what its failures mean."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from programoption import AUTHOR, Database, ordinary_user

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout
from ansible_collections.weestimate.mail.plugins.module_utils.stores.sqlite import SqliteStore


def refused(path: object) -> str:
    """The code with which a path is refused."""
    with pytest.raises(MailSettingsError) as caught, closing(SqliteStore({"path": str(path)})) as store:
        store.read_rows(Layout())
    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith(".")
    return caught.value.code


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that an ordinary user reaches, unlike those of pytest; nobody but root may write in it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class TestOpening:
    @pytest.mark.parametrize(
        ("make", "code"),
        [
            pytest.param(lambda folder: folder / "absent.db", "database_missing", id="missing file"),
            pytest.param(lambda folder: folder / "absent" / "x.db", "database_missing", id="missing folder"),
            pytest.param(lambda folder: folder, "database_missing", id="folder"),
            pytest.param(lambda folder: folder / ("x" * 300), "database_missing", id="name too long"),
            pytest.param(lambda folder: f"{folder}/a\0b", "database_missing", id="name with NUL"),
            pytest.param(lambda _folder: "~no-such-user-here/x.db", "database_missing", id="home of nobody"),
            pytest.param(lambda _folder: "/dev/null", "database_missing", id="device"),
        ],
    )
    def test_a_path_without_a_database_file_is_refused(
        self, tmp_path: Path, make: Callable[[Path], object], code: str
    ) -> None:
        assert refused(make(tmp_path)) == code

    def test_a_missing_file_is_not_created(self, tmp_path: Path) -> None:
        refused(tmp_path / "absent.db")

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"", "table_missing"), (b"this is a text, and a long one " * 50, "not a database")],
        ids=["empty", "text"],
    )
    def test_a_file_of_something_else_is_refused(self, tmp_path: Path, content: bytes, code: str) -> None:
        path = tmp_path / "something"
        path.write_bytes(content)

        assert refused(path) == code.replace("not a database", "database_missing")
        assert path.read_bytes() == content

    @pytest.mark.parametrize("name", ["a?mode=memory.db", "a#b.db", "100%41.db", "ä ö.db", "a'b\"c.db", "\udcff.db"])
    def test_any_name_is_opened_as_it_is(self, tmp_path: Path, name: str) -> None:
        database = Database.create(tmp_path / name)

        with database.opened() as instance:
            assert instance.read().values["smtp_port"] == 587

    def test_two_leading_slashes_are_a_path_and_no_server(self, database: Database) -> None:
        with closing(SqliteStore({"path": f"/{database.path}"})) as store:
            assert store.read_rows(Layout())

    def test_the_home_folder_and_a_relative_path_are_resolved(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(database.path.parent))
        monkeypatch.chdir(database.path.parent)

        for path in ("~/instance.db", "instance.db"):
            with closing(SqliteStore({"path": path})) as store:
                assert store.place == str(database.path)

    def test_a_folder_that_may_not_be_entered_is_a_matter_of_rights(self, public_folder: Path) -> None:
        closed = public_folder / "closed"
        closed.mkdir()
        Database.create(closed / "x.db")
        closed.chmod(0o700)

        with ordinary_user():
            assert refused(closed / "x.db") == "permission_denied"

    def test_a_file_that_may_not_be_read_is_a_matter_of_rights(self, public_folder: Path) -> None:
        database = Database.create(public_folder / "x.db")
        database.path.chmod(0o600)

        with ordinary_user():
            assert refused(database.path) == "permission_denied"


class TestRights:
    @pytest.mark.parametrize(
        "mode",
        [pytest.param(0o644, id="read-only file"), pytest.param(0o666, id="writable file in a read-only folder")],
    )
    def test_reading_works_and_writing_is_refused(self, public_folder: Path, mode: int) -> None:
        database = Database.create(public_folder / "x.db")
        database.path.chmod(mode)
        before = database.path.read_bytes()

        with ordinary_user():
            assert database.converge({"smtp_port": 587})["changed"] is False
            assert database.converge({"smtp_port": 25, "smtp_password": "new"}, check_mode=True)["changed"] is True
            with pytest.raises(MailSettingsError) as caught:
                database.converge({"smtp_port": 25, "smtp_password": "new"})

        assert caught.value.code == "permission_denied"
        assert database.path.read_bytes() == before


class TestStructure:
    @pytest.mark.parametrize(
        ("layout", "code"),
        [
            (Layout(table="noSuchTable"), "table_missing"),
            (Layout(schema="dbo"), "table_missing"),
            (Layout(group_column="noSuchColumn"), "column_missing"),
            (Layout(key_column="noSuchColumn"), "column_missing"),
            (Layout(value_column="noSuchColumn"), "column_missing"),
            # Quoted, but unknown: SQLite would take these for texts if they were not qualified.
            (Layout(key_column="SMTP Port"), "column_missing"),
            (Layout(group_column="SMTP"), "column_missing"),
            (Layout(value_column='o"value'), "column_missing"),
            (Layout(table="database is locked"), "table_missing"),
        ],
        ids=str,
    )
    def test_a_layout_that_does_not_match_is_refused(self, database: Database, layout: Layout, code: str) -> None:
        before = database.path.read_bytes()
        wrong = Database(database.path, layout)

        for create_missing in (False, True):
            with pytest.raises(MailSettingsError) as caught:
                wrong.converge({"smtp_port": 25, "smtp_password": "new"}, create_missing=create_missing)
            assert caught.value.code == code
        assert database.path.read_bytes() == before

    def test_identifiers_compare_without_case(self, database: Database) -> None:
        shouted = Layout(table="PROGRAMOPTION", group_column="OPTIONGROUP", key_column="OPTIONNAME")

        assert Database(database.path, shouted).converge({"smtp_port": 587})["changed"] is False

    def test_tables_and_columns_are_listed_as_they_are_spelled(self, database: Database) -> None:
        database.sql("CREATE VIEW smtpOptions AS SELECT * FROM programOption")

        with closing(SqliteStore(database.store)) as store:
            assert list(store.tables()) == [(None, "programOption"), (None, "smtpOptions")]
            assert store.columns(None, "programoption") == ["optionGroup", "optionName", "optionValue"]
            assert store.columns(None, "absent") == []


class TestWhatIsStored:
    def test_text_that_is_not_utf_8_is_refused_where_an_option_holds_it(self, database: Database) -> None:
        database.sql("UPDATE programOption SET optionValue = CAST(X'FF48' AS TEXT) WHERE optionName = 'SMTP User'")

        with pytest.raises(MailSettingsError) as caught:
            database.converge({"smtp_port": 25})

        assert (caught.value.code, caught.value.details) == ("option_undecodable", {"option": "smtp_user"})

    @pytest.mark.parametrize("column", ["optionValue", "optionName"])
    def test_text_that_is_not_utf_8_elsewhere_is_nobodys_business(self, database: Database, column: str) -> None:
        binary, theirs = "CAST(X'FF' AS TEXT)", "optionName = 'Another option'"
        database.sql(f"UPDATE programOption SET {column} = {binary} WHERE {theirs}")

        assert database.converge({"smtp_port": 587})["changed"] is False
        assert database.info(discover=True)["discovery"]["suggested_layout"]

    def test_a_table_that_wants_more_columns_than_we_know_is_named_as_the_reason(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "strict.db")
        database.sql("CREATE TABLE programOption (optionGroup, optionName, optionValue, createdBy NOT NULL)")

        with pytest.raises(MailSettingsError, match="columns that only WeEstimate knows") as caught:
            database.converge({"smtp_port": 25}, create_missing=True)

        assert caught.value.code == "store_error"


class TestLocks:
    @pytest.fixture
    def locked(self, database: Database) -> Iterator[Callable[[str], None]]:
        with closing(sqlite3.connect(database.path, isolation_level=None)) as somebody:
            yield lambda kind: somebody.execute(f"BEGIN {kind}")

    @pytest.mark.parametrize(
        ("kind", "settings"),
        [
            pytest.param("EXCLUSIVE", {"smtp_port": 587}, id="reading under an exclusive lock"),
            pytest.param("IMMEDIATE", {"smtp_port": 25, "smtp_password": "new"}, id="writing beside a writer"),
        ],
    )
    def test_a_lock_is_waited_for_as_long_as_stated(
        self, database: Database, locked: Callable[[str], None], kind: str, settings: dict[str, Any]
    ) -> None:
        before = database.path.read_bytes()
        locked(kind)
        start = time.monotonic()

        with pytest.raises(MailSettingsError) as caught:
            database.converge(settings, store={**database.store, "command_timeout": 0.3})

        assert caught.value.code == "lock_timeout"
        assert 0.25 < time.monotonic() - start < 2
        assert database.path.read_bytes() == before

    def test_a_run_that_changes_nothing_does_not_wait_for_writers(
        self, database: Database, locked: Callable[[str], None]
    ) -> None:
        locked("IMMEDIATE")

        assert database.converge({"smtp_port": 587})["changed"] is False

    def test_a_reader_holds_up_the_commit_and_nothing_is_left_half_done(self, database: Database) -> None:
        before = database.rows()
        with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM programOption").fetchone()
            with pytest.raises(MailSettingsError) as caught:
                database.converge(
                    {"smtp_port": 25, "smtp_password": "new"}, store={**database.store, "command_timeout": 0.2}
                )

        assert caught.value.code == "lock_timeout"
        assert database.rows() == before


def test_a_full_disk_is_named_and_nothing_is_changed(database: Database) -> None:
    before = database.rows()
    with database.opened() as instance:
        (pages,) = instance.store.query("PRAGMA page_count")[0]
        instance.store.query(f"PRAGMA max_page_count = {pages}")
        plan = instance.plan({"smtp_password": "x" * 20_000}, update_password="always", create_missing=False)
        with pytest.raises(MailSettingsError, match="full disk") as caught:
            instance.apply(plan, AUTHOR)

    assert caught.value.code == "store_error"
    assert database.rows() == before
    assert list(database.path.parent.iterdir()) == [database.path]
