# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the run as seen without the collection: relays and their queues, mailboxes, the identity provider."""

from __future__ import annotations

import email
import email.policy
import io
import json
import os
import re
import secrets
import smtplib
import ssl
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

from testinfra.host import Host

FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
SCENARIO = Path(__file__).parents[2]

HOUSE, ELSEWHERE = "northgate-security.com", "harbor-clinic.example"
NOTIFICATIONS, QUOTES, USER, OTHER_USER, APPROVER, NEWCOMER = (
    f"{name}@{HOUSE}" for name in ("notifications", "quotes", "dana.reyes", "lee.ito", "pat.olsen", "kim.park")
)
CUSTOMER = f"j.meyer@{ELSEWHERE}"

_MAIL = re.compile(r"\./(?P<domain>[^/]+)/(?P<name>[^/]+)/Maildir/(new|cur)/.+")
_RECEIVED = re.compile(r"by (?P<by>\S+) \(Postfix\)")
_LOGIN = re.compile(r"\(Authenticated sender: (?P<login>[^)]+)\)")


class Unsafe(str):
    """Text that Ansible does not take for a template."""

    __slots__ = ()


def eventually(seen: Callable[[], Any], seconds: float = 60) -> Any:
    """What *seen* returns as soon as that is something true; what it returned last, if time runs out."""
    deadline = time.monotonic() + seconds
    while not (found := seen()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def compose(sender: str, recipient: str, **headers: str) -> EmailMessage:
    """A mail as WeEstimate writes it, From *sender* unless told otherwise; its subject is its own."""
    message = EmailMessage()
    given = {"From": sender, "To": recipient, "Subject": secrets.token_hex(8), **headers}
    for name, value in given.items():
        message[name.replace("_", "-")] = value
    message.set_content("See the proposal.\n")
    return message


class Mail(NamedTuple):
    """A mail that has been delivered into a mailbox of the upstream host."""

    mailbox: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """What compose() makes it known by."""
        return str(self.message["Subject"])

    @property
    def door(self) -> str:
        """The name by which the door answered that took it from the relay."""
        return next(match["by"] for match in map(_RECEIVED.search, self._received) if match)

    @property
    def login(self) -> str | None:
        """Who was logged in at that door."""
        return next((match["login"] for match in map(_LOGIN.search, self._received[:2]) if match), None)

    @property
    def _received(self) -> list[str]:
        return [" ".join(value.split()) for value in self.message.get_all("Received", [])]


@dataclass(frozen=True)
class Upstream:
    """The host with the doors, the mailboxes and the identity provider."""

    host: Host
    address: str

    def mails(self) -> list[Mail]:
        """All mail that lies in the mailboxes."""
        # 1 says that something has changed meanwhile: mail has arrived, which is there or not.
        archive = self.host.run_expect([0, 1], "tar --create --directory=/var/mail .").stdout_bytes
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            found = ((_MAIL.fullmatch(member.name), member) for member in files)
            return [
                Mail(f"{match['name']}@{match['domain']}", _parsed(files.extractfile(member).read()))
                for match, member in found
                if match
            ]

    def arrived(self, message: EmailMessage, seconds: float = 60) -> Mail:
        """The one delivery of *message*, which has that time to arrive."""
        found = eventually(lambda: [mail for mail in self.mails() if mail.subject == message["Subject"]], seconds)
        assert len(found) == 1, f"{message['Subject']} was delivered {len(found)} times"
        return found[0]

    def issued(self) -> list[dict[str, Any]]:
        """The tokens that were issued, the latest last."""
        return [json.loads(line) for line in self.host.file("/var/lib/issued-tokens").content_string.splitlines()]

    @contextmanager
    def policy(self, **changes: Any) -> Iterator[None]:
        """Let the identity provider go by another policy for the length of the block."""
        file = "/etc/identity-provider.json"
        former = self.host.file(file).content_string
        self._write(file, json.dumps({**json.loads(former), **changes}))
        try:
            yield
        finally:
            self._write(file, former)

    @contextmanager
    def down(self) -> Iterator[None]:
        """Let no door answer for the length of the block."""
        # On Debian 12, the unit postfix has ended before the one that does the work.
        self.host.check_output("systemctl stop postfix@-.service postfix.service")
        try:
            yield
        finally:
            self.host.check_output("systemctl start postfix")

    @contextmanager
    def closed(self, port: int) -> Iterator[None]:
        """Let the door at a *port* not answer for the length of the block."""
        file = "/etc/postfix/master.cf"
        self.host.check_output(f"cp {file} {file}.before && postconf -M# {port}/inet && postfix reload")
        try:
            yield
        finally:
            self.host.check_output(f"mv {file}.before {file} && postfix reload")

    def _write(self, file: str, content: str) -> None:
        """Write the *file* at once, as somebody may be reading it."""
        self.host.check_output("printf %%s %s > %s.new && mv %s.new %s", content, file, file, file)


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


@dataclass(frozen=True)
class Relay:
    """A host on which the role has worked, and a client of it that knows the login."""

    name: str
    host: Host
    address: str
    foreign_address: str
    password: str
    trust: ssl.SSLContext

    @contextmanager
    def connected(self, port: int = 587) -> Iterator[smtplib.SMTP]:
        """A connection as WeEstimate makes it: from the client network, encrypted, logged in."""
        with smtplib.SMTP(self.address, port, timeout=60) as client:
            client.starttls(context=self.trust)
            client.login("weestimate", self.password)
            yield client

    def submit(self, *messages: EmailMessage, sender: str = "") -> None:
        """Hand in *messages* by one connection; the envelope's sender is that of From unless given."""
        with self.connected() as client:
            for message in messages:
                client.send_message(message, from_addr=sender or None)

    def queue(self) -> list[dict[str, Any]]:
        """What waits, as Postfix tells it."""
        return [json.loads(line) for line in self.host.check_output("postqueue -j").splitlines()]

    def deferred(self, message: EmailMessage, seconds: float = 60) -> str:
        """Why *message*, the only one to its recipient, waits."""
        reasons = eventually(
            lambda: [
                recipient["delay_reason"]
                for entry in self.queue()
                for recipient in entry["recipients"]
                if recipient["address"] == message["To"] and "delay_reason" in recipient
            ],
            seconds,
        )
        assert reasons, "nothing waits"
        return reasons[0]

    def drained(self, seconds: float = 120) -> bool:
        """Have the queue delivered, however often it takes; whether nothing waits any more."""

        def empty() -> bool:
            if not self.queue():
                return True
            self.host.check_output("postqueue -f")
            time.sleep(1)
            return False

        return bool(eventually(empty, seconds))

    def proxy_process(self, upstream: str) -> int:
        """The process of the OAuth proxy of an *upstream*; 0 while there is none."""
        unit = f"weestimate-relay-oauth@{upstream}.service"
        return int(self.host.check_output(f"systemctl show --property=MainPID --value {unit}"))

    def proxy(self, verb: str, upstream: str) -> None:
        """Have systemd do something with the OAuth proxy of an *upstream*."""
        self.host.check_output(f"systemctl {verb} weestimate-relay-oauth@{upstream}.service")
