# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test mail: the same sender, recipients and answers as the embedded WeEstimate gives its own mail."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest
from weestimate import message as product
from weestimate.settings import SmtpSettings

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.message import (
    TOKEN_HEADER,
    Outgoing,
    compose,
    new_token,
)

KINDS = ("approval", "customer_document", "self_document")
ANN, BOB = "ann@company.example", "bob@customer.example"
SYSTEM = "notifications@company.example"
SETTINGS = {"enable_smtp_send_as": True, "smtp_connect_as": SYSTEM, "send_smtp_to_self": False}


def composed(kind="approval", to=(BOB,), acting_user=ANN, token=None, **settings):
    outgoing = compose(kind, {**SETTINGS, **settings}, to, acting_user, token or new_token())
    return outgoing, message_from_bytes(outgoing.content, policy=default)


def as_the_product_does(kind: str, send_as: bool, to_self: bool) -> product.Outgoing:
    settings = SmtpSettings(
        mail_enabled=True,
        address="localhost",
        port=25,
        use_ssl=False,
        user="",
        password="",
        send_as=send_as,
        connect_as=SYSTEM,
        send_to_self=to_self,
        use_smtp_email=True,
        include_mpoc=False,
    )
    return product.compose(product.Request(kind=kind, acting_user=ANN, to=BOB), settings, "production")


@pytest.mark.parametrize("to_self", [True, False])
@pytest.mark.parametrize("send_as", [True, False])
@pytest.mark.parametrize(
    ("kind", "product_kind"),
    [("approval", product.APPROVAL), ("customer_document", product.CUSTOMER_DOCUMENT)],
)
def test_it_agrees_with_the_embedded_weestimate(kind, product_kind, send_as, to_self):
    outgoing, message = composed(kind, enable_smtp_send_as=send_as, send_smtp_to_self=to_self)
    theirs = as_the_product_does(product_kind, send_as, to_self)
    assert (outgoing.sender, outgoing.recipients) == (theirs.sender, theirs.recipients)
    for header in ("From", "Reply-To", "To"):
        assert message.get_all(header) == theirs.message.get_all(header), header
    assert bool(list(message.iter_attachments())) == bool(list(theirs.message.iter_attachments()))


@pytest.mark.parametrize("kind", KINDS)
def test_send_as(kind):
    outgoing, message = composed(kind)
    assert (outgoing.sender, message["From"], message["Reply-To"]) == (SYSTEM, SYSTEM, ANN)


@pytest.mark.parametrize("kind", KINDS)
def test_without_send_as(kind):
    outgoing, message = composed(kind, enable_smtp_send_as=False)
    assert (outgoing.sender, message["From"], message["Reply-To"]) == (ANN, ANN, None)


@pytest.mark.parametrize(
    ("kind", "to_self", "recipients"),
    [
        ("approval", False, (BOB,)),
        ("approval", True, (BOB,)),
        ("customer_document", False, (BOB,)),
        ("customer_document", True, (BOB, ANN)),
        ("self_document", False, (ANN,)),
        ("self_document", True, (ANN,)),
    ],
)
def test_recipients(kind, to_self, recipients):
    outgoing, message = composed(kind, send_smtp_to_self=to_self)
    assert outgoing.recipients == recipients
    assert message["To"] == ", ".join(recipients)


def test_nobody_gets_it_twice():
    assert composed("customer_document", to=(BOB, ANN, BOB), send_smtp_to_self=True)[0].recipients == (BOB, ANN)


@pytest.mark.parametrize("kind", KINDS)
def test_headers(kind):
    outgoing, message = composed(kind, token=(token := new_token()))
    assert outgoing.token == token
    assert message["Subject"].endswith(f"[{token}]")
    assert message[TOKEN_HEADER] == token
    assert TOKEN_HEADER == "X-WeEstimate-Mail-Test"
    assert message["Message-ID"].endswith("@company.example>")
    assert parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert message["Auto-Submitted"] == ("auto-generated" if kind == "approval" else None)
    body = message.get_body().get_content()
    assert "test by weestimate.mail" in body
    assert "can be deleted" in body


@pytest.mark.parametrize("kind", KINDS)
def test_it_passes_any_server_as_it_is(kind):
    """Seven bits, short lines, line ends as SMTP has them: nothing on the way has a reason to change it."""
    outgoing, _message = composed(kind)
    assert outgoing.content.isascii()
    assert outgoing.content.count(b"\n") == outgoing.content.count(b"\r\n") == outgoing.content.count(b"\r")
    assert max(map(len, outgoing.content.split(b"\r\n"))) <= 78
    assert b"quoted-printable" not in outgoing.content


def test_a_document_is_attached():
    attachments = list(composed("customer_document")[1].iter_attachments())
    assert [each.get_filename() for each in attachments] == ["test-document.txt"]
    assert attachments[0].get_content_type() == "text/plain"


def test_addresses_beyond_ascii_stay_as_they_are():
    outgoing, message = composed(to=("jürgen@bücher.example",), acting_user="ånn@company.example")
    assert outgoing.international
    assert message["To"] == "jürgen@bücher.example"
    assert message["Reply-To"] == "ånn@company.example"
    assert "jürgen@bücher.example".encode() in outgoing.content


def test_an_approval_needs_no_acting_user_with_send_as():
    assert composed(acting_user=None)[1]["Reply-To"] is None


@pytest.mark.parametrize(
    ("facts", "role"),
    [
        ({"kind": "self_document", "acting_user": None}, "recipient"),
        ({"kind": "customer_document", "acting_user": "", "send_smtp_to_self": True}, "recipient"),
        ({"acting_user": None, "enable_smtp_send_as": False}, "acting_user"),
        ({"smtp_connect_as": ""}, "SMTP Connect As"),
        ({"smtp_connect_as": None}, "SMTP Connect As"),
        ({"to": ()}, "recipient"),
    ],
)
def test_an_address_is_missing(facts, role):
    with pytest.raises(MailSettingsError, match=role) as caught:
        composed(**facts)
    assert caught.value.code == "schema_invalid"


@pytest.mark.parametrize(
    "address",
    [
        "ann@company.example\r\nBcc: eve@company.example",
        "ann@company.example\nRCPT TO:<eve@company.example>",
        "ann@company.example> SIZE=1",
        "<ann@company.example>",
        "Ann <ann@company.example>",
        "ann@company.example, eve@company.example",
        "ann@company.example\0",
        "ann@company.example ",
        "ann",
        "ann@",
        "@company.example",
        "ann@b@company.example",
        "ann@" + "x" * 255,
    ],
)
class TestInjection:
    """No address becomes more than an address."""

    def test_as_a_recipient(self, address):
        with pytest.raises(MailSettingsError, match="not a mail address"):
            composed(to=(address,))

    def test_as_the_acting_user(self, address):
        with pytest.raises(MailSettingsError, match="acting_user is not a mail address"):
            composed(acting_user=address)

    def test_as_connect_as(self, address):
        with pytest.raises(MailSettingsError, match="Connect As is not a mail address"):
            composed(smtp_connect_as=address)

    def test_in_an_envelope_that_is_made_by_hand(self, address):
        with pytest.raises(MailSettingsError):
            Outgoing(address, (BOB,), b"", "1")
        with pytest.raises(MailSettingsError):
            Outgoing(BOB, (BOB, address), b"", "1")


@pytest.mark.parametrize("token", ["1\r\nBcc: eve@company.example", "1\n2"])
def test_a_token_becomes_no_header(token):
    with pytest.raises(ValueError, match=r"[Hh]eader"):
        composed(token=token)


def test_tokens_differ_and_are_plain():
    tokens = {new_token() for _each in range(100)}
    assert len(tokens) == 100
    assert all(token.isalnum() and len(token) == 24 for token in tokens)
