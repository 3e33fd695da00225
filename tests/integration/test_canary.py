# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret leaves: canary passwords are sent through every way of success and failure, and then looked for."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from canaries import CANARIES, Trial, found_in
from desk import INFO, SETTINGS, STORED, journal, make_read_only, settings, sqlite
from mailserver import certificates
from mailserver.process import running
from weestimate import database


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


#: Programs that store a password otherwise each time: a salt, and the password turned over by it.
PROGRAMS = {
    "encode": """
import os, sys
salt = os.urandom(1)[0] | 1
print(bytes([salt, *(byte ^ salt for byte in sys.stdin.buffer.read())]).hex())
""",
    "decode": """
import sys
salt, *rest = bytes.fromhex(sys.stdin.read())
sys.stdout.buffer.write(bytes(byte ^ salt for byte in rest))
""",
}


def opaque(folder: Path) -> dict[str, Any]:
    """A layout whose passwords those programs encode."""
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text, encoding="utf-8")
    programs = {name: [sys.executable, str(folder / name)] for name in PROGRAMS}
    return {"password": {"encoding": "opaque", **programs}}


def fleet(trial: Trial, ports: Mapping[str, int]) -> dict[str, Any]:
    """Instances of one mailbox, one of which stores its password encoded, and all that the playbooks need."""
    hosts = {"plain": {}, "encoded": {"weestimate_smtp_layout": opaque(trial.kept)}}
    stored = {**STORED, "SMTP Address": "127.0.0.1", "SMTP Port": str(ports["submission"]), "SMTP User": MAILBOX}
    for host in hosts:
        blank = {"SMTP Password": trial.canaries["old"] if host == "plain" else ""}
        trial.desk.instance(host, {**stored, "SMTP Connect As": MAILBOX, **blank})
    return {
        # Of everybody, because localhost writes the reports.
        "all": {"vars": {"weestimate_smtp_report_dir": str(trial.kept / "reports")}},
        "weestimate": {
            "hosts": hosts,
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "weestimate_smtp_store": sqlite(trial.desk.directory / "{{ inventory_hostname }}.db"),
                "weestimate_smtp_settings": {"smtp_user": MAILBOX},
                "weestimate_smtp_password": NEW,
                "weestimate_smtp_test": {
                    "to": [USER],
                    "acting_user": USER,
                    "tls": {"ca_file": str(trial.post / "certificates" / "ca.pem")},
                    "timeout": 20,
                },
                "weestimate_smtp_window": {
                    "settings": {"send_smtp_to_self": True},
                    "reason": "a quote for a customer",
                    "tasks": str(trial.ansible.write("send.yml", [{"name": "Send", "ansible.builtin.debug": {}}])),
                },
            },
        },
    }


#: Playbooks, what else they are told, and the exit status of each.
FLEET = (
    ("drift", {}, 2),
    ("rotate_password", {"weestimate_smtp_password": LOGIN}, 2),
    ("rotate_password", {}, 0),
    ("rotate_password", {}, 0),
    ("document_window", {"weestimate_smtp_window_password": LOGIN}, 2),
    ("document_window", {"weestimate_smtp_window_action": "open"}, 0),
    ("drift", {}, 0),
    ("rotate_password", {"weestimate_smtp_password": LOGIN}, 2),
    ("document_window", {"weestimate_smtp_window_action": "close"}, 0),
    ("document_window", {}, 0),
    ("restore", {"weestimate_smtp_former_password": LOGIN}, 0),
    ("discover", {}, 0),
    ("validate", {}, 0),
    ("report", {}, 0),
    ("drift", {"weestimate_smtp_settings": {"smtp_pasword": LOGIN}}, 4),
)


@pytest.mark.slow
@pytest.mark.parametrize("trial", ["hostile"], indirect=True)
def test_no_canary_is_heard_in_a_fleet(trial: Trial) -> None:
    heard: dict[str, Any] = {}
    with mail_server(trial) as ports:
        inventory = fleet(trial, ports)
        for number, (playbook, told, status) in enumerate(FLEET):
            more = trial.ansible.write("more.json", told)
            run, watch = trial.play(f"weestimate.mail.{playbook}", inventory, f"--extra-vars=@{more}")
            assert run.status == status, (number, playbook, run.output[-6000:])
            found = found_in(run.output.encode(), trial.canaries)
            if found or watch.files or watch.processes:
                heard[f"{number} {playbook}"] = found, watch.files, watch.processes
    assert heard == {}
    assert {file.name for file in (trial.kept / "reports").iterdir()} >= {"drift.json", "drift.html"}
    for host in inventory["weestimate"]["hosts"]:
        entries = journal(trial.desk.directory / f"{host}.db")
        kept = [{name: value for name, value in entry.items() if name != "previousSecret"} for entry in entries]
        assert found_in(json.dumps(kept, ensure_ascii=False).encode(), trial.canaries) == []


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
