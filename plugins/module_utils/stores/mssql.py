# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft SQL Server: where the instances of WeEstimate are assumed to keep their options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import MailSettingsError
from .sql import SqlStore

try:
    import mssql_python
except (ImportError, OSError):  # OSError: the driver has no build for this platform
    mssql_python = None

#: Seconds to wait for the connection, and for one statement or somebody else's lock.
_CONNECT_TIMEOUT, _COMMAND_TIMEOUT = 15, 30
#: Seconds that a statement may take beyond a lock that it waits for, so that the server's word on locks comes first.
_GRACE = 5

#: ``store.authentication`` and what the driver wants to hear. The modes that ask a person are left out on purpose.
AUTHENTICATION: dict[str, dict[str, str]] = {
    "sql": {},
    "kerberos": {"Trusted_Connection": "yes"},
    "entra_service_principal": {"Authentication": "ActiveDirectoryServicePrincipal"},
    "entra_managed_identity": {"Authentication": "ActiveDirectoryMSI"},
    "entra_default": {"Authentication": "ActiveDirectoryDefault"},
}

#: How the driver words SQLSTATE 28000, which the server sends for a login that it refuses.
_REFUSED = "Invalid authorization specification"

#: ``store.encrypt``: the driver's own words. Strict is TDS 8.0: TLS before anything else, never an untrusted server.
ENCRYPT = ("mandatory", "strict", "optional")

#: Arguments that the driver takes as they are, by its keyword.
_KEYWORDS = {
    "Database": "database",
    "UID": "user",
    "PWD": "password",
    "ServerCertificate": "server_certificate",
    "HostnameInCertificate": "host_name_in_certificate",
}

_INSTALL = "Install the Python package mssql-python and the system libraries it loads (Debian: libltdl7, libkrb5-3)."
_REACH = "Check store.host, store.port or store.instance, the firewall, and that the server runs and allows TCP."
_TRUST = "Let the machine that connects trust the authority that issued it, or pin it with store.server_certificate."
_LOGIN = "Check store.user, store.password and store.authentication, and whether the login is locked or has expired."
_LAYOUT = "State layout.table and layout.columns as they are; smtp_settings_info with discover=true shows them."
_GRANT = "Give the login the rights that the documentation lists for SQL Server."
_DATABASE = "Check store.database, journal.database, and that the login may open it."
_LATER = "Repeat the run when the other is done, or raise store.command_timeout."

#: What is said, in lower case and without what is quoted, and what it means here; the first match counts. The driver
#: passes on neither the error's number nor more than the first of several messages: only one text of the server, or of
#: its own, after its phrase for the SQLSTATE. A phrase is preferred where it is specific, for it is the same in all
#: languages; the server's texts are English because the session asks for it (see `_SESSION`). Numbers in the comments:
#: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
_FAILURES = (
    # 22001: 2628, 8152; 23000: 515, 547, and 2601, 2627. First, for these texts quote values, which hold any words.
    ("right-truncated", "write_not_verified", "has a column too short for a value", "Widen it or shorten the value."),
    (
        "would be truncated",
        "write_not_verified",
        "has a column too short for a value",
        "Widen it or shorten the value.",
    ),
    ("duplicate key", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("integrity constraint", "store_error", "has a rule that the row breaks", "Make the row in WeEstimate itself."),
    # The driver's parts, named by the operating system's or the driver's words
    ("failed to load the driver", "driver_missing", "cannot be reached: the driver does not load", _INSTALL),
    ("odbc provider is selected", "driver_missing", "cannot be reached: the driver is incomplete", _INSTALL),
    ("openssl library could not", "driver_missing", "cannot be reached: OpenSSL is missing", "Install OpenSSL 3."),
    # TLS
    ("host name]", "store_tls_untrusted", "has a certificate of another name", "State store.host_name_in_certificate."),
    ("verify failed", "store_tls_untrusted", "has a certificate that is not trusted", _TRUST),
    ("match with server", "store_tls_untrusted", "has another certificate than the pinned one", "Find out why first."),
    ("invalid file path", "store_tls_untrusted", "cannot be verified", "Check the path in store.server_certificate."),
    ("certificate", "store_tls_untrusted", "has a certificate that is not trusted", _TRUST),
    ("encryption not supported", "store_tls_untrusted", "offers no TLS", "Let the server offer TLS."),
    ("ssl provider", "store_tls_untrusted", "and this machine have no TLS version in common", "Update the server."),
    # 916; 08004: 911, 4060, which says "the login failed" as well
    ("under the current security", "permission_denied", "does not admit this login", _GRANT),
    ("cannot open database", "database_missing", "is not there, or not for this login", _DATABASE),
    ("rejected the connection", "database_missing", "is not there, or not for this login", _DATABASE),
    ("does not exist. make sure", "database_missing", "is not there", _DATABASE),
    # Signing in. 28000: 18456 and its relatives 18452, 18486, 18487, 18488
    ("sspi", "store_auth_failed", "wants a Kerberos ticket, and there is none that is valid", "Get one with kinit."),
    ("access token", "store_auth_failed", "cannot be reached: Entra ID gave no token", _LOGIN),
    ("failed to authenticate", "store_auth_failed", "cannot be reached: Entra ID refused", _LOGIN),
    ("invalid authorization", "store_auth_failed", "refused the login", _LOGIN),
    ("login failed", "store_auth_failed", "refused the login", _LOGIN),
    # 42S02: 208; 42S22: 207; 229, 230, 262, 2760; 3906
    ("table or view not found", "table_missing", "has no such table", _LAYOUT),
    ("column not found", "column_missing", "has no such column", _LAYOUT),
    # 42S01: 2714, met where a login may not see the table that it would make
    ("already exists", "permission_denied", "hides a table from this login", _GRANT),
    ("permission", "permission_denied", "does not allow this to the login", _GRANT),
    ("read-only", "permission_denied", "is read-only", "Name the server that may be written to."),
    # 1222; HYT00 of a statement; 40001: 1205; 3960
    ("lock request time out", "lock_timeout", "is locked by somebody else", _LATER),
    ("query timeout", "lock_timeout", "did not answer in time", _LATER),
    ("serialization failure", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("update conflict", "concurrent_change", "was changed at the same time", "Repeat the run."),
    # 08001; 08S01; HYT00 and HYT01 of the connection
    ("unable to establish connection", "store_unreachable", "cannot be reached", _REACH),
    ("link failure", "store_unreachable", "broke the connection", _REACH),
    ("timeout expired", "store_unreachable", "did not answer in time", _REACH),
)

#: Names and values: they may hold any words, and are nobody's business.
_QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)

#: NOCOUNT: the counts of triggers must not come before ours. XACT_ABORT: any failure rolls the whole transaction back.
#: LANGUAGE: the texts by which failures are told apart. LOCK_TIMEOUT in milliseconds.
_SESSION = "SET NOCOUNT ON; SET XACT_ABORT ON; SET LANGUAGE us_english; SET LOCK_TIMEOUT {}"

#: Text and NULL alike, to the last byte whatever the collation ignores, also for the old types text and ntext.
_EXACT = "CAST(CAST({} AS NVARCHAR(MAX)) AS VARBINARY(MAX))"


class MssqlStore(SqlStore):
    """One database on one server."""

    DEFAULT_SCHEMA = "dbo"
    LOCK_HINT = " WITH (UPDLOCK, HOLDLOCK)"
    INTEGER, NAME, WORD, TEXT = "BIGINT", "NVARCHAR(400)", "NVARCHAR(32)", "NVARCHAR(MAX)"
    SAME_VALUE = f"EXISTS (SELECT {_EXACT.format('{column}')} INTERSECT SELECT {_EXACT.format('{value}')})"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.database = arguments["database"]
        self.place = f"{self.database} on {_server(arguments)}"
        if mssql_python is None:
            raise MailSettingsError("driver_missing", "SQL Server needs the Python package mssql-python.", _INSTALL)
        # A pooled connection would outlive its task and could be inherited by a forked worker.
        mssql_python.pooling(enabled=False)
        timeout = arguments.get("command_timeout") or _COMMAND_TIMEOUT
        self.connection = self._connect(arguments)
        try:
            self.connection.timeout = timeout + _GRACE
            self.query(_SESSION.format(timeout * 1000))
        except BaseException:
            self.close()
            raise

    def _connect(self, arguments: Mapping[str, Any]) -> Any:
        try:
            return _open(arguments)
        except self.driver_errors() as error:
            failure, refused = self.failure(error), _REFUSED in str(error)
        if refused and self._admits(arguments):
            raise MailSettingsError("database_missing", f"{self.place} is not there, or not for this login.", _DATABASE)
        raise failure

    def _admits(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the login is fine without the database. The server says both when the database is not there, the
        driver passes on the refused login alone."""
        try:
            _open({**arguments, "database": None}).close()
        except self.driver_errors():
            return False
        return True

    def quote(self, identifier: str) -> str:
        """One identifier in brackets, which work whatever QUOTED_IDENTIFIER says."""
        return "[" + identifier.replace("]", "]]") + "]"

    def driver_errors(self) -> tuple[type[BaseException], ...]:
        """The driver's errors, and what escapes it from its inner layers: a value or library it cannot handle."""
        return (mssql_python.Error, mssql_python.Warning, ImportError, RuntimeError, TypeError, ValueError)

    def failure(self, error: Exception) -> MailSettingsError:
        """The words looked up; the place is named, the words are not passed on."""
        said = _QUOTED.sub("", str(error)).lower()
        for words, code, what, remedy in _FAILURES:
            if words in said:
                return MailSettingsError(code, f"{self.place} {what}.", remedy)
        phrase = getattr(error, "driver_error", "") or type(error).__name__
        return MailSettingsError(
            "store_error",
            f"{self.place} failed: {_QUOTED.sub('', phrase)}.",
            "Nothing was changed. See the server's log.",
        )

    def _affected(self, statement: str, parameters: tuple[Any, ...]) -> int:
        """The count of this statement alone; the one the driver offers may be a trigger's."""
        return self.query(f"{statement}; SELECT @@ROWCOUNT", parameters)[0][0]

    def tables(self) -> Iterator[tuple[str | None, str]]:
        """Every table and view that the login may see."""
        rows = self.query("SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES ORDER BY 1, 2")
        return ((schema, name) for schema, name in rows)

    def columns(self, schema: str | None, table: str, *, database: str | None = None) -> list[str]:
        """The columns of a table in their order; empty when there is no such table, or none for this login."""
        view = (
            "INFORMATION_SCHEMA.COLUMNS" if database is None else f"{self.quote(database)}.INFORMATION_SCHEMA.COLUMNS"
        )
        rows = self.query(
            f"SELECT COLUMN_NAME FROM {view} WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
            (schema or self.DEFAULT_SCHEMA, table),
        )
        return [name for (name,) in rows]


def _server(arguments: Mapping[str, Any]) -> str:
    """The server as the driver names it: a port wins over an instance, which needs the server's browser service."""
    host, port, instance = (arguments.get(name) for name in ("host", "port", "instance"))
    if port:
        return f"{host},{port}"
    return f"{host}\\{instance}" if instance else host


def keywords(arguments: Mapping[str, Any]) -> dict[str, str]:
    """The ``store`` argument as the driver's keywords. It quotes the values itself, so they may hold any character."""
    given = {keyword: arguments.get(name) for keyword, name in _KEYWORDS.items()}
    return {
        "Server": f"tcp:{_server(arguments)}",
        "Encrypt": arguments.get("encrypt") or "mandatory",
        "TrustServerCertificate": "yes" if arguments.get("trust_server_certificate") else "no",
        **{keyword: value for keyword, value in given.items() if value not in (None, "")},
        **AUTHENTICATION[arguments.get("authentication") or "sql"],
    }


def _open(arguments: Mapping[str, Any]) -> Any:
    # The attribute, because the driver's own argument for it meant something else in earlier versions.
    timeout = {mssql_python.SQL_ATTR_LOGIN_TIMEOUT: arguments.get("connect_timeout") or _CONNECT_TIMEOUT}
    return mssql_python.connect(autocommit=True, attrs_before=timeout, **keywords(arguments))
