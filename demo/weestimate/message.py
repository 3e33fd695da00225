# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two kinds of mail, with their headers and envelope as WeEstimate sets them."""

from __future__ import annotations

import dataclasses
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from weestimate.errors import WeEstimateError
from weestimate.settings import SmtpSettings

APPROVAL = "approval"
CUSTOMER_DOCUMENT = "customer-document"


@dataclasses.dataclass(frozen=True)
class Request:
    """What somebody in WeEstimate does that makes a mail leave.

    :ivar kind: APPROVAL or CUSTOMER_DOCUMENT.
    :ivar acting_user: mail address of the person who does it.
    :ivar to: the approver, or the customer.
    :ivar reference: the proposal it is about.
    :ivar mpoc: mail address of the customer's main point of contact, if there is one.
    """

    kind: str
    acting_user: str
    to: str
    reference: str = "NG-1001"
    mpoc: str = ""

    @classmethod
    def parse(cls, kind: str, content: Any) -> Request:
        """Make a request of a decoded JSON body.

        :raises WeEstimateError: it is not an object with the texts this class names.
        """
        names = {field.name for field in dataclasses.fields(cls)} - {"kind"}
        if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
            raise WeEstimateError("The body is not a JSON object of texts.")
        wrong = sorted(set(content) - names) + sorted({"acting_user", "to"} - set(content))
        if wrong:
            raise WeEstimateError(f"Unknown or missing in the body: {', '.join(wrong)}.")
        return cls(kind=kind, **content)


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """A message with its envelope."""

    message: EmailMessage
    sender: str
    recipients: tuple[str, ...]


_TEXTS = {
    APPROVAL: ("Approval requested: {reference}", "The proposal {reference} waits for your approval.\n"),
    CUSTOMER_DOCUMENT: ("Your quote {reference}", "Please find attached the quote {reference}.\n"),
}


def compose(request: Request, settings: SmtpSettings, instance: str) -> Outgoing:
    """Write the mail for *request* as the instance named *instance* would.

    Send As on: From and envelope sender are Connect As, and answers go to the acting user. Send As off: both are the
    acting user's own address.
    """
    sender = settings.connect_as if settings.send_as else request.acting_user
    recipients = _recipients(request, settings)
    subject, body = (text.format(reference=request.reference) for text in _TEXTS[request.kind])

    message = EmailMessage()
    message["From"] = sender
    if settings.send_as:
        message["Reply-To"] = request.acting_user
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain="weestimate.example.com")
    message["X-WeEstimate-Instance"] = instance
    message["X-WeEstimate-Kind"] = request.kind
    message.set_content(body)
    if request.kind == CUSTOMER_DOCUMENT:
        document = f"Quote {request.reference}\n"
        message.add_attachment(document, filename=f"{request.reference}.txt")
    return Outgoing(message, sender, recipients)


def _recipients(request: Request, settings: SmtpSettings) -> tuple[str, ...]:
    """Who receives it: documents also go to the main point of contact and to the acting user, where switched on."""
    recipients = [request.to]
    if request.kind == CUSTOMER_DOCUMENT:
        if settings.include_mpoc and request.mpoc:
            recipients.append(request.mpoc)
        if settings.send_to_self:
            recipients.append(request.acting_user)
    return tuple(dict.fromkeys(recipients))
