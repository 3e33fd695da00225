# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An instance on disk: one directory that holds its database and what its approval server needs to run.

::

    <directory>/
      instance.json              name, control port, trusted CA … (never an SMTP setting, never a secret)
      weestimate.sqlite3         the table programOption
      approval-server.pid        locked while the approval server runs
      approval-server.log        what it did; one JSON object a line
      approval-server.started    how often it has started: its generation
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from weestimate.errors import WeEstimateError


@dataclass(frozen=True)
class Instance:
    """What one instance is, apart from its program options.

    :ivar directory: where it lies.
    :ivar name: what people call it; part of every mail it sends.
    :ivar control_port: TCP port of the approval server's HTTP control.
    :ivar control_host: address the control listens on; loopback unless stated.
    :ivar ca_file: PEM file of the authorities trusted for mail servers; empty for those of the machine.
    :ivar implicit_tls_ports: ports spoken to with TLS from the first byte. 465 in the wild; a test server without root
        cannot have that one.
    :ivar lifeline: a file whose lock tells that the approval server may run; it ends by itself soon after nobody holds
        that lock any more. Empty for a server that runs until it is stopped.
    """

    directory: Path
    name: str
    control_port: int
    control_host: str = "127.0.0.1"
    ca_file: str = ""
    implicit_tls_ports: tuple[int, ...] = field(default=(465,))
    lifeline: str = ""

    @property
    def database(self) -> Path:
        """The SQLite database with the table programOption."""
        return self.directory / "weestimate.sqlite3"

    @property
    def pid_file(self) -> Path:
        """Holds the process id of the approval server, and is locked for as long as that process lives."""
        return self.directory / "approval-server.pid"

    @property
    def log_file(self) -> Path:
        """Where the approval server writes when it was started by the control command."""
        return self.directory / "approval-server.log"

    @property
    def control_url(self) -> str:
        """The root of the HTTP control."""
        return f"http://{self.control_host}:{self.control_port}"

    def save(self) -> None:
        """Write instance.json in one step, so that nobody reads half of it."""
        content = {key: value for key, value in asdict(self).items() if key != "directory"}
        unfinished = self.directory / "instance.json.part"
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(self.directory / "instance.json")

    def next_generation(self) -> int:
        """Count one more start and return the new count, beginning with 1."""
        counter = self.directory / "approval-server.started"
        generation = int(counter.read_text(encoding="ascii")) + 1 if counter.exists() else 1
        counter.write_text(f"{generation}\n", encoding="ascii")
        return generation


def load(directory: Path) -> Instance:
    """Read the instance that lies in *directory*.

    :raises WeEstimateError: there is none.
    """
    try:
        content = json.loads((directory / "instance.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeEstimateError(f"No instance lies in {directory}.") from None
    content["implicit_tls_ports"] = tuple(content["implicit_tls_ports"])
    return Instance(directory=directory.absolute(), **content)
