# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play many scenarios in one run of Ansible: a run costs seconds, a task of ours hundredths of one.

A scenario is a generator over a `Desk`. It prepares databases, yields its tasks by name, is sent their answers, and
goes on to assert, or to yield the tasks of a next round. `play` carries out each round of all scenarios as one play;
its errors are ignored, so that each task answers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret
from harness import Ansible, Result, Run, Vaulted
from weestimate import database

SETTINGS = "weestimate.mail.smtp_settings"
INFO = "weestimate.mail.smtp_settings_info"

#: Where a task may access the database from.
PLACES = ("controller", "target")

PASSWORD = "stored-password"
VAULT_PASSWORD = "password of the vault"

#: What the vendor recommends, but for the password.
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
    "SMTP Password": PASSWORD,
    "Enable SMTP Send As": "TRUE",
    "SMTP Connect As": "notifications@example.com",
}

Tasks = Mapping[str, Mapping[str, Any]]
Answers = Mapping[str, Mapping[str, Any]]
Scenario = Generator[Tasks, Answers, None]


class Desk:
    """Where the databases of a scenario lie."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory

    def instance(
        self, name: str = "instance", stored: Mapping[str, str | None] | None = None, script: str = ""
    ) -> Path:
        """The database of a new instance, which holds `STORED` by default; ``script`` is SQL to run on it."""
        path = self.directory / f"{name}.db"
        database.create(path, STORED if stored is None else stored)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        return path


#: The byte of the file format's write version (https://www.sqlite.org/fileformat2.html).
_WRITE_VERSION = 18


def make_read_only(path: Path) -> None:
    """Keep everybody from writing a database, even root, whom no file mode keeps from it.

    SQLite takes a file whose write version it does not know as read-only.
    """
    with path.open("r+b") as file:
        file.seek(_WRITE_VERSION)
        file.write(b"\x09")


def play(
    ansible: Ansible, scenarios: Sequence[Callable[[Desk], Scenario]], *options: str, **environment: str
) -> dict[str, BaseException | None]:
    """Carry out scenarios to their end; what each of them raised, by its name."""
    directory = ansible.work / "scenarios"
    directory.mkdir()
    running = {each.__name__: each(Desk(directory / each.__name__)) for each in scenarios}
    outcome: dict[str, BaseException | None] = {}
    answers: dict[str, Answers | None] = dict.fromkeys(running)
    while running:
        rounds: dict[str, Tasks] = {}
        for name in list(running):
            try:
                rounds[name] = running[name].send(answers[name])
            except StopIteration:
                outcome[name] = None
            except BaseException as error:  # noqa: BLE001 # raised again by the test of that scenario
                outcome[name] = error
            if name in outcome:
                del running[name]
        tasks = {f"{name}: {task}": body for name, each in rounds.items() for task, body in each.items()}
        given = ask(ansible, tasks, *options, **environment) if tasks else {}
        answers = {name: {task: given[f"{name}: {task}"] for task in each} for name, each in rounds.items()}
    return outcome


def ask(ansible: Ansible, tasks: Tasks, *options: str, **environment: str) -> dict[str, dict[str, Any]]:
    """Run tasks, given by name and without their name, on this machine; the answers by name, with their status."""
    run = run_tasks(ansible, tasks, *options, **environment)
    answers = {each.task: _answer(each) for each in run.results}
    assert list(answers) == list(tasks), run.output
    return answers


def run_tasks(ansible: Ansible, tasks: Tasks, *options: str, **environment: str) -> Run:
    """Run tasks as `ask` does; the run as a whole."""
    one = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    # A scenario is judged by the answers of its tasks, also of those that fail.
    body = [{"name": name, **task, "ignore_errors": True} for name, task in tasks.items()]
    playbook = [{"name": "Scenarios", "hosts": "all", "gather_facts": False, "tasks": body}]
    return ansible.playbook(playbook, {"all": {"hosts": {"one": one}}}, *options, **environment)


def _answer(result: Result) -> dict[str, Any]:
    return {**result.result, "status": result.status}


def vaulted(text: str) -> Vaulted:
    """What ``ansible-vault encrypt_string`` makes of a text, with `VAULT_PASSWORD`."""
    return Vaulted(VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))]).encrypt(text).decode())


def sqlite(path: Path, **store: Any) -> dict[str, Any]:
    """The ``store`` argument for a database file."""
    return {"driver": "sqlite", "path": str(path), **store}


def settings(path: Path, declared: Mapping[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    """A smtp_settings task on a database file, without its name."""
    named = {} if declared is None else {"settings": dict(declared)}
    return {SETTINGS: {"store": sqlite(path), **named, **arguments}}


def info(path: Path, **arguments: Any) -> dict[str, Any]:
    """A smtp_settings_info task on a database file, without its name."""
    return {INFO: {"store": sqlite(path), **arguments}}


def journal(path: Path, table: str = "weestimateMailJournal") -> list[dict[str, Any]]:
    """The entries of a journal as they are stored, oldest first; none where there is no such table."""
    return sorted(_rows(path, table), key=lambda row: row["id"])


def notes(path: Path, table: str = "weestimateMailJournalNote") -> dict[str, dict[str, Any]]:
    """The notes on an instance as they are stored, by topic; none where there is no such table."""
    return {row["topic"]: {**row, "content": json.loads(row["content"])} for row in _rows(path, table)}


def window_of(path: Path) -> dict[str, Any] | None:
    """What is noted of a document window on an instance; None without one."""
    note = notes(path).get("window")
    return note["content"] if note else None


def _rows(path: Path, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return []
        quoted = '"' + table.replace('"', '""') + '"'
        return [dict(row) for row in connection.execute(f"SELECT * FROM {quoted}")]
