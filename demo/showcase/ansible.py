# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's commands, run as a user in the folder demo would: with ansible.cfg there, and nothing else configured."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret

from showcase import workspace
from showcase.errors import DemoError

_RECAP = re.compile(r"^(?P<host>\S+)\s*: (?P<counts>ok=\d+ .*)$", re.MULTILINE)
_WARNING = re.compile(r"^\[WARNING\]: (.*?)(?=\n\[|\n\n|\Z)", re.MULTILINE | re.DOTALL)
_FAILURE = re.compile(r"^fatal: \[(?P<host>[^\] ]+)[^\]]*\].*? => (?=\{)", re.MULTILINE)
_END = 5  # seconds a command may take to end before it is killed


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook.

    :ivar status: exit status.
    :ivar recap: host -> {"ok": …, "changed": …, "failed": …, …} as in the PLAY RECAP.
    :ivar failures: host -> the result of the last task that failed there.
    :ivar warnings: each in one line.
    """

    status: int
    recap: Mapping[str, Mapping[str, int]]
    failures: Mapping[str, Mapping[str, Any]]
    warnings: Sequence[str]


def playbook(name: str, log: Path, timeout: float, *options: str) -> Run:
    """Run the playbook *name*, whatever comes of it."""
    status, output = _run(["ansible-playbook", "--diff", *options, name], log, timeout)
    recap = {
        match["host"]: {key: int(value) for key, value in (pair.split("=") for pair in match["counts"].split())}
        for match in _RECAP.finditer(output)
    }
    results = json.JSONDecoder()
    failures = {match["host"]: results.raw_decode(output, match.end())[0] for match in _FAILURE.finditer(output)}
    warnings = [" ".join(text.split()) for text in _WARNING.findall(log.read_text(encoding="utf-8"))]
    return Run(status, recap, failures, warnings)


def install_collection(log: Path, timeout: float) -> None:
    """Install the checkout as a user installs the collection, into .demo/collections."""
    command = ["ansible-galaxy", "collection", "install", "--offline", "--no-deps", "--force"]
    target = ["--collections-path", str(workspace.COLLECTIONS), str(workspace.CHECKOUT)]
    _checked([*command, *target], log, timeout)


def inventory(log: Path, timeout: float) -> dict[str, Any]:
    """The inventory as Ansible understands it: ansible-inventory --list."""
    return json.loads(_checked(["ansible-inventory", "--list"], log, timeout))


def decrypt(encrypted: str) -> str:
    """The text of a value that was encrypted with the demo's vault password."""
    password = (workspace.DEMO / "vault-password-for-this-demo-only.txt").read_bytes().strip()
    return VaultLib([("default", VaultSecret(password))]).decrypt(encrypted).decode()


def _checked(command: list[str], log: Path, timeout: float) -> str:
    status, output = _run(command, log, timeout)
    if status:
        raise DemoError(
            "\n".join([f"{command[0]} failed; the end of {workspace.shown(log)}:", *workspace.log_tail(log)])
        )
    return output


def _run(command: list[str], log: Path, timeout: float) -> tuple[int, str]:
    """Run *command* with its output in *log*; return its status and standard output.

    :raises DemoError: it took longer than *timeout* seconds.
    """
    errors = log.with_suffix(".err")
    with log.open("wb") as output, errors.open("wb") as warnings:
        process = subprocess.Popen(
            [_tool(command[0]), *command[1:]],
            cwd=workspace.DEMO,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=warnings,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends that one with its children
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DemoError(f"{command[0]} took longer than {timeout:g} s; see {workspace.shown(log)}.") from None
        finally:
            _end(process)
    text = log.read_text(encoding="utf-8", errors="replace")
    log.write_text(text + errors.read_text(encoding="utf-8", errors="replace"), encoding="utf-8")
    errors.unlink()
    return status, text


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that *process* has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                continue


def _tool(name: str) -> str:
    """The command that belongs to the running Python."""
    tool = Path(sys.executable).parent / name
    if not tool.exists():
        raise DemoError(f"There is no {name} beside {sys.executable}. Start the demo with `make demo`.")
    return str(tool)


def _environment() -> dict[str, str]:
    """This process's environment without Ansible's own variables, which might lead it elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        "LC_ALL": "C.UTF-8",
        **kept,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        "ANSIBLE_CONFIG": str(workspace.DEMO / "ansible.cfg"),
        "ANSIBLE_HOME": str(workspace.HOME / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
