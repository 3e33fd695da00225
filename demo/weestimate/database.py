# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table programOption of one instance, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

Options = Mapping[str, "str | None"]
"""Option names with their stored text; None is an SQL NULL, which WeEstimate takes for blank."""

_SCHEMA = """
CREATE TABLE programOption (
    optionGroup TEXT NOT NULL,
    optionName  TEXT NOT NULL,
    optionValue TEXT,
    UNIQUE (optionGroup, optionName)
)
"""

SMTP_DEFAULTS: Options = {
    "SMTP Mail Enabled": "FALSE",
    "SMTP Address": None,
    "SMTP Port": "25",
    "Use SSL": "FALSE",
    "SMTP User": None,
    "SMTP Password": None,
    "Enable SMTP Send As": "FALSE",
    "SMTP Connect As": None,
    "Send SMTP to Self": "FALSE",
    "Use SMTP Email": "TRUE",
    "Include MPOC as a Recipient When Sending a QP": "TRUE",
}
"""A new instance's SMTP group: all eleven options, mail not yet set up."""

_OTHER_GROUPS: Mapping[str, Options] = {
    "GENERAL": {
        "Company Name": "Northgate Security Integrators",
        "Default Tax Rate": "6.25",
        "Quote Number Prefix": "NG-",
        "Require Approval Above": "25000",
        # The name of an SMTP option in another group: whoever forgets the group finds two rows.
        "SMTP Address": "see the group SMTP",
    },
    "PRINT": {
        "Default Paper Size": "Letter",
        "Print Margin Left": "0.5",
        "Show Part Numbers": "TRUE",
        "Watermark Text": None,
    },
    "BIN": {
        "Approval Bin": "Manager Approval",
        "Notify On Pass": "TRUE",
    },
}


def create(path: Path, smtp: Options) -> None:
    """Make the database *path* with its option groups; *smtp* replaces the defaults of the group SMTP.

    :raises ValueError: *smtp* names an option that WeEstimate does not have.
    :raises sqlite3.OperationalError: the table exists already.
    """
    unknown = sorted(set(smtp) - set(SMTP_DEFAULTS))
    if unknown:
        raise ValueError(f"Not an SMTP option of WeEstimate: {', '.join(unknown)}")
    groups = {**_OTHER_GROUPS, "SMTP": {**SMTP_DEFAULTS, **smtp}}
    rows = [(group, name, value) for group, options in groups.items() for name, value in options.items()]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_SCHEMA)
        connection.executemany("INSERT INTO programOption VALUES (?, ?, ?)", rows)
        connection.commit()


def read(path: Path, group: str = "SMTP") -> dict[str, str | None]:
    """Return the options of *group* as they are stored.

    :raises sqlite3.OperationalError: the database cannot be opened or has no such table.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        statement = "SELECT optionName, optionValue FROM programOption WHERE optionGroup = ? ORDER BY rowid"
        return dict(connection.execute(statement, (group,)).fetchall())


def write(path: Path, smtp: Options) -> None:
    """Store *smtp*, as a hand edit under Tools > Program Options would."""
    rows = [(value, name) for name, value in smtp.items()]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "UPDATE programOption SET optionValue = ? WHERE optionGroup = 'SMTP' AND optionName = ?", rows
        )
        connection.commit()
