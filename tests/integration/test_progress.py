# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback ``weestimate.mail.progress`` over real runs: in a log, on a terminal, and what it never shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fleet import Fleet
from harness import CHECKOUT, PROGRAMS, Ansible
from pages import Page
from weestimate import database

CHOSEN = {"ANSIBLE_STDOUT_CALLBACK": "weestimate.mail.progress"}
EACH = {**CHOSEN, "WEESTIMATE_PROGRESS_INTERVAL": "0"}
PASSWORD = "c4nary of the mailbox"
OFFICE365 = {
    "weestimate_smtp_profile": "office365",
    "weestimate_smtp_mailbox": "notifications@contoso.com",
    "weestimate_smtp_password": PASSWORD,
}


@pytest.fixture
def fleet(ansible: Ansible, tmp_path: Path) -> Fleet:
    return Fleet(ansible, tmp_path)


def inventory(fleet: Fleet, hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Hosts of the fleet, of which those of the name ``lab…`` are in a group of their own."""
    lab = {"hosts": {host: {} for host in hosts if host.startswith("lab")}}
    return {**fleet.inventory(hosts), "lab": lab}


def play(fleet: Fleet, playbook: str, hosts: Mapping[str, Mapping[str, Any]], *options: str, **environment: str) -> Any:
    return fleet.ansible.playbook(playbook, inventory(fleet, hosts), *options, **{**EACH, **environment})


def test_a_log_tells_progress_failures_and_how_each_environment_comes_out(fleet: Fleet) -> None:
    fleet.inventory({"lab_two": {}})
    database.write(fleet.database("lab_two"), {"SMTP Port": "26"})
    hosts = {
        "lab_one": OFFICE365,
        "lab_two": OFFICE365,
        "one": {**OFFICE365, "weestimate_smtp_environment": "production"},
        "two": {"weestimate_smtp_profile": "office365"},
    }

    first = play(fleet, "weestimate.mail.apply", hosts, "--diff")
    second = play(fleet, "weestimate.mail.apply", hosts)

    lines = first.output.splitlines()
    assert lines[0] == "Apply the declared mail settings: 4 hosts"
    assert re.search(r"^3 of 4 done, 1 left, now \w+: Resolve the profile$", first.output, re.MULTILINE), first.output
    assert "3 of 3 done, 0 left: Apply the settings" in lines, "two has failed before"
    (failed,) = (line for line in lines if line.startswith("failed: two: Resolve the profile: "))
    assert "weestimate_smtp_mailbox" in failed
    assert failed.endswith(first.failure["remedy"])
    assert 'lab_two: -  "smtp_port": 26,' in lines
    assert 'lab_two: +  "smtp_port": 587,' in lines
    assert sum("switches SMTP AUTH with a password off" in line for line in lines) == 1
    assert sum(line.startswith("warning on 3 instances: smtp_address") for line in lines) == 1
    assert lines[-5:-1] == [
        "lab         2 instances: 2 changed",
        "production  1 instance: 1 changed",
        "weestimate  1 instance: 1 failed",
        "failed: two",
    ]
    assert re.fullmatch(r"Ended after \d+ s\.", lines[-1])
    assert PASSWORD not in first.output
    assert "lab         2 instances: 2 in sync" in second.output.splitlines()
    assert "TASK" not in first.output


def test_the_page_is_right_about_how_to_choose_it(fleet: Fleet) -> None:
    page = Page(CHECKOUT / "docs" / "progress.md")
    (command,) = page.commands
    choice, *words = shlex.split(command)
    assert choice == "=".join(*CHOSEN.items())
    hosts = {"quotes-dev": {**OFFICE365, "weestimate_smtp_environment": "dev"}, "quotes-west": {}}
    (fleet.ansible.work / "inventory").mkdir()
    fleet.ansible.write("inventory/hosts.yml", fleet.inventory(hosts))
    page.write_files(fleet.ansible.work)

    done = fleet.ansible.program(*words, ANSIBLE_CONFIG="ansible.cfg", RECORD_FILE=os.devnull)

    lines = done.stdout.splitlines()
    assert lines[0] == "Apply the declared mail settings: 2 hosts", done.stdout
    assert "dev         1 instance: 1 changed" in lines
    assert "weestimate  1 instance: 1 failed" in lines


def test_check_mode_says_what_is_to_be_changed(fleet: Fleet) -> None:
    run = play(fleet, "weestimate.mail.apply", {"lab_one": OFFICE365}, "--check")

    lines = run.output.splitlines()
    assert run.succeeded, run.output
    assert lines[0] == "Apply the declared mail settings: 1 host, check mode"
    assert "lab  1 instance: 1 to be changed" in lines


def test_drift_is_told_by_its_states_and_the_report_is_no_instance(fleet: Fleet) -> None:
    play(fleet, "weestimate.mail.apply", {"lab_one": OFFICE365, "one": OFFICE365})
    database.write(fleet.database("one"), {"SMTP Port": "26"})
    hosts = {"lab_one": OFFICE365, "one": OFFICE365, "gone": OFFICE365}
    inventory(fleet, hosts)
    fleet.database("gone").unlink()
    declared = inventory(fleet, {"lab_one": OFFICE365, "one": OFFICE365})
    declared["weestimate"]["hosts"]["gone"] = OFFICE365

    run = fleet.ansible.playbook("weestimate.mail.drift", declared, **EACH)

    lines = run.output.splitlines()
    assert run.status == 4, run.output
    assert lines[-5:-1] == [
        "lab         1 instance: 1 in sync",
        "weestimate  2 instances: 1 drifted, 1 failed",
        "drifted: one",
        "failed: gone",
    ]
    assert "Examine the relays: no host matches" in lines
    assert any(line.startswith("failed: gone: Compare the settings") for line in lines)
    assert any(line.startswith("Drifted") and "one" in line for line in lines), "the table of the report is shown"


ODD: Sequence[Mapping[str, Any]] = [
    {
        "name": "Odd things",
        "hosts": "weestimate",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Hide a failure",
                "ansible.builtin.fail": {"msg": "hidden-word {{ item }}"},
                "loop": ["hidden-item", "hidden-other"],
                "no_log": True,
                "ignore_errors": "{{ inventory_hostname != 'two' }}",
            },
            {
                "name": "Hide a difference",
                "weestimate.mail.smtp_settings": {
                    "store": "{{ weestimate_smtp_store }}",
                    "settings": {"smtp_connect_as": "hidden-address@example.com"},
                },
                "no_log": True,
            },
            {
                "name": "Include for one",
                "ansible.builtin.include_tasks": "included.yml",
                "when": "inventory_hostname == 'three'",
            },
            {
                "name": "Recover",
                "block": [
                    {
                        "name": "Fail in a loop",
                        "ansible.builtin.fail": {"msg": "no {{ item }}"},
                        "loop": ["tea", "milk"],
                        "when": "inventory_hostname == 'one'",
                    }
                ],
                "rescue": [{"name": "Say so", "ansible.builtin.debug": {"msg": ["It is", "mended."]}}],
            },
            {
                "name": "Say something once",
                "ansible.builtin.debug": {"var": "weestimate_smtp_store.driver"},
                "run_once": True,
                "changed_when": True,
                "notify": "Handle it",
            },
            {"name": "Reach nobody", "ansible.builtin.ping": {}, "when": "inventory_hostname == 'far'"},
        ],
        "handlers": [{"name": "Handle it", "ansible.builtin.command": {"argv": ["true"]}}],
    }
]
INCLUDED = [{"name": "Included", "ansible.builtin.command": {"argv": ["true"]}}]


def test_whatever_else_happens_is_told_and_what_is_hidden_remains_so(fleet: Fleet) -> None:
    hosts = {"one": {}, "two": {}, "three": {}, "far": {"ansible_connection": "ssh", "ansible_host": "256.0.0.1"}}
    fleet.ansible.write("included.yml", INCLUDED)

    run = fleet.ansible.playbook(ODD, fleet.inventory(hosts), "--diff", **EACH)

    lines = run.output.splitlines()
    assert "hidden-" not in run.output
    assert sum(line.startswith("failed: two: Hide a failure: ") for line in lines) == 1, run.output
    assert not any("Hide a failure" in line and line.startswith("failed: one") for line in lines), "it is ignored"
    assert {"failed: one: Fail in a loop: tea: no tea", "failed: one: Fail in a loop: milk: no milk"} < set(lines)
    said = lines.index("one: Say so")
    assert lines[said + 1 : said + 3] == ["It is", "mended."]
    assert lines[lines.index("one: Say something once") + 1] == "sqlite"
    # An included file is for some only, and so is a handler.
    assert {"three: Included", "one: Handle it"} < set(lines)
    assert any(line.startswith("unreachable: far: Reach nobody: ") for line in lines)
    assert lines[-4:-1] == [
        "weestimate  4 instances: 2 changed, 1 failed, 1 unreachable",
        "failed: two",
        "unreachable: far",
    ]


def on_a_terminal(ansible: Ansible, columns: int, *arguments: str) -> str:
    """What ansible-playbook writes to a terminal of that width."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in ansible.environment.items() if name != "COLUMNS"}
    running = subprocess.Popen(
        [PROGRAMS / "ansible-playbook", *arguments],
        env={**environment, **CHOSEN, "RECORD_FILE": os.devnull},
        cwd=ansible.work,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.STDOUT,
    )
    os.close(terminal)
    written = b""
    try:
        while part := os.read(controller, 65536):
            written += part
    except OSError:
        pass  # Linux says EIO at the end of a terminal.
    finally:
        os.close(controller)
    assert running.wait(timeout=120) == 0, written.decode()
    return written.decode()


def test_a_terminal_has_one_line_that_is_written_anew(fleet: Fleet) -> None:
    hosts = {f"lab_{number}": OFFICE365 for number in range(3)}
    at = fleet.ansible.write("inventory.yml", inventory(fleet, hosts))

    written = on_a_terminal(fleet.ansible, 50, "--inventory", str(at), "weestimate.mail.apply")

    drawn = re.findall(r"\r\x1b\[K([^\r\n\x1b]*)(?=\r(?!\n))", written)
    assert "0 of 3 done, 3 left, now lab_0: Resolve the profile"[:49] in drawn
    assert any(status.startswith("2 of 3 done, 1 left, now lab_") for status in drawn)
    assert max(map(len, drawn)) == 49
    # What remains on the terminal, where each line was deleted before it was written anew.
    remaining = [line.rpartition("\x1b[K")[2] for line in written.replace("\r\n", "\n").split("\n")]
    assert remaining[0] == "Apply the declared mail settings: 3 hosts"
    assert "lab  3 instances: 3 changed" in remaining
    assert not any(re.match(r"\d of \d done", line) for line in remaining)
