# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks as a user would, with the ansible-core beside this Python, and read the results as data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
PROGRAMS = Path(sys.executable).parent


class Unsafe(str):
    """A text in a playbook or an inventory that Ansible takes as it stands, braces included."""

    __slots__ = ()


class Vaulted(str):
    """The text of an ansible-vault, which Ansible decrypts where it is used."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes `Unsafe` and `Vaulted` with Ansible's tags."""


_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))
_Dumper.add_representer(Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


@dataclass(frozen=True)
class Result:
    """What one task did on one host; ``status`` is ok, failed, ignored, skipped or unreachable."""

    host: str
    task: str
    action: str
    status: str
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.status == "ok" and self.result.get("changed", False)


@dataclass(frozen=True)
class Run:
    """A finished run: its exit status, what it printed (both streams), and its results in order."""

    status: int
    output: str
    results: Sequence[Result]

    @property
    def succeeded(self) -> bool:
        return self.status == 0

    @property
    def changed(self) -> set[tuple[str, str]]:
        """The hosts and tasks that changed something."""
        return {(each.host, each.task) for each in self.results if each.changed}

    @property
    def failures(self) -> dict[str, dict[str, Any]]:
        """The results that stopped a host, by host."""
        return {each.host: each.result for each in self.results if each.status in ("failed", "unreachable")}

    @property
    def failure(self) -> dict[str, Any]:
        """The result that stopped the only host that was stopped."""
        (failure,) = self.failures.values()
        return failure

    def of(self, action: str) -> list[Result]:
        """The results of an action, by its full name."""
        return [each for each in self.results if each.action == action]


class Ansible:
    """The programs of Ansible, away from the user's configuration, with the collections of one directory."""

    def __init__(self, work: Path, collections: Path) -> None:
        """``work`` takes all files that a run needs; ``collections`` is the only collections path."""
        self.work = work
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))},
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
            "ANSIBLE_CONFIG": str(CHECKOUT / "tests" / "ansible.cfg"),
            "ANSIBLE_HOME": str(work / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "LC_ALL": "C.UTF-8",
        }

    def program(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Ansible to its end, with both streams in ``stdout``."""
        return subprocess.run(
            [PROGRAMS / name, *arguments],
            env={**self.environment, **environment},
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            check=False,
        )

    def playbook(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        inventory: Mapping[str, Any],
        *options: str,
        **environment: str,
    ) -> Run:
        """Run a playbook of a collection by its name, or plays given as data, over an inventory given as data."""
        record = self.work / "record.jsonl"
        record.write_text("", encoding="utf-8")
        if not isinstance(playbook, str):
            playbook = str(self.write("playbook.yml", playbook))
        done = self.program(
            "ansible-playbook",
            *("--inventory", str(self.write("inventory.yml", inventory))),
            *options,
            playbook,
            RECORD_FILE=str(record),
            **environment,
        )
        lines = record.read_text(encoding="utf-8").splitlines()
        return Run(done.returncode, done.stdout, [Result(**json.loads(line)) for line in lines])

    def write(self, name: str, document: Any) -> Path:
        file = self.work / name
        file.write_text(yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return file


def build_and_install(into: Path) -> Path:
    """Build the collection's artifact and install it; returns the collections path.

    Raises `RuntimeError` with what ansible-galaxy printed.
    """
    ansible = Ansible(into, into / "collections")
    _galaxy(ansible, "build", str(CHECKOUT), "--output-path", "artifact")
    (artifact,) = (into / "artifact").glob("*.tar.gz")
    _galaxy(ansible, "install", str(artifact), "--offline", "--no-deps", "--collections-path", "collections")
    return into / "collections"


def _galaxy(ansible: Ansible, *arguments: str) -> None:
    done = ansible.program("ansible-galaxy", "collection", *arguments)
    if done.returncode:
        raise RuntimeError(f"ansible-galaxy collection {arguments[0]}: {done.stdout}")
