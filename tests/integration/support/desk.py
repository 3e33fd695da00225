# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put many tasks into one play, since a run costs a second and a task a hundredth of one, and ask each what it answered.

Every task ignores its errors; its answer is the result that Ansible shows, with ``status`` added.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from harness import Ansible, Run
from weestimate import database

SETTINGS = "weestimate.mail.smtp_settings"
INFO = "weestimate.mail.smtp_settings_info"

#: Where a task may access the database from.
PLACES = ("controller", "target")

#: What the vendor recommends, without a password.
OFFICE365 = {
    "smtp_mail_enabled": True,
    "smtp_address": "smtp.office365.com",
    "smtp_port": 587,
    "use_ssl": True,
    "smtp_user": "notifications@example.com",
    "enable_smtp_send_as": True,
    "smtp_connect_as": "notifications@example.com",
}

#: The same as an instance stores it.
STORED = {
    "SMTP Mail Enabled": "TRUE",
    "SMTP Address": "smtp.office365.com",
    "SMTP Port": "587",
    "Use SSL": "TRUE",
    "SMTP User": "notifications@example.com",
    "SMTP Password": "stored-password",
    "Enable SMTP Send As": "TRUE",
    "SMTP Connect As": "notifications@example.com",
}

Answers = dict[str, dict[str, Any]]


class Desk:
    """A host whose tasks run one after the other, and the databases of instances beside it."""

    def __init__(self, ansible: Ansible, directory: Path) -> None:
        self.ansible = ansible
        self.directory = directory
        self.run: Run | None = None

    def instance(self, name: str, stored: Mapping[str, str | None] | None = None, script: str = "") -> Path:
        """The database of a new instance; ``script`` is SQL that is carried out on it."""
        path = self.directory / f"{name}.db"
        database.create(path, STORED if stored is None else stored)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        return path

    def ask(
        self,
        tasks: Mapping[str, Mapping[str, Any]],
        *options: str,
        variables: Mapping[str, Any] | None = None,
        **environment: str,
    ) -> Answers:
        """Run tasks, given by name and without their name, on one host; the answers by task name."""
        hosts = {"one": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
        play = {
            "hosts": "all",
            "gather_facts": False,
            "vars": dict(variables or {}),
            "tasks": [{"name": name, **task, "ignore_errors": True} for name, task in tasks.items()],
        }
        self.run = self.ansible.playbook([play], {"all": {"hosts": hosts}}, *options, **environment)
        answers = {each.task: {**each.result, "status": each.status} for each in self.run.results}
        assert set(answers) == set(tasks), self.run.output
        return answers


def sqlite(path: Path, **store: Any) -> dict[str, Any]:
    """The ``store`` argument for a database file."""
    return {"driver": "sqlite", "path": str(path), **store}


def settings(path: Path, declared: Mapping[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    """The arguments of a smtp_settings task on a database file, as a task's body."""
    named = {} if declared is None else {"settings": dict(declared)}
    return {SETTINGS: {"store": sqlite(path), **named, **arguments}}


def journal(path: Path, table: str = "weestimateMailJournal") -> list[dict[str, Any]]:
    """The entries of a journal as they are stored, oldest first; none where there is no such table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return []
        return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY id')]  # noqa: S608
