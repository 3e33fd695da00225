# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statements that every engine shares, on a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from programoption import Database

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout, Row
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store
from ansible_collections.weestimate.mail.plugins.module_utils.stores.sql import SqlStore

PORT = Row("SMTP Port", "587")


@pytest.fixture
def store(database: Database) -> Iterator[SqlStore]:
    with closing(open_store(database.store)) as opened:
        yield opened


class TestIdentifiers:
    @pytest.mark.parametrize(
        ("parts", "quoted"),
        [
            (("programOption",), '"programOption"'),
            (("dbo", "programOption"), '"dbo"."programOption"'),
            (("a.b", None, 'say "x"'), '"a.b"."say ""x"""'),
            (('"; DROP TABLE t --',), '"""; DROP TABLE t --"'),
        ],
    )
    def test_they_are_always_quoted(self, store: SqlStore, parts: tuple[str | None, ...], quoted: str) -> None:
        assert store.name(*parts) == quoted


class TestRows:
    def test_only_the_group_is_read(self, store: SqlStore, database: Database) -> None:
        rows = store.read_rows(database.layout)

        assert PORT in rows
        assert Row("Another option", 7) in rows
        assert "theirs" not in {row.value for row in rows}

    @pytest.mark.parametrize("old", ["587", 587, None, "", "it's", "a\0b", -1.5], ids=repr)
    def test_a_row_is_replaced_while_it_holds_what_was_read(
        self, store: SqlStore, database: Database, old: object
    ) -> None:
        database.edit("smtp_port", old)

        assert store.update_row(database.layout, Row(PORT.key, old), "25")
        assert database.stored("smtp_port") == "25"

    @pytest.mark.parametrize("old", ["0587", 587, None, "", "587 ", b"587"], ids=repr)
    def test_a_row_that_holds_anything_else_is_left_alone(
        self, store: SqlStore, database: Database, old: object
    ) -> None:
        before = database.rows()

        assert not store.update_row(database.layout, Row(PORT.key, old), "25")
        assert not store.delete_row(database.layout, Row(PORT.key, old))
        assert database.rows() == before

    def test_a_row_is_added_to_the_group(self, store: SqlStore, database: Database) -> None:
        store.insert_row(database.layout, Row("New", None))

        assert database.rows()[-1][1:] == ("SMTP", "New", None, "null")

    def test_a_row_is_removed_while_it_holds_what_was_read(self, store: SqlStore, database: Database) -> None:
        assert store.delete_row(database.layout, PORT)
        assert PORT not in store.read_rows(database.layout)

    def test_a_row_of_another_group_is_never_touched(self, store: SqlStore, database: Database) -> None:
        theirs = Row("SMTP Mail Enabled", "theirs")

        assert not store.update_row(database.layout, theirs, "ours")
        assert not store.delete_row(database.layout, theirs)


class TestTransaction:
    def test_it_commits_at_its_end(self, store: SqlStore, database: Database) -> None:
        with store.transaction():
            store.update_row(database.layout, PORT, "25")

        assert database.stored("smtp_port") == "25"

    @pytest.mark.parametrize("failure", [MailSettingsError("store_error", "", ""), KeyboardInterrupt(), OSError()])
    def test_whatever_is_raised_in_it_rolls_it_back(
        self, store: SqlStore, database: Database, failure: BaseException
    ) -> None:
        def fail_after_a_write() -> None:
            with store.transaction():
                store.update_row(database.layout, PORT, "25")
                raise failure

        with pytest.raises(type(failure)):
            fail_after_a_write()

        assert database.stored("smtp_port") == "587"

    def test_the_first_error_is_reported_where_the_engine_has_already_rolled_back(self, store: SqlStore) -> None:
        def fail_after_a_rollback() -> None:
            with store.transaction():
                store.query("ROLLBACK")
                store.query("SELECT absent")

        with pytest.raises(MailSettingsError) as caught:
            fail_after_a_rollback()

        assert caught.value.code == "column_missing"

    def test_a_connection_that_breaks_at_the_commit_leaves_the_outcome_open(
        self, store: SqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SQLite's file cannot break away like a server, so the statement is made to fail as if it had."""

        def query(statement: str, *arguments: object, **more: object) -> object:
            if statement == "COMMIT":
                raise MailSettingsError("store_unreachable", "The link is down.", "Mend it.")
            return SqlStore.query(store, statement, *arguments, **more)

        monkeypatch.setattr(store, "query", query)
        with pytest.raises(MailSettingsError) as caught, store.transaction():
            pass

        assert caught.value.code == "store_unreachable"
        assert "is not known" in caught.value.message
        assert "weestimate_smtp_recycle=always" in caught.value.remedy

    def test_the_next_one_starts_afresh(self, store: SqlStore, database: Database) -> None:
        with suppress(OSError), store.transaction():
            raise OSError
        with store.transaction():
            store.update_row(database.layout, PORT, "25")

        assert database.stored("smtp_port") == "25"


class TestQuery:
    def test_a_statement_without_rows_returns_none_of_them(self, store: SqlStore) -> None:
        assert store.query("CREATE TABLE t (c)") == []

    def test_no_more_rows_are_fetched_than_asked_for(self, store: SqlStore) -> None:
        assert len(store.query('SELECT * FROM "programOption"', at_most=3)) == 3

    @pytest.mark.parametrize(
        "layout",
        [
            pytest.param(Layout(table="a\0b"), id="no engine has names with NUL"),
            pytest.param(Layout(table="\ud800"), id="half a character"),
            pytest.param(Layout(group="\ud800"), id="half a character in a value"),
        ],
    )
    def test_what_no_database_can_hold_is_an_error_of_ours(self, store: SqlStore, layout: Layout) -> None:
        with pytest.raises(MailSettingsError) as caught:
            store.read_rows(layout)

        assert caught.value.code == "store_error"

    def test_a_number_beyond_the_database_is_an_error_of_ours(self, store: SqlStore, database: Database) -> None:
        with pytest.raises(MailSettingsError) as caught:
            store.update_row(database.layout, PORT, 2**70)

        assert caught.value.code == "store_error"

    def test_a_failure_after_the_first_row_is_an_error_of_ours(self, store: SqlStore) -> None:
        overflow = "SELECT 1 UNION ALL SELECT abs(-9223372036854775808)"

        with pytest.raises(MailSettingsError) as caught:
            store.query(overflow)

        assert caught.value.code == "store_error"
