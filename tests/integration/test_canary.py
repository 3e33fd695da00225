# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret leaves: canary passwords are sent through every way of success and failure, and then looked for.

They are looked for in the output at -vvvv, Ansible's log, the results, callbacks that keep results, the target's system
log, all that was on disk while it ran, and the arguments and environment of every process.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from desk import (
    INFO,
    SETTINGS,
    STORED,
    VAULT_PASSWORD,
    Desk,
    journal,
    make_read_only,
    run_tasks,
    settings,
    sqlite,
    vaulted,
)
from harness import Ansible, Run
from mailserver import certificates
from mailserver.process import running
from weestimate import database

#: The old and the new mailbox password and a database login's: plain ones, so that no escaping can hide them, and
#: hostile ones, whose escaped forms nobody blanks who only knows the plain one.
CANARIES = {
    "plain": {"old": "canaryold4711zebra", "new": "canarynew4711zebra", "login": "canarylogin4711zebra"},
    "hostile": {
        "old": "canaryold4711'\"\\ $(id) `id` {{ x }} {% y %} é😀 100% &<>",
        "new": "canarynew4711'\"\\ $(id) `id` {{ x }} {% y %} é😀 100% &<>",
        "login": "canarylogin4711'\"\\ };PWD={{ x }} é😀 100% &<>",
    },
}


@cache
def forms(secret: str) -> tuple[bytes, ...]:
    """What gives a secret away: its beginning, which no escaping changes, and the same in base64.

    In base64 a text has three forms, by its place in what is encoded around it.
    """
    beginning = re.match("[a-z0-9]+", secret)[0].encode()
    return beginning, *(base64.b64encode(b"\0" * shift + beginning)[4 if shift else 0 : -4] for shift in range(3))


def found_in(haystack: bytes, secrets: Mapping[str, str]) -> list[str]:
    """The names of the secrets that lie in some bytes."""
    return [name for name, secret in secrets.items() if any(form in haystack for form in forms(secret))]


@dataclass
class Watch:
    """What was to be seen, beside the output, while something ran: in which files and processes a secret was."""

    roots: tuple[Path, ...]
    secrets: Mapping[str, str]
    files: dict[str, set[str]] = field(default_factory=dict)
    processes: dict[str, set[str]] = field(default_factory=dict)
    rounds: int = 0

    def look(self) -> None:
        """Look through all files below the roots, and at all descendants of this process."""
        for root in self.roots:
            for folder, _folders, names in os.walk(root):
                for name in names:
                    self._note(self.files, Path(folder, name))
        for process in _descendants(os.getpid()):
            for part in ("cmdline", "environ"):
                self._note(self.processes, Path("/proc", str(process), part))
        self.rounds += 1

    def _note(self, place: dict[str, set[str]], file: Path) -> None:
        try:
            names = found_in(file.read_bytes(), self.secrets)
        except OSError:
            return
        if names:
            place.setdefault(str(file), set()).update(names)


def _descendants(ancestor: int) -> Iterator[int]:
    try:
        children = " ".join(file.read_text() for file in Path(f"/proc/{ancestor}/task").glob("*/children")).split()
    except OSError:  # A process, or a thread of it, has just ended.
        return
    for child in children:
        yield int(child)
        yield from _descendants(int(child))


@contextmanager
def watching(*roots: Path, secrets: Mapping[str, str]) -> Iterator[Watch]:
    """Watch without a pause while the block runs, and once more after it."""
    watch, over = Watch(roots, secrets), threading.Event()

    def keep_looking() -> None:
        while not over.is_set():
            watch.look()
            time.sleep(0.002)

    thread = threading.Thread(target=keep_looking)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
    watch.look()


#: Stands in for the module of that name in Ansible's modules, since a machine of tests may have no system log.
SYSLOG = """
import os
LOG_USER = LOG_INFO = 0
def openlog(*arguments): pass
def syslog(*arguments):
    with open(os.environ["SYSTEM_LOG"], "a", encoding="utf-8") as file:
        print(*arguments, file=file)
"""


class Trial:
    """A private home, and temporary folder, in which canaries are let loose."""

    def __init__(self, directory: Path, home: Path, collections: Path, kind: str) -> None:
        self.canaries = CANARIES[kind]
        self.post = directory / "post"
        self.home, self.kept, data = home, directory / "kept", directory / "ansible-data"
        for folder in (self.kept, data, self.home / "tmp", directory / "shim"):
            folder.mkdir()
        (directory / "shim" / "syslog.py").write_text(SYSLOG)
        self.system_log = self.kept / "system.log"
        self.ansible = Ansible(data, collections)
        self.desk = Desk(directory / "databases")
        (data / "vault-password").write_text(VAULT_PASSWORD)
        variables = {name: vaulted(secret) for name, secret in self.canaries.items()}
        self.ansible.write("secrets.yml", {f"vault_{name}": text for name, text in variables.items()})
        self.environment = {
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            # The default lies in the home that the password database knows, whatever HOME says.
            "ANSIBLE_REMOTE_TEMP": str(self.home / "remote"),
            "ANSIBLE_LOG_PATH": str(self.kept / "ansible.log"),
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "True",
            "ANSIBLE_CALLBACKS_ENABLED": "record,ansible.builtin.tree,ansible.builtin.junit",
            "ANSIBLE_CALLBACK_TREE_DIR": str(self.kept / "tree"),
            "JUNIT_OUTPUT_DIR": str(self.kept / "junit"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.kept / "facts"),
            "PYTHONPATH": str(directory / "shim"),
            "SYSTEM_LOG": str(self.system_log),
        }

    def instance(self, name: str, script: str = "") -> Path:
        """The database of an instance that holds the old password."""
        return self.desk.instance(name, {**STORED, "SMTP Password": self.canaries["old"]}, script)

    def run(self, tasks: Mapping[str, Mapping[str, Any]], **environment: str) -> tuple[Run, Watch]:
        options = ("-vvvv", "--diff", "--vault-password-file=vault-password", "--extra-vars=@secrets.yml")
        with watching(self.home, self.kept, self.ansible.work, secrets=self.canaries) as watch:
            run = run_tasks(self.ansible, tasks, *options, **{**self.environment, **environment})
        assert [each.task for each in run.results] == list(tasks), run.output
        assert watch.rounds > 1
        return run, watch


def test_no_canary_is_heard_of_a_store_that_is_held_or_spoilt(trial: Trial) -> None:
    """What somebody else does to the store. SQL Server's own refusals need one: test_mssql_server.py."""
    held, spoilt, edited = (trial.instance(name) for name in ("held", "spoilt", "edited"))
    make_read_only(spoilt)
    new, server = {"smtp_password": NEW}, {"driver": "mssql", "host": "127.0.0.1", "database": "x", "user": "u"}
    (trial.home / "mssql_python.py").write_text("raise ImportError('hidden by a test')\n")
    trial.run({"before": settings(edited, new)})
    database.write(edited, {"SMTP Password": trial.canaries["login"]})
    tasks = {
        "lock_timeout": settings(held, new, store=sqlite(held, command_timeout=1)),
        "permission_denied": settings(spoilt, new),
        "concurrent_change": settings(edited, state="restored"),
        "driver_missing": settings(held, new, store={**server, "password": LOGIN}),
    }
    with closing(sqlite3.connect(held, isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        run, watch = trial.run(tasks, PYTHONPATH=f"{trial.environment['PYTHONPATH']}{os.pathsep}{trial.home}")
    assert {each.task: each.result.get("error_code") for each in run.results} == {code: code for code in tasks}
    assert found_in(run.output.encode(), trial.canaries) == []
    assert (watch.files, watch.processes) == ({}, {})


TEST, DOCTOR = "weestimate.mail.smtp_test", "weestimate.mail.smtp_doctor"
OLD, NEW, LOGIN = "{{ vault_old }}", "{{ vault_new }}", "{{ vault_login }}"


def successes(trial: Trial) -> dict[str, dict[str, Any]]:
    """What succeeds, in this order."""
    path = trial.instance("path")
    rotate = settings(path, {"smtp_password": NEW})
    return {
        "check mode": {**rotate, "check_mode": True},
        "rotate": rotate,
        "again": rotate,
        "info": {INFO: {"store": sqlite(path), "discover": True}},
        "restore": settings(path, state="restored"),
        "loop": {
            **settings(path, {"smtp_password": "{{ lookup('vars', 'vault_' ~ item.name) }}"}),
            "loop": [{"name": "new"}, {"name": "old"}],
            "loop_control": {"label": "{{ item.name }}"},
        },
        "confirm": settings(path, state="confirmed"),
        "restore what was confirmed": settings(path, {"smtp_password": NEW}, state="restored"),
        "target": settings(path, {"smtp_password": OLD}, run_on="target"),
    }


#: An update that nothing comes of.
TRIGGER = "CREATE TRIGGER somebody BEFORE UPDATE ON programOption BEGIN SELECT RAISE({}); END"


def failures(trial: Trial) -> dict[str, dict[str, Any]]:
    """What fails, each in its own way."""
    new = {"smtp_password": NEW}
    path = trial.instance("other")
    fewer = trial.instance("fewer", "DELETE FROM programOption WHERE optionName = 'Use SSL'")
    double = trial.instance("double", "INSERT INTO programOption VALUES ('SMTP', 'smtp password ', 'x')")
    binary = trial.instance("binary", "UPDATE programOption SET optionValue = X'00' WHERE optionName = 'SMTP Password'")
    ignoring, aborting = (trial.instance(does, TRIGGER.format(does)) for does in ("IGNORE", "ABORT, 'x'"))
    server = {"driver": "mssql", "host": "127.0.0.1", "port": 1, "database": "x", "user": "u", "password": LOGIN}
    swapped = {"columns": {"key": "optionValue", "value": "optionName"}}
    mistaken = {"keys": {"smtp_port": "SMTP Password", "smtp_password": "SMTP Port"}}
    shown = {"keys": {"smtp_user": "SMTP Password", "smtp_password": "SMTP User"}}
    return {
        "misspelled": settings(path, {"smtp_pasword": NEW}),
        "elsewhere too": settings(path, {"smtp_address": f"//{NEW}", **new}),
        "in an address": settings(path, {"smtp_address": f"smtp://user:{NEW}@relay.example.com"}),
        "beside settings": settings(path, password=NEW),
        "as a choice": settings(path, new, update_password=NEW),
        "as a switch": settings(path, new, create_missing=NEW),
        "settings as text": {SETTINGS: {"store": sqlite(path), "settings": NEW}},
        "store as text": {SETTINGS: {"store": LOGIN}},
        "of another driver": settings(path, {}, store=sqlite(path, password=LOGIN)),
        "redirect": settings(path, {"smtp_address": "smtp.gmail.com"}),
        "rule": settings(path, {"smtp_user": "", **new}),
        "table": settings(path, new, layout={"table": {"name": "x"}}),
        "column": settings(path, new, layout={"columns": {"value": "x"}}),
        "swapped columns": settings(path, new, layout=swapped),
        "mistaken keys": settings(path, new, layout=mistaken),
        "mistaken for what is shown": settings(path, {}, layout=shown),
        "no database": settings(path.with_suffix(".absent"), new),
        "option missing": settings(fewer, {"use_ssl": True, **new}),
        "option duplicate": settings(double, new),
        "option undecodable": settings(binary, new),
        "not verified": settings(ignoring, new),
        "aborted": settings(aborting, new),
        "journal": settings(path, new, journal={"table": "programOption"}),
        "server": settings(path, new, store={**server, "connect_timeout": 2}),
        "server misspelled": settings(path, new, store={**server, "port": "x"}),
        "target": settings(path, new, run_on="target", layout=mistaken),
    }


MAILBOX, USER = "notifications@example.com", "alice@example.com"


@contextmanager
def mail_server(trial: Trial) -> Iterator[dict[str, int]]:
    """A mail server that knows the mailbox by the new password, which reaches it through a pipe; its ports."""
    certificates.make(trial.post / "certificates")
    configuration = {
        "mails": trial.post / "mails",
        "certificates": trial.post / "certificates",
        "accounts": {MAILBOX: {"password": trial.canaries["new"]}},
    }
    with running(configuration, trial.post) as ports:
        yield ports


def mails(trial: Trial, ports: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What a test, a probe, the doctor and a look into a mailbox do with passwords, in success and in failure."""
    tls = {"ca_file": str(trial.post / "certificates" / "ca.pem"), "implicit_ports": [ports["submissions"]]}
    path = trial.instance("mails")
    place = {"smtp_address": "127.0.0.1", "smtp_port": ports["submission"], "smtp_user": MAILBOX}
    good = {**place, "smtp_password": NEW}
    common = {"to": [USER], "acting_user": USER, "tls": tls, "timeout": 20}
    spoken = {"store": sqlite(path), **common}
    probe = {"probe": {"tls": tls}}
    imap = {"imap": {"host": "127.0.0.1", "port": 1, "user": MAILBOX, "password": LOGIN}, "timeout": 3}
    mailpit = {"mailpit": {"url": "http://127.0.0.1:1", "user": MAILBOX, "password": LOGIN}, "timeout": 3}
    return {
        "right place": settings(path, {**good, "enable_smtp_send_as": True, "smtp_connect_as": MAILBOX}, **probe),
        "right test": {TEST: spoken},
        "right test there": {TEST: {**spoken, "run_on": "target"}},
        "right doctor": {DOCTOR: spoken},
        "right doctor there": {DOCTOR: {**spoken, "run_on": "target"}},
        "right candidate": {TEST: {**common, "settings": {**good, "use_ssl": True}, "stop_after": "auth"}},
        "wrong password": {TEST: {**spoken, "settings": {"smtp_password": OLD}}},
        "wrong password there": {TEST: {**spoken, "settings": {"smtp_password": OLD}, "run_on": "target"}},
        "wrong mechanism": {TEST: {**spoken, "mechanism": "cram-md5"}},
        "wrong token": {TEST: {**spoken, "oauth_token": LOGIN, "stop_after": "auth"}},
        "wrong trust": {TEST: {**spoken, "tls": {}}},
        "wrong port": {TEST: {**common, "settings": {**good, "smtp_port": 1}}},
        "wrong encryption": {TEST: {**common, "settings": {**good, "use_ssl": False}, "store": sqlite(path)}},
        "wrong mailbox": {TEST: {**spoken, "confirm": imap}},
        "wrong mailbox there": {TEST: {**spoken, "confirm": imap, "run_on": "target"}},
        "wrong mailpit": {TEST: {**spoken, "confirm": mailpit}},
        "wrong word": {TEST: {**spoken, "confirm": {"imap": {"pasword": LOGIN, "host": LOGIN}}}},
        "wrong confirm": {TEST: {**spoken, "confirm": LOGIN}},
        "wrong probe": settings(path, {"smtp_password": OLD}, **probe),
        "wrong probe there": settings(path, {"smtp_password": OLD}, run_on="target", **probe),
        "wrong doctor": {DOCTOR: {**spoken, "store": sqlite(path.with_suffix(".absent"), password=LOGIN)}},
    }


def test_no_canary_is_heard_in_mail(trial: Trial) -> None:
    with mail_server(trial) as ports:
        tasks = mails(trial, ports)
        run, watch = trial.run(tasks, ANSIBLE_PIPELINING="True")
    states = {each.task: each.status for each in run.results}
    assert states == {name: "ok" if name.startswith("right") else "ignored" for name in tasks}, run.output
    silent = [each.task for each in run.results if each.status == "ignored" and not each.result.get("error_code")]
    assert silent == []
    assert found_in(run.output.encode(), trial.canaries) == []
    assert (watch.files, watch.processes) == ({}, {})


@pytest.fixture(params=CANARIES)
def trial(request: pytest.FixtureRequest, tmp_path: Path, collections_path: Path) -> Iterator[Trial]:
    # Ansible makes a socket below TMPDIR, and the path of a socket has to be short.
    with tempfile.TemporaryDirectory() as home:
        yield Trial(tmp_path, Path(home), collections_path, request.param)


def test_no_canary_is_heard(trial: Trial) -> None:
    right = {f"right {name}": task for name, task in successes(trial).items()}
    wrong = {f"wrong {name}": task for name, task in failures(trial).items()}
    run, watch = trial.run({**right, **wrong}, ANSIBLE_PIPELINING="True")
    states = {each.task: each.status for each in run.results}
    assert states == {**dict.fromkeys(right, "ok"), **dict.fromkeys(wrong, "ignored")}
    silent = [each.task for each in run.results if each.task in wrong and not each.result.get("error_code")]
    assert silent == []

    assert found_in(run.output.encode(), trial.canaries) == []
    assert (watch.files, watch.processes) == ({}, {})
    # That something was looked through.
    assert all("rotate" in file.read_text() for file in (trial.kept / "junit").iterdir())
    for place in ("ansible.log", "tree", "junit"):
        assert (trial.kept / place).exists(), place


def test_the_journal_keeps_the_former_password_alone_and_only_while_it_may_be_needed(trial: Trial) -> None:
    path = trial.instance("path")
    changes = {
        "first": settings(path, {"smtp_password": NEW}),
        "second": settings(path, {"smtp_password": LOGIN}),
    }
    trial.run(changes)
    first, second = journal(path)
    assert json.loads(second.pop("previousSecret")) == {"smtp_password": {"stored": trial.canaries["new"]}}
    assert found_in(json.dumps([first, second], ensure_ascii=False).encode(), trial.canaries) == []

    trial.run({"confirm": settings(path, state="confirmed")})
    assert found_in(path.read_bytes(), trial.canaries) == ["login"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_where_the_arguments_of_a_module_are_while_it_runs(trial: Trial, pipelining: bool) -> None:
    """With pipelining nowhere on disk; without it in the module's file until it has run, which only its owner sees."""
    path = trial.instance("path")
    task = settings(path, {"smtp_password": NEW}, run_on="target")
    run, watch = trial.run({"target": task}, ANSIBLE_PIPELINING=str(pipelining))
    assert run.results[0].changed
    assert watch.processes == {}
    assert found_in(run.output.encode(), trial.canaries) == []
    # On its way from the controller's temporary folder the file is there too short to be always seen.
    seen = {Path(file).relative_to(trial.home).parts[0] for file in watch.files} - {".ansible"}
    assert seen == (set() if pipelining else {"remote"})
    assert not any(Path(file).exists() for file in watch.files)
