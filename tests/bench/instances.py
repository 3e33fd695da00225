# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories of WeEstimate instances, each with a database of its own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from weestimate import database


class Site:
    """A folder with an inventory, whose hosts have their databases beside it."""

    def __init__(self, folder: Path, hosts: int, variables: Mapping[str, object] | None = None) -> None:
        """Make the inventory of *hosts* hosts with *variables* in common, without databases."""
        self.folder = folder
        self._variables = variables or {}
        self.hosts = tuple(f"instance{number:05}" for number in range(1, hosts + 1))
        folder.mkdir(parents=True)
        self.inventory.write_text(json.dumps(self._inventory(), indent=2), encoding="utf-8")

    @property
    def inventory(self) -> Path:
        """The inventory file; JSON is YAML."""
        return self.folder / "inventory.yml"

    def options(self, host: str) -> database.Options:
        """What the database of *host* holds."""
        return database.read(self.database(host))

    def install(self, options: database.Options | None = None) -> None:
        """Give every host the database of a new instance, with *options* in place of the product's defaults."""
        for host in self.hosts:
            database.create(self.database(host), options or {})

    def install_like(self, other: Site) -> None:
        """Give every host the database of the first host of *other*."""
        for host in self.hosts:
            shutil.copyfile(other.database(other.hosts[0]), self.database(host))

    def database(self, host: str) -> Path:
        """Where the database of *host* lies."""
        return self.folder / f"{host}.sqlite3"

    def _inventory(self) -> Mapping[str, object]:
        every_host = {
            "ansible_connection": "local",
            # Known beforehand, so that ping is not charged with finding an interpreter on each host.
            "ansible_python_interpreter": sys.executable,
            "database": f"{self.folder}/{{{{ inventory_hostname }}}}.sqlite3",
            **self._variables,
        }
        return {"weestimate": {"hosts": dict.fromkeys(self.hosts), "vars": every_host}}
