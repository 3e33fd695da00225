# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Received mails as files: NNNN.eml with the message, NNNN.json with how it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Arrival:
    """How a mail came in.

    :ivar received_at: ISO 8601 time.
    :ivar listener: name of the listener that took it.
    :ivar tls: protocol version, such as TLSv1.3; empty for an unencrypted connection.
    :ivar authenticated_as: the login; empty for none.
    :ivar sender: envelope sender.
    :ivar recipients: envelope recipients.
    """

    received_at: str
    listener: str
    tls: str
    authenticated_as: str
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class KeptMail:
    """A mail in the archive."""

    file: Path
    arrival: Arrival
    message: EmailMessage


class Archive:
    """A directory of received mails, numbered in the order of their arrival."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._count = len(list(directory.glob("*.eml")))

    def keep(self, content: bytes, arrival: Arrival) -> None:
        """Store a mail. Whoever sees the .eml file finds it complete, and its .json file already there."""
        self._count += 1
        stem = self._directory / f"{self._count:04d}"
        stem.with_suffix(".json").write_text(json.dumps(asdict(arrival), indent=2) + "\n", encoding="utf-8")
        unfinished = stem.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(stem.with_suffix(".eml"))


def read(directory: Path) -> Iterator[KeptMail]:
    """All mails kept in *directory*, oldest first."""
    for file in sorted(directory.glob("*.eml")):
        facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        arrival = Arrival(**{**facts, "recipients": tuple(facts["recipients"])})
        yield KeptMail(file, arrival, message_from_bytes(file.read_bytes(), policy=policy.default))
