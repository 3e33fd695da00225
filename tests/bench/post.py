# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server in a process of its own, on the loopback, with STARTTLS and a login, and what it takes to use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import playbook
from mailserver import certificates, process
from weestimate.database import Options

ADDRESS = "127.0.0.1"
ACTING_USER, RECIPIENT = "alice@example.com", "manager@example.com"


@dataclass(frozen=True)
class Post:
    """The mail server as a client sees it: address, port, authority, and a login that may send as itself."""

    port: int
    ca_file: Path
    login: str
    password: str = field(repr=False)
    mails: Path

    def count(self) -> int:
        """How many mails have arrived."""
        return sum(1 for _mail in self.mails.glob("*.eml"))

    def options(self) -> Options:
        """What the database of an instance holds that sends through it."""
        return {
            "SMTP Mail Enabled": "TRUE",
            "SMTP Address": ADDRESS,
            "SMTP Port": str(self.port),
            "Use SSL": "TRUE",
            "SMTP User": self.login,
            "SMTP Password": self.password,
            "Enable SMTP Send As": "TRUE",
            "SMTP Connect As": self.login,
        }

    def variables(self) -> dict[str, object]:
        """What the plays that send have to know."""
        return {
            "mail_address": ADDRESS,
            "mail_port": self.port,
            "mail_ca_file": str(self.ca_file),
            "mail_from_user": ACTING_USER,
            "mail_to": RECIPIENT,
        }


@contextmanager
def running(folder: Path) -> Iterator[Post]:
    """Run the mail server for as long as the block lasts; its login is that of the plays.

    :raises RuntimeError: it does not start.
    """
    certificates.make(folder, (ADDRESS,))
    declared = playbook.variables()
    login, password = declared["weestimate_smtp_mailbox"], declared["weestimate_smtp_password"]
    configuration = {"mails": folder / "mails", "certificates": folder, "accounts": {login: {"password": password}}}
    with process.running(configuration, folder) as ports:
        yield Post(ports["submission"], folder / "ca.pem", login, password, folder / "mails")
