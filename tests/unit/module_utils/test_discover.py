# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a database of unknown layout suggests one that works, and shows no secret on the way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from programoption import Database

from ansible_collections.weestimate.mail.plugins.module_utils.layout import Layout

SECRET = "hunter2 Geheim"

Rows = Iterable[tuple[Any, ...]]


def made(path: Path, tables: Mapping[str, tuple[str, Rows]], layout: Layout | None = None) -> Database:
    """A database of tables, each with its columns and rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table, (columns, rows) in tables.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    return Database(path, layout or Layout())


def discovered(database: Database) -> dict[str, Any]:
    """What is found; the secret is in no part of it."""
    told = database.info(discover=True)
    assert SECRET not in json.dumps(told, ensure_ascii=False)
    found: dict[str, Any] = told["discovery"]
    return found


def grouped(group: str, options: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(group, key, value) for key, value in options.items()]


LABELLED = {
    "SMTP Mail Enabled": "TRUE",
    "SMTP Address": "smtp.example.com",
    "SMTP Port": "587",
    "Use SSL": "TRUE",
    "SMTP User": "u@example.com",
    "SMTP Password": SECRET,
    "Use SMTP Email": "FALSE",
}
SQUEEZED = {
    "SMTPMailEnabled": 1,
    "SMTPAddress": "smtp.example.com",
    "SmtpPort": 587,
    "UseSSL": 1,
    "SMTP_USER": "u@example.com",
    "smtp_password": SECRET,
    "use-smtp-email": 0,
}
YES_NO = {key: {"TRUE": "Y", "FALSE": "N"}.get(value, value) for key, value in LABELLED.items()}

#: Table, columns, rows; then what the suggestion must say.
REAL_LIFE: dict[str, tuple[dict[str, tuple[str, Rows]], dict[str, Any]]] = {
    "the default": (
        {"programOption": ("optionGroup, optionName, optionValue", grouped("SMTP", LABELLED))},
        {"table": "programOption", "columns": ["optionGroup", "optionName", "optionValue"], "words": ["TRUE", "FALSE"]},
    ),
    "other columns in another order, Y and N": (
        {"ProgramOptions": ("Setting, Id, Category, Code", [(v, 9, g, k) for g, k, v in grouped("SMTP", YES_NO)])},
        {"table": "ProgramOptions", "columns": ["Category", "Code", "Setting"], "words": ["Y", "N"]},
    ),
    "squeezed keys and numbers for switches": (
        {"tblSettings": ("grp, name, val", grouped("SMTP", SQUEEZED))},
        {"table": "tblSettings", "columns": ["grp", "name", "val"], "words": ["1", "0"]},
    ),
    "a group of another case": (
        {"programOption": ("optionGroup, optionName, optionValue", grouped("Smtp", LABELLED))},
        {"table": "programOption", "columns": ["optionGroup", "optionName", "optionValue"], "group": "Smtp"},
    ),
    "two tables of options": (
        {
            "userOption": ("optionGroup, optionName, optionValue", grouped("SMTP", {"SMTP Port": "1"})),
            "programOption": ("optionGroup, optionName, optionValue", grouped("SMTP", LABELLED)),
        },
        {"table": "programOption", "columns": ["optionGroup", "optionName", "optionValue"]},
    ),
    "a value column whose texts look like options": (
        {
            "programOption": (
                "optionGroup, optionValue, optionName",
                [("SMTP", "smtp user", "Login"), ("SMTP", SECRET, "Kennwort"), ("SMTP", "TRUE", "Use SSL")],
            )
        },
        {"table": "programOption", "columns": ["optionGroup", "optionName", "optionValue"]},
    ),
}


@pytest.mark.parametrize("case", REAL_LIFE)
def test_the_layout_is_found_of(tmp_path: Path, case: str) -> None:
    tables, expected = REAL_LIFE[case]
    found = discovered(made(tmp_path / "x.db", tables))

    layout = found["suggested_layout"]
    assert found["table"] == layout["table"]["name"] == expected["table"]
    assert [layout["columns"][part] for part in ("group", "key", "value")] == expected["columns"]
    assert layout["group"] == expected.get("group", "SMTP")
    assert list(layout["booleans"].values()) == expected.get("words", ["TRUE", "FALSE"])


@pytest.mark.parametrize("case", [case for case in REAL_LIFE if not case.startswith("a value")])
def test_the_suggestion_reads_what_is_there(tmp_path: Path, case: str) -> None:
    suggested = discovered(made(tmp_path / "x.db", REAL_LIFE[case][0]))["suggested_layout"]

    settings = Database(tmp_path / "x.db", Layout.from_arguments(suggested)).info()["settings"]

    assert settings == {
        "smtp_mail_enabled": True,
        "smtp_address": "smtp.example.com",
        "smtp_port": 587,
        "use_ssl": True,
        "smtp_user": "u@example.com",
        "smtp_password": "(set)",
        "use_smtp_email": False,
    }


def test_a_layout_that_does_not_match_is_a_finding_and_no_failure(tmp_path: Path) -> None:
    tables = REAL_LIFE["other columns in another order, Y and N"][0]

    told = made(tmp_path / "x.db", tables).info(discover=True)

    assert told["changed"] is False
    assert told["mismatch"]["error_code"] == "table_missing"
    assert "failed" not in told
    assert "settings" not in told


def test_a_layout_that_matches_is_read_as_well(database: Database) -> None:
    told = database.info(discover=True)

    assert told["settings"]["smtp_port"] == 587
    assert "mismatch" not in told
    assert Layout.from_arguments(told["discovery"]["suggested_layout"]) == Layout()


@pytest.mark.parametrize(
    ("tables", "table"),
    [
        ({}, None),
        ({"quote": ("id, total", [(1, 2)])}, None),
        ({"programOption": ("optionGroup, optionName, optionValue", [])}, "programOption"),
        ({"programOption": ("optionGroup, optionName, optionValue", [("PRINT", "Use SSL", "x")])}, "programOption"),
        ({"programOption": ("grp, val", [("SMTP", "SMTP Port")])}, "programOption"),
        ({"programOption": ("only", [("SMTP",)])}, "programOption"),
        ({"programOption": ("a, b, c", [("SMTP", "alpha", "beta")])}, "programOption"),
    ],
    ids=["no table", "no table of options", "empty", "no SMTP group", "no value column", "one column", "no known key"],
)
def test_where_nothing_is_recognised_nothing_is_suggested(
    tmp_path: Path, tables: dict[str, tuple[str, Rows]], table: str | None
) -> None:
    found = discovered(made(tmp_path / "x.db", tables))

    assert (found["table"], found["suggested_layout"], found["rows"]) == (table, None, [])


def test_what_the_user_has_stated_goes_before_what_looks_alike(tmp_path: Path) -> None:
    rows = grouped("SMTP", {"SMTP Port": "587", "Mail Server": "a.example.com", "SMTP Addres": "old.example.com"})
    stated = Layout(keys={**Layout().keys, "smtp_address": "mail server"})
    columns = "optionGroup, optionName, optionValue"

    found = discovered(made(tmp_path / "x.db", {"programOption": (columns, rows)}, stated))

    assert found["suggested_layout"]["keys"]["smtp_address"] == "Mail Server"


def test_stated_words_that_are_not_among_the_common_ones_are_kept(tmp_path: Path) -> None:
    rows = grouped("SMTP", {"Use SSL": "Ja", "Use SMTP Email": "Nein"})
    stated = Layout(true_word="Ja", false_word="Nein")

    found = discovered(
        made(tmp_path / "x.db", {"programOption": ("optionGroup, optionName, optionValue", rows)}, stated)
    )

    assert found["suggested_layout"]["booleans"] == {"true": "Ja", "false": "Nein"}


@pytest.mark.parametrize(
    "key",
    [
        "SMTP Password",
        "smtp_password",
        "SMTP Pass",
        "SMTP Pwd",
        "SMTP PW",
        "SMTP UserPW",
        "SMTP User Pass",
        "SMTP Users",
        "SMTP Connect As Pw",
        "SMTP Adress",
        "Kennwort",
        "Mail Server Login",
        "Port 2",
        "",
        None,
        7,
    ],
)
@pytest.mark.parametrize("secret", [SECRET, SECRET.encode(), "7" * 5_000], ids=["text", "binary", "digits"])
def test_a_password_is_shown_under_no_unexpected_key(tmp_path: Path, key: Any, secret: str | bytes) -> None:
    rows = [("SMTP", "Use SSL", "TRUE"), ("SMTP", "SMTP Port", "587"), ("SMTP", key, secret)]

    found = discovered(made(tmp_path / "x.db", {"programOption": ("optionGroup, optionName, optionValue", rows)}))

    assert {row["key"]: row["value"] for row in found["rows"]}[str(key)] == "(set)"


def test_a_numeric_password_is_not_taken_for_a_port(tmp_path: Path) -> None:
    rows = [("SMTP", "Use SSL", "TRUE"), ("SMTP", "SMTP Passcode", "1234"), ("SMTP", "Retries", "3")]

    found = discovered(made(tmp_path / "x.db", {"programOption": ("optionGroup, optionName, optionValue", rows)}))

    assert [row["value"] for row in found["rows"]] == ["TRUE", "(set)", "3"]


def test_columns_whose_names_say_nothing_do_not_show_the_values_as_keys(tmp_path: Path) -> None:
    rows = [("SMTP", "Port", "smtp port"), ("SMTP", "Pw", SECRET), ("SMTP", "Secure", "TRUE")]

    found = discovered(made(tmp_path / "x.db", {"programOption": ("a, b, c", rows)}))

    assert SECRET not in {row["key"] for row in found["rows"]}
