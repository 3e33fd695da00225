# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test mail, with the headers and the envelope that WeEstimate would give it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, make_msgid
from typing import Any, NamedTuple

from ..errors import MailSettingsError

APPROVAL, CUSTOMER_DOCUMENT, SELF_DOCUMENT = "approval", "customer_document", "self_document"

#: Holds the token. Some providers replace the Message-ID, so a test mail is recognised by this and by its subject.
TOKEN_HEADER = "X-WeEstimate-Mail-Test"  # noqa: S105 - the name of a header

# Enough of RFC 5321 (4.1.2) for a path to be written on a line: a quoted local part is left out on purpose.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+@[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]+")
_LONGEST_ADDRESS = 254  # octets of a path without its brackets (RFC 5321, 4.5.3.1.3)


@dataclass(frozen=True)
class Outgoing:
    """A mail and its envelope: addresses without angle brackets, and the message as octets."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    token: str

    def __post_init__(self) -> None:
        for role, addresses in (("sender", (self.sender,)), ("recipient", self.recipients)):
            for address in addresses:
                _checked(role, address)

    @property
    def international(self) -> bool:
        """Whether an address needs SMTPUTF8 (RFC 6531)."""
        return not all(address.isascii() for address in (self.sender, *self.recipients))


class _Kind(NamedTuple):
    """What sets one kind of mail apart: its words, its recipients, and the rest of it."""

    subject: str
    purpose: str
    recipients: Callable[[Mapping[str, Any], tuple[str, ...], str], tuple[str, ...]]
    document: bool


def _given(_settings: Mapping[str, Any], to: tuple[str, ...], _acting_user: str) -> tuple[str, ...]:
    return to


def _given_and_self(settings: Mapping[str, Any], to: tuple[str, ...], acting_user: str) -> tuple[str, ...]:
    """A customer's document also goes to its author when Send SMTP to Self is on."""
    return (*to, acting_user) if settings.get("send_smtp_to_self") else to


def _self(_settings: Mapping[str, Any], _to: tuple[str, ...], acting_user: str) -> tuple[str, ...]:
    return (acting_user,)


_KINDS = {
    APPROVAL: _Kind("Test of approval mail", "a request for approval", _given, document=False),
    CUSTOMER_DOCUMENT: _Kind(
        "Test of document mail", "a document for a customer (Send to Customer)", _given_and_self, document=True
    ),
    SELF_DOCUMENT: _Kind(
        "Test of document mail to oneself", "a document for its author (Send to Self)", _self, document=True
    ),
}

#: The kinds of mail that can be tested.
KINDS = tuple(_KINDS)

_BODY = """\
This is a test by weestimate.mail. It checks that WeEstimate can send
{purpose}.

Nobody has to do anything, and this mail can be deleted.

Token of the test: {token}
"""
_DOCUMENT = "This text stands for the document that WeEstimate would attach.\n"


def new_token() -> str:
    """A text that no other mail holds: 24 hexadecimal digits."""
    return secrets.token_hex(12)


def compose(
    kind: str, settings: Mapping[str, Any], to: Collection[str], acting_user: str | None, token: str
) -> Outgoing:
    """The test mail of a *kind* as *settings* (canonical names) make WeEstimate send it for *acting_user*.

    With Send As, From and the envelope's sender are Connect As, and answers go to the acting user. Without it, both are
    the acting user's own address. An approval's mail is made by a program (RFC 3834), a document's by a person.

    :raises MailSettingsError: schema_invalid; an address that is needed is missing or cannot be one.
    """
    facts = _KINDS[kind]
    acting_user = acting_user or ""
    sender = _sender(settings, acting_user)
    recipients = _recipients(facts, settings, to, acting_user)

    message = EmailMessage(SMTP if all(map(str.isascii, (sender, acting_user, *recipients))) else SMTPUTF8)
    message["From"] = sender
    if settings.get("enable_smtp_send_as") and acting_user:
        message["Reply-To"] = _checked("acting_user", acting_user)
    message["To"] = ", ".join(recipients)
    message["Subject"] = f"{facts.subject} [{token}]"
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message[TOKEN_HEADER] = token
    if kind == APPROVAL:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(_BODY.format(purpose=facts.purpose, token=token), "plain", "us-ascii")
    if facts.document:
        message.add_attachment(_DOCUMENT, "plain", "us-ascii", filename="test-document.txt")
    return Outgoing(sender, recipients, message.as_bytes(), token)


def _sender(settings: Mapping[str, Any], acting_user: str) -> str:
    """From and envelope sender in one: WeEstimate gives both the same address."""
    if settings.get("enable_smtp_send_as"):
        return _checked("SMTP Connect As", settings.get("smtp_connect_as") or "")
    return _checked("acting_user", acting_user)


def _recipients(facts: _Kind, settings: Mapping[str, Any], to: Collection[str], acting_user: str) -> tuple[str, ...]:
    chosen = facts.recipients(settings, tuple(to), acting_user)
    if not chosen:
        raise MailSettingsError("schema_invalid", "The test mail has no recipient.", "State one in to.")
    return tuple(dict.fromkeys(_checked("recipient", address) for address in chosen))


def _checked(role: str, address: str) -> str:
    """*address*, if it can stand in a header and in a command without being taken for more than an address."""
    if _ADDRESS.fullmatch(address) and len(address.encode()) <= _LONGEST_ADDRESS:
        return address
    what = f"is not a mail address: {address!r}" if address else "is blank, but the mail needs it"
    raise MailSettingsError("schema_invalid", f"The {role} {what}.", "State a plain address such as name@example.com.")
