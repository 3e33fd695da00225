# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canary passwords, and everything in which they are looked for while something runs.

They are looked for in the output at -vvvv, Ansible's log, the results, callbacks that keep results, the target's system
log, all that was on disk while it ran, and the arguments and environment of every process.
"""

from __future__ import annotations

import base64
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from desk import STORED, VAULT_PASSWORD, Desk, run_tasks, vaulted
from harness import Ansible, Run

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


#: How a run tells all that it can.
LOUD = ("-vvvv", "--diff", "--vault-password-file=vault-password", "--extra-vars=@secrets.yml")


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
        """Run tasks as loudly as Ansible can."""
        with self.watching() as watch:
            run = run_tasks(self.ansible, tasks, *LOUD, **{**self.environment, **environment})
        assert [each.task for each in run.results] == list(tasks), run.output
        assert watch.rounds > 1
        return run, watch

    def play(self, playbook: str, inventory: Mapping[str, Any], *options: str, **environment: str) -> tuple[Run, Watch]:
        """Run a playbook of the collection as loudly as Ansible can."""
        with self.watching() as watch:
            run = self.ansible.playbook(playbook, inventory, *LOUD, *options, **{**self.environment, **environment})
        assert run.results, run.output
        assert watch.rounds > 1
        return run, watch

    def watching(self) -> AbstractContextManager[Watch]:
        """Watch the places where a run leaves files."""
        return watching(self.home, self.kept, self.ansible.work, secrets=self.canaries)
