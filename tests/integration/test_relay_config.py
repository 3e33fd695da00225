# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""relay_config as a task: real files, real programs, and canaries in the files that are secret.

What it does at each point at which a run can be killed is tested with its parts (test_crashes.py).
"""

from __future__ import annotations

import getpass
import grp
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from canaries import CANARIES, Trial, found_in
from desk import ask
from harness import Ansible

MODULE = "weestimate.mail.relay_config"

OLD = {"main.cf": "greeting = old\n", "master.cf": "smtp inet\n"}
NEW = {"main.cf": "greeting = new\n", "transport": "* smtp:\n"}


class Relay:
    """A relay below a folder, whose program repeats the files into ``running`` and fails at the word "unstartable"."""

    def __init__(self, folder: Path) -> None:
        self.etc, self.state, self.running = (folder / name for name in ("etc", "state", "running"))
        self.etc.mkdir(parents=True)

    def task(self, contents: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A task without its name; a file that is more than its content is a mapping. ``more`` are arguments."""
        files = {"files": [self._file(name, content) for name, content in contents.items()]} if contents else {}
        start = f"cat {self.etc}/* >{self.running}; ! grep -h unstartable {self.running}"
        arguments = {
            **files,
            "checks": [["sh", "-c", "! grep -rh refused $0", "{stage}"]],
            "activate": [{"command": ["sh", "-c", start], "paths": [f"{self.etc}/"]}],
            "settled": [["test", "-s", str(self.running)]],
            "directory": str(self.state),
        }
        return {MODULE: {**arguments, **more}}

    def _file(self, name: str, content: Any) -> dict[str, Any]:
        more = {"content": content} if isinstance(content, str) else content
        accounts = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}
        return {"path": str(self.etc / name), **accounts, **more}

    @property
    def held(self) -> dict[str, str]:
        """What lies in the folder, hidden remains included."""
        return {path.name: path.read_text("utf-8") for path in self.etc.iterdir()}


@pytest.fixture
def relay(tmp_path: Path) -> Relay:
    return Relay(tmp_path / "relay")


def test_a_configuration_over_its_life(ansible: Ansible, relay: Relay) -> None:
    secret = {"content": "user:the-c4nary\n", "secret": True}
    answers = ask(
        ansible,
        {
            "predicted": {**relay.task({**OLD, "sasl": secret}), "check_mode": True},
            "first": relay.task({**OLD, "sasl": secret}),
            "again": relay.task({**OLD, "sasl": secret}, checks=[["false"]]),
            "proven": relay.task(state="proven"),
            "refused": relay.task({**NEW, "transport": "refused: line 1\n"}),
            "not started": relay.task({**NEW, "transport": "unstartable\n"}),
            "changed": relay.task(NEW),
            "former": relay.task(state="former"),
        },
        "--diff",
    )
    assert {name: (answer["status"], answer["changed"]) for name, answer in answers.items()} == {
        "predicted": ("ok", True),
        "first": ("ok", True),
        "again": ("ok", False),
        "proven": ("ok", True),
        "refused": ("ignored", False),
        "not started": ("ignored", False),
        "changed": ("ok", True),
        "former": ("ok", True),
    }
    assert answers["predicted"]["diff"] == answers["first"]["diff"]
    assert [name for name, answer in answers.items() if answer.get("proven")] == ["proven", "former"]
    assert answers["refused"]["error_code"] == "relay_config_refused"
    assert answers["refused"]["output"] == ["refused: line 1"]
    assert answers["not started"]["error_code"] == "relay_not_started"
    assert "What was in force before is in force again." in answers["not started"]["msg"]
    assert relay.held == {**OLD, "sasl": "user:the-c4nary\n"}
    assert relay.running.read_text() == "greeting = old\nsmtp inet\nuser:the-c4nary\n"
    assert stat.S_IMODE((relay.etc / "sasl").stat().st_mode) == 0o600
    assert "c4nary" not in json.dumps(answers)


def test_a_module_that_is_killed_leaves_its_work_to_the_next_task(ansible: Ansible, relay: Relay) -> None:
    kill = f"cat {relay.etc}/* >{relay.running}; kill -9 $PPID"
    answers = ask(
        ansible,
        {
            "first": relay.task(OLD),
            "killed": relay.task(NEW, activate=[{"command": ["sh", "-c", kill]}]),
            "not to be proven": relay.task(state="proven"),
            "back": relay.task(OLD),
            "again": relay.task(OLD),
        },
    )
    assert [(answer["status"], answer.get("changed")) for answer in answers.values()] == [
        ("ok", True),
        ("ignored", False),
        ("ignored", False),
        ("ok", True),
        ("ok", False),
    ]
    assert answers["not to be proven"]["error_code"] == "relay_not_started"
    assert (answers["back"]["resumed"], answers["back"]["changed_files"]) == (True, [])
    assert (relay.held, relay.running.read_text()) == (OLD, "greeting = old\nsmtp inet\n")


def test_two_runs_at_once_follow_each_other(ansible: Ansible, relay: Relay) -> None:
    slow = [["sh", "-c", "sleep 1"]]
    hosts = {
        name: {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "declared": declared}
        for name, declared in {
            "one": relay.task(OLD, settled=slow)[MODULE],
            "two": relay.task(NEW, settled=slow)[MODULE],
        }.items()
    }
    task = {MODULE: {name: f"{{{{ declared.{name} }}}}" for name in hosts["one"]["declared"]}}
    run = ansible.playbook(
        [{"name": "Both", "hosts": "all", "gather_facts": False, "tasks": [{"name": "Configure", **task}]}],
        {"all": {"hosts": hosts}},
    )
    assert run.succeeded, run.output
    assert {host for host, _task in run.changed} == {"one", "two"}
    assert relay.held in (OLD, NEW)
    assert relay.running.read_text() == "".join(content for _name, content in sorted(relay.held.items()))


def test_what_is_wrong_with_the_arguments_is_told_at_once(ansible: Ansible, relay: Relay) -> None:
    files = [
        {"path": "main.cf", "content": {"a": 1}},
        {"path": "/sasl", "content": "x", "secret": True, "mode": "0644"},
    ]
    answers = ask(
        ansible,
        {
            "types": {MODULE: {"files": [{"path": "/main.cf"}, "/master.cf"], "timeout": 0, "file": []}},
            "rules": {MODULE: {"files": files, "checks": [[]], "directory": str(relay.state)}},
        },
    )
    assert {answer["error_code"] for answer in answers.values()} == {"schema_invalid"}
    places = {name: [broken["path"] for broken in answer["violations"]] for name, answer in answers.items()}
    # A text among the files is no list of dictionaries, which is all that can be said then.
    assert places["types"] == ["file", "files", "timeout"]
    assert places["rules"] == ["files[0].path", "files[0].content", "files[1].mode", "checks[0]"]
    assert not relay.state.exists()


@pytest.fixture(params=CANARIES)
def trial(request: pytest.FixtureRequest, tmp_path: Path, collections_path: Path) -> Iterator[Trial]:
    # Ansible makes a socket below TMPDIR, and the path of a socket has to be short.
    with tempfile.TemporaryDirectory() as home:
        yield Trial(tmp_path, Path(home), collections_path, request.param)


def secret(name: str) -> dict[str, Any]:
    """A file of a login, as Postfix reads it."""
    return {"content": f"[smtp.example.com]:587 user@example.com:{{{{ vault_{name} }}}}\n", "secret": True}


def repeating(relay: Relay) -> list[Any]:
    """A program that fails, and repeats all files in each way that it knows."""
    script = (
        "import base64, json, pathlib, sys\n"
        "for path in (path for root in sys.argv[1:] for path in pathlib.Path(root).rglob('*') if path.is_file()):\n"
        "    text = path.read_text()\n"
        "    print(text, repr(text), ascii(text), json.dumps(text), base64.b64encode(text.encode()), text.upper())\n"
        "    print('cannot use', text.rpartition(':')[2], 'nor', text.split()[-1], file=sys.stderr)\n"
        "sys.exit(1)\n"
    )
    return [sys.executable, "-c", script, "{stage}", str(relay.etc)]


def tasks_with_canaries(relay: Relay) -> dict[str, dict[str, Any]]:
    """What succeeds, and what fails, each in its own way."""
    new, old = {"sasl": secret("new")}, {"sasl": secret("old")}
    private = {"content": "secret = {{ vault_login }}\n", "mode": "0640"}
    return {
        "right check mode": {**relay.task({**OLD, **old}), "check_mode": True},
        "right first": relay.task({**OLD, **old}),
        "right change": relay.task({**OLD, **new, "proxy.conf": private}),
        "right again": relay.task({**OLD, **new, "proxy.conf": private}),
        "right proof": relay.task(state="proven"),
        "right loop": {
            **relay.task({"main.cf": "{{ item }}\n", "sasl": {**new["sasl"], "content": "{{ vault_new }}"}}),
            "loop": ["one", "two"],
        },
        "right former": relay.task(state="former"),
        "wrong check": relay.task({**NEW, **old}, checks=[repeating(relay)]),
        "wrong start": relay.task({**NEW, **old}, activate=[{"command": repeating(relay)}]),
        "wrong end": relay.task({**NEW, **old}, settled=[repeating(relay)], timeout=1),
        "right once more": relay.task(state="former"),
        "wrong account": relay.task({"sasl": {**new["sasl"], "owner": "{{ vault_new | hash('md5') }}"}}),
        "wrong mode": relay.task({"sasl": {**new["sasl"], "mode": "0644"}}),
        "wrong mode too": relay.task({"sasl": {**new["sasl"], "mode": "{{ vault_new }}"}}),
        "wrong path": relay.task({"sasl": {**new["sasl"], "path": "{{ vault_new }}"}}),
        "wrong name": relay.task({"sasl": {"contents": "{{ vault_new }}", "content": "x"}}),
        "wrong switch": relay.task({"sasl": {"content": "x", "secret": "{{ vault_new }}"}}),
        "wrong kind": relay.task({"sasl": {**new["sasl"], "content": {"login": "{{ vault_new }}"}}}),
        "wrong list": {MODULE: {"files": ["{{ vault_new }}"]}},
        "wrong text": {MODULE: {"files": "{{ vault_new }}"}},
        "wrong state": relay.task(new, state="{{ vault_new }}"),
    }


def test_no_canary_is_heard(trial: Trial, relay: Relay) -> None:
    tasks = tasks_with_canaries(relay)
    run, watch = trial.run(tasks, ANSIBLE_PIPELINING="True")
    states = {each.task: each.status for each in run.results}
    assert states == {name: "ok" if name.startswith("right") else "ignored" for name in tasks}, run.output
    silent = [each.task for each in run.results if each.status == "ignored" and not each.result.get("error_code")]
    assert silent == []
    assert found_in(run.output.encode(), trial.canaries) == []
    assert (watch.files, watch.processes) == ({}, {})
    # And they were there to be found.
    assert found_in((relay.etc / "sasl").read_bytes(), trial.canaries) == ["new"]
    assert "cannot use" in run.output
