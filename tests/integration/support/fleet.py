# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of WeEstimate that the role is applied to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Ansible, Run
from weestimate import database

#: A host that nobody can reach.
ELSEWHERE = {"hosts": {"elsewhere_one": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}}}


@dataclass(frozen=True)
class Fleet:
    """Instances of WeEstimate, one for each inventory host, and their approval servers, which only count."""

    ansible: Ansible
    directory: Path

    def apply(self, hosts: Mapping[str, Mapping[str, Any]], *options: str, **environment: str) -> Run:
        """Run the playbook ``apply`` over hosts with their variables."""
        return self.play("weestimate.mail.apply", hosts, *options, **environment)

    def play(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        hosts: Mapping[str, Mapping[str, Any]],
        *options: str,
        **environment: str,
    ) -> Run:
        """Run a playbook over hosts with their variables."""
        return self.ansible.playbook(playbook, self.inventory(hosts), *options, **environment)

    def inventory(self, hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Hosts and what they have in common; an instance is made when its host first comes."""
        for host in hosts:
            if not self.database(host).exists():
                database.create(self.database(host), {})
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "weestimate_smtp_store": {"driver": "sqlite", "path": f"{self.directory}/{{{{ inventory_hostname }}}}.db"},
            "weestimate_smtp_profile_dirs": [str(self.directory / "profiles")],
            "weestimate_smtp_approval_server": self.server(),
        }
        return {"weestimate": {"hosts": hosts, "vars": variables}, "elsewhere": ELSEWHERE}

    def database(self, host: str = "one") -> Path:
        return self.directory / f"{host}.db"

    def options(self, host: str = "one") -> dict[str, str]:
        return {name: value or "" for name, value in database.read(self.database(host)).items()}

    def server(self, **parts: Any) -> dict[str, Any]:
        """An approval server whose recycle is counted, unless ``parts`` say otherwise."""
        count = f"echo once >> '{self.directory}/{{{{ inventory_hostname }}}}.recycled'"
        return {"kind": "command", "command": ["sh", "-c", count], **parts}

    def recycled(self, host: str = "one") -> int:
        """How often."""
        log = self.directory / f"{host}.recycled"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def profile(self, name: str, text: str) -> None:
        """Write a profile of the user's own."""
        (self.directory / "profiles").mkdir(exist_ok=True)
        (self.directory / "profiles" / name).write_text(text, encoding="utf-8")
