# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose instances share mailboxes, whose passwords change at the mail server while the fleet runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet import Fleet
from harness import Ansible, Run
from mailserver import certificates, process
from mailsite import PERSON, Site
from weestimate import database

ROTATE = "weestimate.mail.rotate_password"
OLD, NEW, NEWER = "the former c4nary", "the new c4nary [1] {# {% {{ }} ü", "the newest c4nary"


@dataclass(frozen=True)
class Mailboxes(Site):
    """A site with several mailboxes, each of which logs in with the passwords that are valid at the moment."""

    def valid(self, mailbox: str, *passwords: str) -> None:
        """Let a mailbox log in with these passwords, and with no other."""
        _file(self.fleet.directory, mailbox).write_text("".join(f"{each}\n" for each in passwords), "utf-8")

    def passwords(self, mailbox: str) -> list[str]:
        """What a mailbox logs in with."""
        return _file(self.fleet.directory, mailbox).read_text("utf-8").splitlines()

    def share(self, mailbox: str, hosts: Sequence[str], password: str = OLD, **stored: str) -> None:
        """Make instances that send with one mailbox."""
        for host in hosts:
            own = {"SMTP_User": address(mailbox), "SMTP_Connect_As": address(mailbox), "SMTP_Password": password}
            self.install(host, **{**own, **stored})

    def rotate(self, hosts: Mapping[str, Mapping[str, Any]], *options: str, **environment: str) -> Run:
        """Run the playbook; each host tests by sending mail, unless its variables say otherwise."""
        declared = {host: {"weestimate_smtp_test": self.test(), **variables} for host, variables in hosts.items()}
        return self.fleet.play(ROTATE, declared, *options, **environment)

    def stored(self, *hosts: str) -> list[str]:
        """The passwords that instances hold."""
        return [self.fleet.options(host)["SMTP Password"] for host in hosts]

    def backdate(self, host: str, days: int) -> None:
        """Let all that is in an instance's journal have happened so many days earlier."""
        with closing(sqlite3.connect(self.fleet.database(host))) as connection:
            shifted = f"strftime('%Y-%m-%dT%H:%M:%S+00:00', changedAt, '-{days} days')"
            connection.execute(f"UPDATE weestimateMailJournal SET changedAt = {shifted}")
            connection.commit()

    def edit(self, host: str, **stored: str) -> None:
        """Edit an instance by hand."""
        database.write(self.fleet.database(host), {name.replace("_", " "): text for name, text in stored.items()})


def address(mailbox: str) -> str:
    """The login of a mailbox."""
    return f"{mailbox}@contoso.com"


def password(text: Any, **more: Any) -> dict[str, Any]:
    """The variables of a host that is to get a password."""
    return {"weestimate_smtp_password": text, **{f"weestimate_smtp_{name}": value for name, value in more.items()}}


def failing(times: int) -> dict[str, Any]:
    """The variable of an approval server whose first recycles fail."""
    log = "{{ weestimate_smtp_store.path | dirname }}/{{ inventory_hostname }}.recycled"
    script = f"echo once >> '{log}'; test $(wc -l < '{log}') -gt {times} || {{ echo 'no licence' >&2; exit 3; }}"
    return {"weestimate_smtp_approval_server": {"kind": "command", "command": ["sh", "-c", script]}}


def _file(place: Path, mailbox: str) -> Path:
    return place / f"{mailbox}.passwords"


@contextmanager
def opened(place: Path, collections: Path, names: Sequence[str]) -> Iterator[Mailboxes]:
    """A site with mailboxes of these names, for as long as the block runs; each logs in with `OLD` at first."""
    certificates.make(place / "tls")
    accounts = {address(name): {"password_file": str(_file(place, name)), "send_as": [PERSON]} for name in names}
    configuration = {"mails": place / "mails", "certificates": place / "tls", "accounts": accounts}
    with process.running(configuration, place) as ports:
        fleet = Fleet(Ansible(place, collections), place)
        site = Mailboxes(fleet, ports["submission"], place / "mails", place / "tls" / "ca.pem")
        for name in names:
            site.valid(name, OLD)
        yield site
