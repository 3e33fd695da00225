# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that knows the login may send as the house, and only as that. It hides no mail and no header in another."""

from __future__ import annotations

import smtplib
import ssl
import time
import warnings

import pytest
from hosts import APPROVER, CUSTOMER, OTHER_USER, USER, compose


@pytest.fixture
def plain(relay):
    """A connection on which nothing is encrypted yet."""
    with smtplib.SMTP(relay.address, 587, timeout=60) as client:
        client.ehlo()
        yield client


def test_without_tls_no_login_is_offered(plain):
    assert plain.has_extn("starttls")
    assert not plain.has_extn("auth")


@pytest.mark.parametrize("command", ["AUTH PLAIN AHcAdw==", "AUTH LOGIN", f"MAIL FROM:<{USER}>"])
def test_without_tls_nothing_is_taken(plain, command):
    code, text = plain.docmd(command)
    assert (code, b"STARTTLS" in text) == (530, True) or code in (503, 538), text


def test_at_the_other_door_no_login_is_offered_without_tls_either(relay):
    with smtplib.SMTP(relay.address, 25, timeout=60) as client:
        client.ehlo()
        assert not client.has_extn("auth")


def test_old_versions_of_tls_are_refused(relay):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        smtplib.SMTP(relay.address, 587, timeout=60) as client,
        pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"),
    ):
        client.starttls(context=old)


def test_a_wrong_password_is_answered_late(relay):
    with smtplib.SMTP(relay.address, 587, timeout=60) as client:
        client.starttls(context=relay.trust)
        started = time.monotonic()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("weestimate", "wrong")
        assert time.monotonic() - started > 2


@pytest.mark.parametrize("sender", ["stranger@elsewhere.example", "dana@sub.northgate-security.com", "dana"])
def test_the_envelopes_sender_has_to_be_of_the_house(relay, sender):
    with relay.connected() as client:
        client.mail(sender)
        code, text = client.rcpt(CUSTOMER)
        assert 500 <= code < 600, text


@pytest.mark.parametrize(
    "sender",
    [
        "stranger@elsewhere.example",
        f"Dana <{USER}>, Stranger <stranger@elsewhere.example>",
        f'"{USER}" <stranger@elsewhere.example>',
        f"stranger@elsewhere.example ({USER})",
    ],
)
def test_from_has_to_be_of_the_house_too(relay, sender):
    message = compose(USER, CUSTOMER).as_bytes().replace(f"From: {USER}".encode(), f"From: {sender}".encode())
    with relay.connected() as client, pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1"):
        client.sendmail(USER, [CUSTOMER], message)


def test_a_second_from_has_to_be_of_the_house_too(relay):
    message = b"From: stranger@elsewhere.example\r\n" + compose(USER, CUSTOMER).as_bytes()
    with relay.connected() as client, pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1"):
        client.sendmail(USER, [CUSTOMER], message)


def test_no_header_of_the_sender_becomes_one_of_the_relay(relay, upstream):
    message = compose(OTHER_USER, CUSTOMER, X_WeEstimate_From="stranger@elsewhere.example")
    relay.submit(message)
    arrived = upstream.arrived(message)
    assert "stranger" not in arrived.message.as_string()


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"])
def test_no_mail_can_be_hidden_in_another(relay, upstream, end):
    hidden, open_one = compose(OTHER_USER, APPROVER), compose(USER, CUSTOMER)
    commands = f"MAIL FROM:<{OTHER_USER}>\r\nRCPT TO:<{APPROVER}>\r\nDATA\r\n".encode()
    smuggled = commands + hidden.as_bytes().replace(b"\n", b"\r\n")
    with relay.connected() as client:
        client.mail(USER)
        client.rcpt(CUSTOMER)
        client.docmd("DATA")
        client.send(open_one.as_bytes().replace(b"\n", b"\r\n") + end + smuggled + b"\r\n.\r\n")
        try:
            client.getreply()
            client.docmd("NOOP")
        except (smtplib.SMTPServerDisconnected, TimeoutError):
            pass  # refusing to talk on is an answer too
    assert relay.drained()
    arrived = {mail.subject: mail.mailbox for mail in upstream.mails()}
    assert hidden["Subject"] not in arrived
    assert arrived.get(open_one["Subject"], CUSTOMER) == CUSTOMER


def test_a_server_that_starts_just_after_a_change_takes_mail(relay, upstream):
    relay.host.run("pkill --exact smtpd; touch /etc/postfix/main.cf")
    message = compose(USER, APPROVER)
    relay.submit(message)
    assert upstream.arrived(message)


def test_a_login_is_over_once_it_is_answered(relay):
    # Dovecot would tell of each that waits for more when the connection ends, or after some minutes.
    with relay.connected():
        pass
    journal = relay.host.check_output("journalctl --quiet --no-pager --output=cat --identifier=dovecot")
    assert "pending requests" not in journal
    assert "timed out" not in journal
