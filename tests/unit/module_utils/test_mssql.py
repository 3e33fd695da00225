# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to Microsoft SQL Server, and what its failures mean.

A scripted driver stands in for the real one: these tests run where neither a server nor the driver is installed, they
pin the exact text of each statement, and they replay failures that no test can provoke on a server of its own. What
statements and texts do on a server is proven by the tests with the mark ``mssql``.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.journal import COLUMNS, Author, Journal
from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout, Row
from ansible_collections.weestimate.mail.plugins.module_utils.stores import mssql
from ansible_collections.weestimate.mail.plugins.module_utils.stores.mssql import MssqlStore, keywords

STORE = {"host": "sql01", "database": "WeEstimate", "user": "mail_settings", "password": "c4nary"}
LAYOUT = Layout(schema="dbo")
SESSION = "SET NOCOUNT ON; SET XACT_ABORT ON; SET LANGUAGE us_english; SET LOCK_TIMEOUT 30000"
GUARD = (
    "EXISTS (SELECT CAST(CAST([optionValue] AS NVARCHAR(MAX)) AS VARBINARY(MAX))"
    " INTERSECT SELECT CAST(CAST(? AS NVARCHAR(MAX)) AS VARBINARY(MAX)))"
)

#: Names that would end a statement, start another, or stand for a parameter, if they were not quoted.
ODD_NAMES = {
    "programOption": "[programOption]",
    "a]b": "[a]]b]",
    "]]": "[]]]]]",
    "[x": "[[x]",
    "x]; DROP TABLE t; --": "[x]]; DROP TABLE t; --]",
    'it\'s "q"': '[it\'s "q"]',
    "a.b": "[a.b]",
    "wh?t %s": "[wh?t %s]",
    "Größe 漢字 😀": "[Größe 漢字 😀]",
}


class DriverError(Exception):
    """The shape of the driver's exceptions: its phrase for the SQLSTATE, and one text of the server or its own."""

    def __init__(self, driver_error: str, ddbc_error: str) -> None:
        super().__init__(f"Driver Error: {driver_error}; DDBC Error: {ddbc_error}")
        self.driver_error = driver_error


class Connection:
    """A DB-API connection and its own cursor: it keeps what is sent, and answers in turn from ``answers``."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.answers: list[Any] = []
        self.timeout = 0
        self.closed = False

    def cursor(self) -> Connection:
        return self

    def execute(self, statement: str, parameters: tuple[Any, ...]) -> None:
        self.sent.append((statement, *parameters))
        answer = next(iter(self.answers), None)
        del self.answers[:1]
        if isinstance(answer, Exception):
            raise answer
        self.description = None if answer is None else [("column",)]
        self._rows = answer

    def fetchall(self) -> Any:
        return self._rows

    def close(self) -> None:
        self.closed = True


class Driver(SimpleNamespace):
    """The part of the driver that is used; ``connects`` are the outcomes of the next attempts to connect."""

    Error = DriverError
    Warning = DriverError
    SQL_ATTR_LOGIN_TIMEOUT = 103

    def __init__(self) -> None:
        super().__init__(connection=Connection(), connects=[], asked=[], pooled=True)

    def pooling(self, *, enabled: bool) -> None:
        self.pooled = enabled

    def connect(self, **asked: Any) -> Connection:
        self.asked.append(asked)
        outcome = self.connects.pop(0) if self.connects else None
        if isinstance(outcome, Exception):
            raise outcome
        return self.connection


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """The scripted driver in the place of the real one."""
    scripted = Driver()
    monkeypatch.setattr(mssql, "mssql_python", scripted)
    return scripted


@pytest.fixture
def store(driver: Driver) -> Iterator[MssqlStore]:
    """An open store whose session has begun."""
    opened = MssqlStore(STORE)
    driver.connection.sent.clear()
    yield opened
    assert not driver.pooled


def test_the_session_is_set_up_once_in_one_batch(driver: Driver) -> None:
    MssqlStore({**STORE, "command_timeout": 7, "connect_timeout": 3})

    assert driver.connection.sent == [(SESSION.replace("30000", "7000"),)]
    assert driver.connection.timeout > 7
    assert (driver.asked[0]["attrs_before"], driver.asked[0]["autocommit"], driver.pooled) == ({103: 3}, True, False)


def test_the_place_names_database_and_server_only(store: MssqlStore) -> None:
    assert store.place == "WeEstimate on sql01"


@pytest.mark.parametrize(("name", "quoted"), ODD_NAMES.items())
def test_identifiers_are_quoted(store: MssqlStore, name: str, quoted: str) -> None:
    assert store.name("db", None, name) == f"[db].{quoted}"


@pytest.mark.parametrize(("name", "quoted"), ODD_NAMES.items())
def test_rows_are_read_by_quoted_names_and_a_parameter(
    store: MssqlStore, driver: Driver, name: str, quoted: str
) -> None:
    layout = Layout(schema=name, table=name, group_column=name, key_column=name, value_column=name, group=name)
    driver.connection.answers = [[("SMTP Port", "587")]]

    rows = store.read_rows(layout)

    assert rows == [Row("SMTP Port", "587")]
    assert driver.connection.sent == [
        (f"SELECT o.{quoted}, o.{quoted} FROM {quoted}.{quoted} AS o WHERE o.{quoted} = ?", name)
    ]


def test_a_locked_read_holds_the_rows_and_the_gaps_between(store: MssqlStore, driver: Driver) -> None:
    driver.connection.answers = [[]]

    store.read_rows(LAYOUT, lock=True)

    assert driver.connection.sent == [
        (
            (
                "SELECT o.[optionName], o.[optionValue] FROM [dbo].[programOption] AS o WITH (UPDLOCK, HOLDLOCK)"
                " WHERE o.[optionGroup] = ?"
            ),
            "SMTP",
        )
    ]


@pytest.mark.parametrize("before", ["old", "", None])
@pytest.mark.parametrize(("count", "done"), [(1, True), (0, False), (2, False)])
def test_an_update_is_guarded_and_counts_its_own_rows(
    store: MssqlStore, driver: Driver, before: Any, count: int, done: bool
) -> None:
    driver.connection.answers = [[(count,)]]

    assert store.update_row(LAYOUT, Row("SMTP User", before), "new") is done
    assert driver.connection.sent == [
        (
            (
                "UPDATE [dbo].[programOption] SET [optionValue] = ? WHERE [optionGroup] = ? AND [optionName] = ?"
                f" AND {GUARD}; SELECT @@ROWCOUNT"
            ),
            "new",
            "SMTP",
            "SMTP User",
            before,
        )
    ]


def test_a_delete_is_guarded_too(store: MssqlStore, driver: Driver) -> None:
    driver.connection.answers = [[(1,)]]

    assert store.delete_row(LAYOUT, Row("SMTP User", "old"))
    assert driver.connection.sent == [
        (
            (
                "DELETE FROM [dbo].[programOption] WHERE [optionGroup] = ? AND [optionName] = ?"
                f" AND {GUARD}; SELECT @@ROWCOUNT"
            ),
            "SMTP",
            "SMTP User",
            "old",
        )
    ]


def test_an_insert_names_its_columns(store: MssqlStore, driver: Driver) -> None:
    driver.connection.answers = [[(1,)]]

    store.insert_row(LAYOUT, Row("SMTP User", "new"))

    assert driver.connection.sent == [
        (
            (
                "INSERT INTO [dbo].[programOption] ([optionGroup], [optionName], [optionValue]) VALUES (?, ?, ?)"
                "; SELECT @@ROWCOUNT"
            ),
            "SMTP",
            "SMTP User",
            "new",
        )
    ]


def test_a_transaction_commits_or_rolls_back(store: MssqlStore, driver: Driver) -> None:
    with store.transaction():
        pass
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError

    assert driver.connection.sent == [("BEGIN TRANSACTION",), ("COMMIT",), ("BEGIN TRANSACTION",), ("ROLLBACK",)]


def test_a_transaction_that_the_server_has_ended_reports_the_first_failure(store: MssqlStore, driver: Driver) -> None:
    deadlock = DriverError(
        "Serialization failure",
        "[Microsoft][SQL Server]Transaction (Process ID 61) was deadlocked on lock resources with another process and"
        " has been chosen as the deadlock victim. Rerun the transaction.",
    )
    driver.connection.answers = [
        None,
        deadlock,
        DriverError("Invalid transaction state", "[Microsoft][SQL Server]The ROLLBACK has no BEGIN TRANSACTION."),
    ]

    with pytest.raises(MailSettingsError) as raised, store.transaction():
        store.read_rows(LAYOUT)

    assert raised.value.code == "concurrent_change"


def test_the_journal_is_made_and_filled_in_another_database(store: MssqlStore, driver: Driver) -> None:
    journal = Journal(store, LAYOUT, {"database": "Audit]s", "schema": "mail"})
    driver.connection.answers = [[], None, [("id",)], []]

    journal.record(Author("me", "", ""), "change", {"smtp_port": {"stored": "25"}}, {"smtp_port": 587})

    look, create, _look, last, close, insert = driver.connection.sent
    table = "[Audit]]s].[mail].[weestimateMailJournal]"
    columns = ", ".join(f"[{column}]" for column in COLUMNS)
    assert look == (
        (
            "SELECT COLUMN_NAME FROM [Audit]]s].INFORMATION_SCHEMA.COLUMNS"
            " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
        ),
        "mail",
        "weestimateMailJournal",
    )
    assert create == (
        f"CREATE TABLE {table} ("
        + columns.replace("]", "] NVARCHAR(MAX)")
        .replace("[instance] NVARCHAR(MAX)", "[instance] NVARCHAR(400) NOT NULL")
        .replace("[id] NVARCHAR(MAX)", "[id] BIGINT NOT NULL")
        .replace("[state] NVARCHAR(MAX)", "[state] NVARCHAR(32) NOT NULL")
        + ", PRIMARY KEY ([instance], [id]))",
    )
    instance = f"{store.database}.{LAYOUT.schema}.{LAYOUT.table}.{LAYOUT.group}".casefold()
    newest = f"(SELECT MAX([id]) FROM {table} WHERE [instance] = ?)"
    assert last[0].endswith(f"FROM {table} AS j WITH (UPDLOCK, HOLDLOCK) WHERE j.[instance] = ? AND j.[id] = {newest}")
    assert last[1:] == (instance, instance)
    assert close == (
        f"UPDATE {table} SET [state] = ?, [previousSecret] = NULL WHERE [instance] = ? AND [state] = ?",
        "superseded",
        instance,
        "open",
    )
    assert insert[0] == f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(COLUMNS))})"
    assert insert[1:3] == (instance, 1)


@pytest.mark.parametrize(
    "password",
    ["p;w=d", "{braced}", "}", "{", "a}}b;Server=evil", "'\"`", " leading", "trailing ", "Пароль漢字😀", "%s{0}", "\t"],
)
def test_a_password_reaches_the_driver_as_it_is(driver: Driver, password: str) -> None:
    MssqlStore({**STORE, "password": password})

    (asked,) = driver.asked
    assert asked["PWD"] == password
    assert "" not in asked
    assert not any(password in value for key, value in asked.items() if key != "PWD" and isinstance(value, str))


@pytest.mark.parametrize(
    "password", ["p;w=d", "{braced}", "}", "{", "a}}b;Server=evil", "'\"`", " leading", "trailing ", "Пароль漢字😀"]
)
def test_the_real_driver_quotes_a_password(password: str) -> None:
    """The driver's own builder and parser agree on every password; what the native part makes of it is `mssql`'s."""
    mssql_python = pytest.importorskip("mssql_python.connection", reason="the driver is not installed")
    offline = object.__new__(mssql_python.Connection)

    text, parameters = offline._construct_connection_string("", **keywords({**STORE, "password": password}))

    assert parameters["PWD"] == password
    assert parameters["Server"] == "tcp:sql01"
    quoted = "{" + password.replace("}", "}}") + "}" if set(password) & set(";{}= ") else password
    assert f";PWD={quoted};Server=tcp:sql01;" in text
    offline._closed = True


@pytest.mark.parametrize(
    ("stated", "server"),
    [
        ({}, "tcp:sql01"),
        ({"port": 1433}, "tcp:sql01,1433"),
        ({"instance": "WESUITE"}, "tcp:sql01\\WESUITE"),
        ({"instance": "WESUITE", "port": 50123}, "tcp:sql01,50123"),
        ({"instance": "", "port": None}, "tcp:sql01"),
        ({"host": "2001:db8::7", "port": 1433}, "tcp:2001:db8::7,1433"),
    ],
)
def test_a_server_is_named_by_port_or_instance(stated: dict[str, Any], server: str) -> None:
    assert keywords({**STORE, **stated})["Server"] == server


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, {"Encrypt": "mandatory", "TrustServerCertificate": "no"}),
        ({"encrypt": "optional"}, {"Encrypt": "optional", "TrustServerCertificate": "no"}),
        ({"trust_server_certificate": True}, {"Encrypt": "mandatory", "TrustServerCertificate": "yes"}),
        (
            {"encrypt": "strict", "server_certificate": "/etc/sql.pem"},
            {"Encrypt": "strict", "TrustServerCertificate": "no", "ServerCertificate": "/etc/sql.pem"},
        ),
        (
            {"host_name_in_certificate": "sql.example.com"},
            {"Encrypt": "mandatory", "TrustServerCertificate": "no", "HostnameInCertificate": "sql.example.com"},
        ),
    ],
)
def test_tls_is_verified_unless_told_otherwise(stated: dict[str, Any], expected: dict[str, str]) -> None:
    asked = keywords({**STORE, **stated})

    common = {"Server": "tcp:sql01", "Database": "WeEstimate", "UID": "mail_settings", "PWD": "c4nary"}
    assert asked == {**common, **expected}


@pytest.mark.parametrize(("mode", "expected"), mssql.AUTHENTICATION.items())
def test_each_way_to_sign_in_is_one_that_the_driver_knows(mode: str, expected: dict[str, str]) -> None:
    asked = keywords({"host": "sql01", "database": "WeEstimate", "authentication": mode})

    assert {key: asked[key] for key in asked if key in ("Authentication", "Trusted_Connection")} == expected
    assert not {"UID", "PWD"} & set(asked)


def test_every_keyword_is_one_that_the_driver_allows() -> None:
    """The driver drops a keyword that it does not know without a word."""
    constants = pytest.importorskip("mssql_python.constants", reason="the driver is not installed")
    everything = {
        **STORE,
        "encrypt": "strict",
        "server_certificate": "/etc/sql.pem",
        "host_name_in_certificate": "sql.example.com",
        "authentication": "kerberos",
    }

    allowed = set(constants._ALLOWED_CONNECTION_STRING_PARAMS.values())
    assert set(keywords(everything)) | {"Authentication"} <= allowed


#: The driver's phrases for the SQLSTATEs 08001, 28000, 08004, 42000 and 23000.
UNABLE = "Client unable to establish connection"
REFUSED = "Invalid authorization specification"
REJECTED = "Server rejected the connection"
VIOLATION = "Syntax error or access violation"
CONSTRAINT = "Integrity constraint violation"

#: What the driver says, phrase and text, and the code. Those marked * were met on a server or the operating system;
#: the others are the documented texts of the server's errors of the number beside them.
SAID = [
    # the driver: *
    ("Connection operation failed", "Failed to load the driver. Please read the documentation", "driver_missing"),
    (
        UNABLE,
        "SSL Provider: [OpenSSL library could not be loaded, make sure OpenSSL 1.0, 1.1, or 3.0 is installed]",
        "driver_missing",
    ),
    # the network: *
    (UNABLE, "TCP Provider: Error code 0x2749", "store_unreachable"),
    (UNABLE, "TCP Provider: Timeout error [258]. ", "store_unreachable"),
    ("Communication link failure", "TCP Provider: Error code 0x2746", "store_unreachable"),
    (
        UNABLE,
        "SQL Server Network Interfaces: Error Locating Server/Instance Specified [xFFFFFFFF]. ",
        "store_unreachable",
    ),
    ("Timeout expired", "Login timeout expired", "store_unreachable"),
    # TLS: *
    (
        UNABLE,
        "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate]",
        "store_tls_untrusted",
    ),
    (
        UNABLE,
        (
            "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:"
            "subject name does not match host name]"
        ),
        "store_tls_untrusted",
    ),
    (
        UNABLE,
        (
            "SSL Provider: [error:40000044:lib(128)::reason(68):unexpected error"
            "Provided certificate doesn't match with server/peer certificate]"
        ),
        "store_tls_untrusted",
    ),
    (
        UNABLE,
        (
            "SSL Provider: [error:40000044:lib(128)::reason(68):unexpected error"
            "Invalid file path for server certificate]"
        ),
        "store_tls_untrusted",
    ),
    (
        UNABLE,
        "Encryption not supported on SQL Server.",
        "store_tls_untrusted",
    ),
    (
        UNABLE,
        "SSL Provider: [error:0A000102:SSL routines::unsupported protocol]",
        "store_tls_untrusted",
    ),
    # signing in: *, 18456, 18486, in German, 18452
    (
        "General error",
        (
            "SSPI Provider: No credentials were supplied, or the credentials were unavailable or inaccessible."
            " No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)"
        ),
        "store_auth_failed",
    ),
    (
        "Failed to acquire an Entra ID access token for authentication type 'msi': Azure AD authentication failed",
        "Azure AD authentication failed for ManagedIdentityCredential",
        "store_auth_failed",
    ),
    (REFUSED, "Login failed for user 'sa'.", "store_auth_failed"),
    (
        REFUSED,
        "Login failed for user 'sa' because the account is currently locked out.",
        "store_auth_failed",
    ),
    (
        REFUSED,
        "Fehler bei der Anmeldung für den Benutzer 'sa'.",
        "store_auth_failed",
    ),
    (
        REFUSED,
        ("Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication."),
        "store_auth_failed",
    ),
    # the database: 4060, 911, 911 of a statement, 916, 3906
    (
        REJECTED,
        'Cannot open database "WeEstimate" requested by the login. The login failed.',
        "database_missing",
    ),
    (REJECTED, "any words, in any language", "database_missing"),
    (
        VIOLATION,
        "Database 'Audit' does not exist. Make sure that the name is entered correctly.",
        "database_missing",
    ),
    (
        REJECTED,
        ('The server principal "mail" is not able to access the database "Audit" under the current security context.'),
        "permission_denied",
    ),
    (
        VIOLATION,
        'Failed to update database "WeEstimate" because the database is read-only.',
        "permission_denied",
    ),
    # objects: 208, 207
    (
        "Base table or view not found",
        "Invalid object name 'dbo.programOption'.",
        "table_missing",
    ),
    ("Column not found", "Invalid column name 'optionKey'.", "column_missing"),
    # rights: 229, 230, 262, 2760
    (
        VIOLATION,
        ("The SELECT permission was denied on the object 'programOption', database 'WeEstimate', schema 'dbo'."),
        "permission_denied",
    ),
    (
        VIOLATION,
        (
            "The UPDATE permission was denied on the column 'optionValue' of the object"
            " 'programOption', database 'WeEstimate', schema 'dbo'."
        ),
        "permission_denied",
    ),
    (
        VIOLATION,
        "CREATE TABLE permission denied in database 'WeEstimate'.",
        "permission_denied",
    ),
    (
        VIOLATION,
        ('The specified schema name "mail" either does not exist or you do not have permission to use it.'),
        "permission_denied",
    ),
    # others at work: 1222, *, 1205 in German, 3960, 2627, 2601
    ("General error", "Lock request time out period exceeded.", "lock_timeout"),
    ("Timeout expired", "Query timeout expired", "lock_timeout"),
    (
        "Serialization failure",
        "Die Transaktion befand sich in einem Deadlock.",
        "concurrent_change",
    ),
    (
        VIOLATION,
        (
            "Snapshot isolation transaction aborted due to update conflict. You cannot use snapshot"
            " isolation to access table 'dbo.programOption' directly or indirectly in database 'WeEstimate'."
        ),
        "concurrent_change",
    ),
    (
        CONSTRAINT,
        (
            "Violation of PRIMARY KEY constraint 'PK'. Cannot insert duplicate key in object"
            " 'dbo.programOption'. The duplicate key value is (SMTP, c4nary)."
        ),
        "concurrent_change",
    ),
    (
        CONSTRAINT,
        (
            "Cannot insert duplicate key row in object 'dbo.programOption' with unique index 'IX'."
            " The duplicate key value is (c4nary)."
        ),
        "concurrent_change",
    ),
    # rows that do not fit: 515, 547, 8152, 2628
    (
        CONSTRAINT,
        (
            "Cannot insert the value NULL into column 'companyId', table 'dbo.programOption';"
            " column does not allow nulls. INSERT fails."
        ),
        "store_error",
    ),
    (
        CONSTRAINT,
        (
            'The UPDATE statement conflicted with the CHECK constraint "CK". The conflict occurred in'
            ' database "WeEstimate", table "dbo.programOption", column \'optionValue\'.'
        ),
        "store_error",
    ),
    (
        "String data, right-truncated",
        "String or binary data would be truncated.",
        "write_not_verified",
    ),
    (
        VIOLATION,
        (
            "String or binary data would be truncated in table 'dbo.programOption', column"
            " 'optionValue'. Truncated value: 'c4nary permission kerberos'."
        ),
        "write_not_verified",
    ),
    # without a code of their own: 245, 8134
    (
        "Data type attribute violation",
        "Conversion failed when converting the nvarchar value 'c4nary certificate' to int.",
        "store_error",
    ),
    ("Division by zero", "Divide by zero error encountered.", "store_error"),
]


@pytest.mark.parametrize(
    ("phrase", "text", "code"), SAID, ids=[f"{row[2]}-{number}" for number, row in enumerate(SAID)]
)
def test_a_failure_is_told_by_its_words_and_never_quotes_them(
    store: MssqlStore, driver: Driver, phrase: str, text: str, code: str
) -> None:
    driver.connection.answers = [DriverError(phrase, f"[Microsoft][SQL Server]{text}")]

    with pytest.raises(MailSettingsError) as raised:
        store.query("SELECT 1")

    assert raised.value.code == code
    assert raised.value.message.startswith("WeEstimate on sql01 ")
    told = str(raised.value.result())
    assert "c4nary" not in told
    assert text not in told


@pytest.mark.parametrize(
    "error", [RuntimeError("c4nary"), ValueError("c4nary"), TypeError("c4nary"), UnicodeError("c4nary")], ids=repr
)
def test_what_escapes_the_driver_is_a_failure_of_the_store(store: MssqlStore, driver: Driver, error: Exception) -> None:
    driver.connection.answers = [error]

    with pytest.raises(MailSettingsError, match=type(error).__name__) as raised:
        store.query("SELECT 1")

    assert raised.value.code == "store_error"
    assert "c4nary" not in str(raised.value.result())


LOGIN_FAILED = DriverError(REFUSED, "[Microsoft][SQL Server]Login failed for user 'x'.")


def test_a_refused_login_that_is_fine_without_the_database_means_the_database(driver: Driver) -> None:
    driver.connects = [LOGIN_FAILED]

    with pytest.raises(MailSettingsError) as raised:
        MssqlStore(STORE)

    assert raised.value.code == "database_missing"
    assert [asked.get("Database") for asked in driver.asked] == ["WeEstimate", None]
    assert driver.connection.closed


def test_a_login_that_is_refused_anyway_is_refused(driver: Driver) -> None:
    driver.connects = [LOGIN_FAILED, LOGIN_FAILED]

    with pytest.raises(MailSettingsError) as raised:
        MssqlStore(STORE)

    assert raised.value.code == "store_auth_failed"


def test_nothing_is_tried_twice_for_another_reason(driver: Driver) -> None:
    driver.connects = [DriverError(UNABLE, "[Microsoft]TCP Provider: Error code 0x2749")]

    with pytest.raises(MailSettingsError) as raised:
        MssqlStore(STORE)

    assert (raised.value.code, len(driver.asked)) == ("store_unreachable", 1)


def test_a_failed_connection_leaves_no_trace_of_the_drivers_exception(driver: Driver) -> None:
    """Tools print the chain of exceptions; the driver's may hold what was sent."""
    driver.connects = [DriverError("Division by zero", "c4nary")]

    with pytest.raises(MailSettingsError) as raised:
        MssqlStore(STORE)

    assert raised.value.__context__ is None


def test_without_the_driver_its_package_and_libraries_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mssql, "mssql_python", None)

    with pytest.raises(MailSettingsError, match="mssql-python") as raised:
        MssqlStore(STORE)

    assert raised.value.code == "driver_missing"
    assert "libltdl7" in raised.value.remedy
    assert "libkrb5-3" in raised.value.remedy


def test_tables_and_columns_are_looked_up_in_the_standard_views(store: MssqlStore, driver: Driver) -> None:
    driver.connection.answers = [[("dbo", "programOption"), ("sales", "v")], [("optionGroup",), ("optionName",)]]

    assert list(store.tables()) == [("dbo", "programOption"), ("sales", "v")]
    assert store.columns(None, "programOption") == ["optionGroup", "optionName"]
    assert driver.connection.sent == [
        ("SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES ORDER BY 1, 2",),
        (
            (
                "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
                " ORDER BY ORDINAL_POSITION"
            ),
            "dbo",
            "programOption",
        ),
    ]
