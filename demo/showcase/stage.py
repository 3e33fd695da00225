# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stage: a mail server and the instances of all environments, up for as long as a block runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from mailserver import certificates, process
from weestimate import control, database, lock
from weestimate.instance import Instance

from showcase import ansible, company, workspace

_ENVIRONMENTS = ("dev", "staging", "prod")
_LISTENERS = (
    {"name": "internal-relay"},
    {"name": "submission", "tls": "starttls", "authenticated": True, "strict_from": True},
)
_LAST_CHANGE = "SELECT id, kind, state FROM weestimateMailJournal ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True)
class Actor:
    """An instance and the environment it belongs to."""

    environment: str
    instance: Instance

    @property
    def name(self) -> str:
        """The name in the inventory."""
        return self.instance.name

    def stored(self) -> dict[str, str | None]:
        """The SMTP options in its database."""
        return database.read(self.instance.database)

    def health(self) -> dict[str, Any]:
        """What its approval server runs with."""
        return control.status(self.instance)

    def last_change(self) -> tuple[int, str, str]:
        """Number, kind and state of the newest entry in the collection's journal, which lies in the same database."""
        with closing(sqlite3.connect(self.instance.database)) as connection:
            return connection.execute(_LAST_CHANGE).fetchone()

    def send(self, kind: str, to: str) -> dict[str, Any]:
        """Make its approval server send a mail; return the answer."""
        content = {"acting_user": company.ACTING_USER, "to": to}
        return control.call(self.instance, "POST", f"/{kind}", content)


@contextmanager
def set_up() -> Iterator[Sequence[Actor]]:
    """Prepare .demo, start everything, and yield the actors. All processes have ended when the block is left."""
    workspace.renew()
    certificates.make(workspace.CERTIFICATES)
    cast = ansible.inventory(workspace.LOGS / "inventory.log", timeout=60)
    accounts = _accounts(cast)
    configuration = {
        "mails": workspace.MAILS,
        "certificates": workspace.CERTIFICATES,
        "accounts": accounts,
        "listeners": _LISTENERS,
    }
    with lock.hold(workspace.LIFELINE), process.running(configuration, workspace.LOGS) as listeners:
        actors = _instances(cast, listeners, accounts)
        try:
            each(actors, lambda actor: control.start(actor.instance))
            yield actors
        finally:
            each(actors, lambda actor: control.stop(actor.instance))


def each(actors: Sequence[Actor], act: Any) -> list[Any]:
    """Let all actors act at the same time; return what came of it, in their order."""
    with ThreadPoolExecutor(len(actors)) as pool:
        return list(pool.map(act, actors))


def _accounts(cast: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The mail server's accounts: the mailboxes that the inventory names, with the passwords in its vaults."""
    accounts = {}
    for environment in _ENVIRONMENTS:
        variables = cast["_meta"]["hostvars"][cast[environment]["hosts"][0]]
        if "weestimate_smtp_mailbox" in variables:
            encrypted = variables["vault_weestimate_smtp_password"]["__ansible_vault"]
            accounts[variables["weestimate_smtp_mailbox"]] = {
                "password": ansible.decrypt(encrypted),
                "send_as": [variables[name] for name in ("weestimate_smtp_connect_as",) if name in variables],
            }
    return accounts


def _instances(
    cast: Mapping[str, Any], listeners: Mapping[str, int], accounts: Mapping[str, Mapping[str, Any]]
) -> list[Actor]:
    """Make an instance for each host of the inventory, as the story finds it, and write down where it lies."""
    names = [(environment, name) for environment in _ENVIRONMENTS for name in cast[environment]["hosts"]]
    closed, *control_ports = workspace.free_ports(1 + len(names))
    ports = company.Ports(listeners["submission"], closed)
    found = company.as_found(ports, accounts[company.MAILBOX]["password"])
    actors = []
    for (environment, name), control_port in zip(names, control_ports, strict=True):
        made = Instance(
            directory=workspace.instance_directory(name),
            name=name,
            control_port=control_port,
            ca_file=str(workspace.CERTIFICATES / "ca.pem"),
            lifeline=str(workspace.LIFELINE),
        )
        made.directory.mkdir()
        database.create(made.database, found[name])
        made.save()
        actors.append(Actor(environment, made))
    workspace.write_inventory(
        {
            "mail_server": company.MAIL_SERVER,
            "mail_relay_port": listeners["internal-relay"],
            "mail_submission_port": ports.submission,
            "mail_ca_file": str(workspace.CERTIFICATES / "ca.pem"),
            "weestimatectl": str(workspace.DEMO / "weestimatectl"),
            "weestimate_smtp_report_dir": str(workspace.REPORT),
        },
        {
            actor.name: {"approval_port": actor.instance.control_port, "instance_dir": str(actor.instance.directory)}
            for actor in actors
        },
    )
    return actors
