# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a server can show: signing in, TLS, rights, column types, triggers, deadlocks, and other databases.

These run against the Microsoft SQL Server that environment variables name; docs/sql-server.md tells how.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from engines import AUTHOR, Bed, mssql_database, mssql_emptied, mssql_server

from ansible_collections.weestimate.mail.plugins.module_utils import fingerprint
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Row
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store

pytestmark = pytest.mark.mssql

PAGE = Path(__file__).parents[2] / "docs" / "sql-server.md"
STORED = {"smtp_mail_enabled": "TRUE", "smtp_user": "quotes@example.com", "smtp_password": "the former password"}

PASSWORDS = [
    "Aa1! a;b={x}y}}'\"\\ %é漢😀",
    "Aa1!{",
    "}Aa1!",
    "{Aa1!}",
    " Aa1! ",
    '"Aa1!"',
    "Aa1!;Server=tcp:other;Encrypt=no",
    "=Aa1!=",
    "[Aa1!](),?*@",
    "Aa1!%s%(x)s`$HOME`",
]


@pytest.fixture(autouse=True)
def _cheap_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fingerprint costs 50 ms on purpose, which only its own tests need to feel."""
    monkeypatch.setattr(fingerprint, "_COST", 2)


@pytest.fixture(scope="module")
def server() -> Mapping[str, Any]:
    """The server of the environment."""
    return mssql_server()


@pytest.fixture(scope="module")
def database(server: Mapping[str, Any]) -> Iterator[Bed]:
    """A database on it."""
    with mssql_database(server) as bed:
        yield bed


@pytest.fixture
def bed(database: Bed) -> Bed:
    """The database, empty."""
    return mssql_emptied(database)


def change(bed: Bed, settings: Mapping[str, Any], **arguments: Any) -> None:
    """Plan and apply in one go."""
    with bed.opened(**arguments) as instance:
        instance.apply(instance.plan(settings, update_password="always", create_missing=False), AUTHOR)


def restore(bed: Bed, **arguments: Any) -> None:
    """Go back to before the last change."""
    with bed.opened(**arguments) as instance:
        instance.apply(instance.plan_restore({}), AUTHOR)


def documented(beginning: str) -> str:
    """The statements of the documentation that begin so."""
    found = re.search(rf"```sql\n({beginning}.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def refusal(store: Mapping[str, Any]) -> MailSettingsError:
    """How a store refuses to open."""
    with pytest.raises(MailSettingsError) as raised:
        open_store(store).close()
    return raised.value


@contextmanager
def login(bed: Bed, password: str = PASSWORDS[0]) -> Iterator[dict[str, str]]:
    """Another login, known in the database as a user without rights; the arguments that sign it in."""
    name = f"weestimate_test_{uuid.uuid4().hex[:12]}"
    literal = password.replace("'", "''")
    bed.sql(f"CREATE LOGIN [{name}] WITH PASSWORD = N'{literal}'")
    bed.sql(f"CREATE USER [{name}] FOR LOGIN [{name}]")
    try:
        yield {"user": name, "password": password}
    finally:
        # The server may not have noticed yet that this login's connection is closed; its user goes with the database.
        with suppress(Exception):
            bed.sql(f"DROP USER [{name}]")
            bed.sql(f"DROP LOGIN [{name}]")


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_may_hold_any_characters(bed: Bed, password: str) -> None:
    with login(bed, password) as account, bed.opened(store=account) as instance:
        assert instance.store.query("SELECT 1") == [(1,)]


def test_a_wrong_password_is_refused(bed: Bed) -> None:
    error = refusal({**bed.store, "password": "wr0ng c4nary"})

    assert error.code == "store_auth_failed"
    assert "c4nary" not in str(error.result())


def test_an_unknown_login_is_refused(bed: Bed) -> None:
    assert refusal({**bed.store, "user": "weestimate_nobody"}).code == "store_auth_failed"


def test_a_login_without_a_place_in_the_database_is_told_so(bed: Bed) -> None:
    if not bed.genuine:
        pytest.skip("this server words it differently")
    with login(bed) as account:
        bed.sql(f"DROP USER [{account['user']}]")
        error = refusal({**bed.store, **account})
        bed.sql(f"CREATE USER [{account['user']}] FOR LOGIN [{account['user']}]")

    assert error.code == "database_missing"
    assert "not for this login" in error.message


def test_a_port_where_nothing_listens_is_unreachable(bed: Bed) -> None:
    assert refusal({**bed.store, "port": 1, "connect_timeout": 1}).code == "store_unreachable"


def test_a_host_that_does_not_exist_is_unreachable(bed: Bed) -> None:
    assert refusal({**bed.store, "host": "nowhere.invalid", "connect_timeout": 1}).code == "store_unreachable"


def test_an_instance_that_does_not_exist_is_unreachable(bed: Bed) -> None:
    nowhere = {**bed.store, "port": None, "instance": "NOWHERE", "connect_timeout": 2}

    assert refusal(nowhere).code == "store_unreachable"


def test_a_certificate_that_nobody_trusts_is_refused(bed: Bed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nobody.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert refusal({**bed.store, "trust_server_certificate": False}).code == "store_tls_untrusted"


def test_a_certificate_of_another_name_is_refused_unless_the_name_is_expected(bed: Bed) -> None:
    if bed.store.get("trust_server_certificate") or bed.store["host"] != "localhost":
        pytest.skip("needs a trusted certificate for localhost")
    by_address = {**bed.store, "host": "127.0.0.1"}

    assert refusal(by_address).code == "store_tls_untrusted"
    assert refusal({**by_address, "host_name_in_certificate": "other.example"}).code == "store_tls_untrusted"
    with bed.opened(store={"host": "127.0.0.1", "host_name_in_certificate": "localhost"}) as instance:
        assert instance.store.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("value_type", "text"),
    [
        ("NVARCHAR(4000)", "Größe 漢字 "),
        ("VARCHAR(500)", "Größe "),
        ("VARCHAR(MAX)", "Größe " * 3000),
        ("NCHAR(40)", "padded".ljust(40)),
        ("TEXT", "Größe "),
        ("NTEXT", "Größe 漢字 "),
        ("INT", 587),
        ("SQL_VARIANT", "Größe "),
    ],
)
def test_a_row_is_read_and_updated_whatever_the_type_of_its_value(bed: Bed, value_type: str, text: Any) -> None:
    bed.create({"smtp_user": text}, value_type=value_type)
    layout = bed.layout()
    new = 25 if value_type == "INT" else "new"

    with bed.opened() as instance:
        (row,) = instance.store.read_rows(layout)
        assert row.value == text
        assert not instance.store.update_row(layout, Row(row.key, f"{text} "), new)
        assert instance.store.update_row(layout, row, new)
        (row,) = instance.store.read_rows(layout)
        assert str(row.value).rstrip() == str(new)


def test_a_column_that_is_too_short_is_told_without_the_value(bed: Bed) -> None:
    bed.create(STORED, value_type="NVARCHAR(20)")

    with pytest.raises(MailSettingsError) as raised:
        change(bed, {"smtp_password": "c4nary" * 10})

    assert raised.value.code == "write_not_verified"
    assert "c4nary" not in str(raised.value.result())
    assert bed.stored() == STORED


def test_a_trigger_that_counts_rows_of_its_own_is_not_taken_for_ours(bed: Bed) -> None:
    bed.create(STORED)
    bed.sql("CREATE TABLE [dbo].[audit] ([what] NVARCHAR(10))")
    bed.sql(
        "CREATE TRIGGER [dbo].[watch] ON [dbo].[programOption] AFTER UPDATE AS"
        " BEGIN INSERT INTO [dbo].[audit] VALUES (N'a'), (N'b'), (N'c') END"
    )

    change(bed, {"smtp_mail_enabled": False})

    assert bed.stored()["smtp_mail_enabled"] == "FALSE"
    assert bed.sql("SELECT COUNT(*) FROM [dbo].[audit]") == [(3,)]


def test_a_trigger_that_undoes_the_write_is_noticed(bed: Bed) -> None:
    bed.create(STORED)
    bed.sql(
        "CREATE TRIGGER [dbo].[undo] ON [dbo].[programOption] AFTER UPDATE AS"
        " UPDATE [dbo].[programOption] SET [optionValue] = N'TRUE' WHERE [optionName] = N'SMTP Mail Enabled'"
    )

    with pytest.raises(MailSettingsError) as raised:
        change(bed, {"smtp_mail_enabled": False})

    assert raised.value.code == "write_not_verified"


def test_the_documented_rights_and_journal_suffice(bed: Bed) -> None:
    """The statements are those of the documentation, run for another login."""
    bed.create(STORED)
    with login(bed) as account:
        bed.sql(documented("CREATE TABLE"))
        for statement in documented("GRANT").replace("[weestimate_mail]", f"[{account['user']}]").split(";"):
            if statement.strip():
                bed.sql(statement)
        change(bed, {"smtp_mail_enabled": False, "smtp_password": "new"}, store=account, journal={"create": False})
        changed = bed.stored()
        restore(bed, store=account, journal={"create": False})

    assert changed == {**STORED, "smtp_mail_enabled": "FALSE", "smtp_password": "new"}
    assert bed.stored() == STORED


def test_the_documented_journal_is_the_one_that_is_made(bed: Bed) -> None:
    bed.create(STORED)
    shape = "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS"
    shape += " WHERE TABLE_NAME = N'weestimateMailJournal' ORDER BY ORDINAL_POSITION"
    change(bed, {"smtp_mail_enabled": False})
    made = bed.sql(shape)
    bed.sql("DROP TABLE [dbo].[weestimateMailJournal]")

    bed.sql(documented("CREATE TABLE"))

    assert bed.sql(shape) == made


def test_without_the_right_to_make_the_journal_nothing_is_changed(bed: Bed) -> None:
    bed.create(STORED)
    with login(bed) as account:
        bed.sql(f"GRANT SELECT, UPDATE ON [dbo].[programOption] TO [{account['user']}]")
        with pytest.raises(MailSettingsError) as raised:
            change(bed, {"smtp_mail_enabled": False}, store=account)

    assert raised.value.code == "journal_unavailable"
    assert bed.stored() == STORED


@pytest.mark.parametrize("granted", ["", "SELECT"])
def test_a_right_that_is_missing_is_named(bed: Bed, granted: str) -> None:
    bed.create(STORED)
    with login(bed) as account:
        if granted:
            bed.sql(f"GRANT {granted} ON [dbo].[programOption] TO [{account['user']}]")
        with pytest.raises(MailSettingsError) as raised:
            change(bed, {"smtp_mail_enabled": False}, store=account)

    assert raised.value.code == "permission_denied"
    assert bed.stored() == STORED


def test_a_deadlock_ends_in_a_concurrent_change(bed: Bed) -> None:
    bed.create(STORED)
    layout = bed.layout()
    user, password = (Row(layout.keys[name], STORED[name]) for name in ("smtp_user", "smtp_password"))

    def write(store: Any, first: Row, second: Row, ready: Any) -> str:
        try:
            with store.transaction():
                store.update_row(layout, first, "first")
                ready()
                store.update_row(layout, second, "second")
        except MailSettingsError as error:
            return error.code
        return "written"

    both = threading.Barrier(2)
    patient = {**bed.store, "command_timeout": 30}
    with (
        closing(open_store(patient)) as one,
        closing(open_store(patient)) as other,
        ThreadPoolExecutor(2) as threads,
    ):
        # Without an index on the keys each update reads every row, so the server may see the cycle at the first one.
        bed.sql("CREATE UNIQUE CLUSTERED INDEX [ix] ON [dbo].[programOption] ([optionGroup], [optionName])")
        jobs = [
            threads.submit(write, one, user, password, lambda: both.wait(20)),
            threads.submit(write, other, password, user, lambda: both.wait(20)),
        ]
        assert sorted(job.result() for job in jobs) == ["concurrent_change", "written"]


@pytest.mark.parametrize("create", [True, False], ids=["made", "found"])
def test_the_journal_may_lie_in_another_database(server: Mapping[str, Any], bed: Bed, create: bool) -> None:
    if create and not bed.genuine:
        pytest.skip("this server makes no tables in another database")
    bed.create(STORED)
    with mssql_database(server) as audit:
        place = {"database": audit.store["database"], "create": create}
        if not create:
            audit.sql(documented("CREATE TABLE"))
        change(bed, {"smtp_password": "new"}, journal=place)
        assert audit.sql("SELECT [id], [state] FROM [dbo].[weestimateMailJournal]") == [(1, "open")]
        restore(bed, journal=place)

    assert bed.stored() == STORED


def test_a_journal_database_that_is_not_there_is_named(bed: Bed) -> None:
    bed.create(STORED)

    with pytest.raises(MailSettingsError) as raised:
        change(bed, {"smtp_password": "new"}, journal={"database": "weestimate_no"})

    assert raised.value.code == "journal_unavailable"
    assert bed.stored() == STORED


def test_a_closed_store_leaves_no_session_behind(bed: Bed) -> None:
    open_sessions = "SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE database_id = DB_ID() AND session_id <> @@SPID"
    before = bed.sql(open_sessions)

    with bed.opened():
        during = bed.sql(open_sessions)

    assert during[0][0] == before[0][0] + 1
    assert bed.sql(open_sessions) == before
