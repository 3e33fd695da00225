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
_LAYOUT = "State layout.table and layout.columns as they are; smtp_settings_info with discover=true shows them."
_TRUST = (
    "Let the control node trust the authority that issued the certificate, state store.host_name_in_certificate, or"
    " pin it with store.server_certificate and store.encrypt=strict."
)
_GRANT = "Give the login the rights that the documentation of the SQL Server store lists."
_REACH = "Check store.host, store.port or store.instance, the firewall, and that the server runs and allows TCP."

#: What is said, in lower case and without what is quoted, and what it means here; the first match counts. The driver
#: passes on neither the error number nor more than the first of several messages, only one text and its own phrase for
#: the SQLSTATE. The texts are English because the session asks for it (see `_SESSION`). Numbers in the comments:
#: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
_FAILURES = (
    # 2627, 2601; 2628, 8152; 515. First, because what they quote is a value, which may hold any words.
    ("violation of", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("duplicate key", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("would be truncated", "store_error", "has a column too short for a value", "Widen it, or shorten the value."),
    ("insert the value null", "store_error", "wants columns that only WeEstimate knows", "Save the option there once."),
    # The driver itself
    ("failed to load the driver", "driver_missing", "cannot be reached: the driver does not load", _INSTALL),
    ("odbc provider is selected", "driver_missing", "cannot be reached: the driver is incomplete", _INSTALL),
    ("openssl library could not", "driver_missing", "cannot be reached: there is no OpenSSL", "Install OpenSSL."),
    # Connecting
    ("certificate verify failed", "store_tls_untrusted", "shows a certificate that is not trusted", _TRUST),
    ("certificate validation", "store_tls_untrusted", "shows another certificate than the one pinned", _TRUST),
    ("certificate chain", "store_tls_untrusted", "shows a certificate that is not trusted", _TRUST),
    ("hostname", "store_tls_untrusted", "shows a certificate of another name", _TRUST),
    ("encryption not supported", "store_tls_untrusted", "offers no TLS", "Give the server a certificate."),
    ("ssl provider", "store_tls_untrusted", "could not agree on TLS", _TRUST),
    ("kerberos", "store_auth_failed", "refused: there is no valid Kerberos ticket", "Get one with kinit."),
    ("sspi", "store_auth_failed", "refused: there is no valid Kerberos ticket", "Get one with kinit."),
    ("access token", "store_auth_failed", "refused: Entra ID gave no token", "Check the identity of the control node."),
    ("failed to authenticate", "store_auth_failed", "refused: Entra ID rejects the login", "Check store.user."),
    # 4060; 18456 and its relatives 18486 (locked), 18487 and 18488 (expired); SQLSTATE 28000 in any language
    ("cannot open database", "database_missing", "is not there, or not for this login", "Check store.database."),
    ("login failed", "store_auth_failed", "refused the login", "Check store.user, store.password and the login."),
    ("invalid authorization", "store_auth_failed", "refused the login", "Check store.user and store.password."),
    # Statements. 208; 207; 911; 229, 230, 262, 300, 2760; 916; 3906
    ("invalid object name", "table_missing", "has no such table", _LAYOUT),
    ("invalid column name", "column_missing", "has no such column", _LAYOUT),
    ("does not exist. make sure", "database_missing", "has no such database", "Check the name."),
    ("permission", "permission_denied", "does not allow that to this login", _GRANT),
    ("under the current security context", "permission_denied", "does not allow that to this login", _GRANT),
    ("read-only", "permission_denied", "is read-only", "Connect to the writable replica."),
    # 1222; HYT00; 1205, SQLSTATE 40001; 3960
    ("lock request time out", "lock_timeout", "is locked by somebody else", "Repeat the run later."),
    ("query timeout", "lock_timeout", "did not answer in time", "Repeat the run later, or raise command_timeout."),
    ("deadlock", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("serialization failure", "concurrent_change", "was changed at the same time", "Repeat the run."),
    ("update conflict", "concurrent_change", "was changed at the same time", "Repeat the run."),
    # What else keeps a connection from being made, or ends it: 08001, 08S01, HYT01
    ("unable to establish connection", "store_unreachable", "cannot be reached", _REACH),
    ("link failure", "store_unreachable", "broke the connection", _REACH),
    ("timeout", "store_unreachable", "did not answer in time", _REACH),
)

#: Names, and values, which are nobody's business and may hold any words.
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
    INTEGER, WORD, TEXT = "BIGINT", "NVARCHAR(32)", "NVARCHAR(MAX)"
    SAME_VALUE = f"EXISTS (SELECT {_EXACT.format('{column}')} INTERSECT SELECT {_EXACT.format('{value}')})"

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.place = f"{arguments['database']} on {_server(arguments)}"
        if mssql_python is None:
            raise MailSettingsError("driver_missing", "SQL Server needs the Python package mssql-python.", _INSTALL)
        # A pooled connection would outlive its task and could be inherited by a forked worker.
        mssql_python.pooling(enabled=False)
        timeout = arguments.get("command_timeout") or _COMMAND_TIMEOUT
        self.connection = self._connect(arguments)
        self.connection.timeout = timeout + _GRACE
        self.query(_SESSION.format(timeout * 1000))

    def _connect(self, arguments: Mapping[str, Any]) -> Any:
        try:
            return _open(arguments)
        except self.driver_errors() as error:
            failure = self.failure(error)
        if failure.code == "store_auth_failed" and _gets_in(arguments):
            failure = MailSettingsError(
                "database_missing", f"{self.place} is not there, or not for this login.", "Check store.database."
            )
        raise failure

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
        # The driver's own summary of the SQLSTATE is one of a fixed list of phrases.
        summary = getattr(error, "driver_error", "") or type(error).__name__
        return MailSettingsError(
            "store_error", f"{self.place} failed ({summary}); nothing was changed.", "Ask who keeps the server."
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
        view = ".".join(filter(None, (database and self.quote(database), "INFORMATION_SCHEMA.COLUMNS")))
        statement = f"SELECT COLUMN_NAME FROM {view} WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
        return [name for (name,) in self.query(statement, (schema or self.DEFAULT_SCHEMA, table))]


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
        "Encrypt": arguments.get("encrypt") or ENCRYPT[0],
        "TrustServerCertificate": "yes" if arguments.get("trust_server_certificate") else "no",
        **{keyword: value for keyword, value in given.items() if value not in (None, "")},
        **AUTHENTICATION[arguments.get("authentication") or "sql"],
    }


def _open(arguments: Mapping[str, Any]) -> Any:
    timeout = arguments.get("connect_timeout") or _CONNECT_TIMEOUT
    return mssql_python.connect(autocommit=True, timeout=timeout, **keywords(arguments))


def _gets_in(arguments: Mapping[str, Any]) -> bool:
    """Whether the login itself is fine: of "no such database" and "login failed" the driver passes on the second."""
    try:
        _open({**arguments, "database": None}).close()
    except (mssql_python.Error, RuntimeError):
        return False
    return True
