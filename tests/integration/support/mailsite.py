# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of instances whose mail goes through a mail server of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk import journal
from fleet import Fleet
from harness import Ansible
from mailserver import archive, certificates, process
from weestimate import database

MAILBOX, ALIAS, PERSON = "notifications@contoso.com", "quotes@contoso.com", "alice@contoso.com"
PASSWORD, WRONG = "the right c4nary", "a wrong c4nary"

#: A login of its own, for documents.
CLERK, CLERKS_PASSWORD = "documents@contoso.com", "the clerk's c4nary"

#: What works on the mail server, but for its port.
WORKING = {
    "SMTP Mail Enabled": "TRUE",
    "SMTP Address": "localhost",
    "Use SSL": "TRUE",
    "SMTP User": MAILBOX,
    "SMTP Password": PASSWORD,
    "Enable SMTP Send As": "TRUE",
    "SMTP Connect As": MAILBOX,
}

#: A change that the mail server takes, and one after which mail comes from an address that the mailbox may not use.
GOOD, BAD = {"smtp_connect_as": ALIAS}, {"enable_smtp_send_as": False}


@dataclass(frozen=True)
class Site:
    """The fleet, the port at which its mail server takes mail, and where that keeps it."""

    fleet: Fleet
    port: int
    mails: Path
    authority: Path

    def install(self, host: str, **stored: str) -> None:
        """Make an instance that works, but for what is stored otherwise, with ``_`` in an option's name for a blank."""
        options = {name.replace("_", " "): value for name, value in stored.items()}
        database.create(self.fleet.database(host), {**WORKING, "SMTP Port": str(self.port), **options})

    def test(self, **parts: Any) -> dict[str, Any]:
        """The variable ``weestimate_smtp_test``, with a recipient for each host."""
        return {
            "to": ["{{ inventory_hostname }}@customer.example"],
            "acting_user": PERSON,
            "tls": {"ca_file": str(self.authority)},
            "timeout": 20,
            **parts,
        }

    def entries(self, host: str) -> list[tuple[str, str]]:
        """Kind and state of each entry in an instance's journal."""
        return [(entry["kind"], entry["state"]) for entry in journal(self.fleet.database(host))]

    def arrived(self, host: str) -> int:
        """How many mails the mail server has taken for the recipient of a host."""
        recipient = f"{host}@customer.example"
        return sum(recipient in mail.arrival.recipients for mail in archive.read(self.mails))


@contextmanager
def opened(place: Path, collections: Path) -> Iterator[Site]:
    """A site whose files lie in one folder, for as long as the block runs."""
    certificates.make(place / "tls")
    configuration = {
        "mails": place / "mails",
        "certificates": place / "tls",
        "accounts": {MAILBOX: {"password": PASSWORD, "send_as": [ALIAS]}, CLERK: {"password": CLERKS_PASSWORD}},
    }
    with process.running(configuration, place) as ports:
        fleet = Fleet(Ansible(place, collections), place)
        yield Site(fleet, ports["submission"], place / "mails", place / "tls" / "ca.pem")


def declared(settings: Mapping[str, Any], test: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    """The variables of a host that declares settings, and tests them."""
    return {
        "weestimate_smtp_settings": settings,
        "weestimate_smtp_test": test,
        **{f"weestimate_smtp_{name}": value for name, value in more.items()},
    }
