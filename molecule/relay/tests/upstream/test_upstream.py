# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The upstream itself does what is known of Exchange Online and Entra ID: it is no dummy."""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hosts import APPROVER, CUSTOMER, FOLDER, QUOTES, USER, compose

POLICY = json.loads((FOLDER / "etc" / "identity-provider.json").read_text(encoding="utf-8"))
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DOORS = {"exchange": 587, "insisting": 5871, "rationed": 5872, "password": 5873, "outside": 25}


@pytest.fixture(scope="module")
def by_address():
    """Trusts the authority of this run; this machine knows the upstream by its address only."""
    context = ssl.create_default_context(cafile=FOLDER / "identities" / "ca.pem")
    context.check_hostname = False
    return context


@pytest.fixture
def ask(upstream, by_address):
    """Ask for a token; the answer of the identity provider."""
    path = urllib.parse.urlsplit(POLICY["token_url"]).path

    def ask(**form):
        given = {
            "grant_type": "client_credentials",
            "client_id": POLICY["client_id"],
            "scope": "https://outlook.office365.com/.default",
            **form,
        }
        data = urllib.parse.urlencode(given).encode()
        try:
            with urllib.request.urlopen(f"https://{upstream.address}{path}", data, context=by_address) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    return ask


@pytest.fixture
def token(ask):
    """An access token."""
    return ask(client_secret=POLICY["client_secrets"][0])["access_token"]


@pytest.fixture
def door(upstream, by_address):
    """Open a connection to a door."""
    opened = []

    def connect(name):
        client = smtplib.SMTP(upstream.address, DOORS[name], timeout=30)
        opened.append(client)
        client.starttls(context=by_address)
        client.ehlo()
        return client

    yield connect
    for client in opened:
        client.close()


def log_in(client, user, token):
    """The reply to a login by XOAUTH2."""
    words = base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()
    code, text = client.docmd("AUTH", f"XOAUTH2 {words}")
    return client.docmd("") if code == 334 else (code, text)


def assertion(name, **changes):
    """What Entra takes in place of a secret, signed with the key of the certificate *name*."""
    certificate, key = (Path(FOLDER / "identities" / f"{name}.{kind}").read_bytes() for kind in ("crt", "key"))
    fingerprint = x509.load_pem_x509_certificate(certificate).fingerprint(SHA256())
    header = {"alg": "RS256", "typ": "JWT", "x5t#S256": base64.urlsafe_b64encode(fingerprint).decode()}
    client, now = POLICY["client_id"], int(time.time())
    claims = {"iss": client, "sub": client, "aud": POLICY["token_url"], "jti": str(uuid.uuid4()), "nbf": now}
    parts = (header, {**claims, "exp": now + 60, **changes})
    signed = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    signature = load_pem_private_key(key, None).sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_secret_is_worth_a_token(ask, upstream):
    granted = ask(client_secret=POLICY["client_secrets"][0])
    assert granted["expires_in"] == 3599
    assert (upstream.issued()[-1]["token"], upstream.issued()[-1]["proof"]) == (granted["access_token"], "secret")


def test_a_signed_assertion_is_worth_one_too(ask, upstream):
    granted = ask(client_assertion_type=ASSERTION, client_assertion=assertion("application"))
    assert (upstream.issued()[-1]["token"], upstream.issued()[-1]["proof"]) == (granted["access_token"], "certificate")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_secret": "made-up"}, "AADSTS7000215"),
        ({"client_id": "made-up"}, "AADSTS700016"),
        ({"grant_type": "password"}, "AADSTS70003"),
        ({"client_secret": "", "scope": "https://graph.microsoft.com/.default"}, "AADSTS1002012"),
        ({}, "AADSTS7000218"),
    ],
)
def test_nothing_else_is(ask, form, code):
    assert ask(**form)["error_description"].startswith(f"{code}:")


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("next_application", {}, "AADSTS700027"),
        ("application", {"aud": "https://elsewhere.example/"}, "AADSTS700021"),
        ("application", {"sub": "made-up"}, "AADSTS700021"),
        ("application", {"exp": 1}, "AADSTS700024"),
    ],
)
def test_an_assertion_has_to_be_right_in_every_part(ask, name, changes, code):
    refused = ask(client_assertion_type=ASSERTION, client_assertion=assertion(name, **changes))
    assert refused["error_description"].startswith(f"{code}:")


def test_an_assertion_cannot_be_altered(ask):
    header, claims, signature = assertion("application").split(".")
    altered = f"{header}.{claims}.{signature[::-1]}"
    refused = ask(client_assertion_type=ASSERTION, client_assertion=altered)
    assert refused["error_description"].startswith("AADSTS700027:")


def test_a_token_logs_in_to_any_mailbox(door, token):
    assert [log_in(door("exchange"), user, token)[0] for user in (USER, QUOTES)] == [235, 235]


def test_a_made_up_token_does_not(door):
    assert log_in(door("exchange"), USER, "made-up" * 30)[0] == 535


def test_a_token_that_has_ended_does_not(ask, door, upstream):
    with upstream.policy(lifetime=1):
        token = ask(client_secret=POLICY["client_secrets"][0])["access_token"]
    time.sleep(1.1)
    assert log_in(door("exchange"), USER, token)[0] == 535


def test_a_revoked_application_has_no_tokens_and_gets_none(ask, door, token, upstream):
    with upstream.policy(enabled=False):
        assert log_in(door("exchange"), USER, token)[0] == 535
        assert ask(client_secret=POLICY["client_secrets"][0])["error_description"].startswith("AADSTS7000112:")


def test_passwords_are_over(door):
    assert door("exchange").esmtp_features["auth"].split() == ["XOAUTH2"]


def test_the_sender_is_whoever_logged_in(door, token):
    client = door("exchange")
    log_in(client, USER, token)
    client.mail(APPROVER)
    assert client.rcpt(CUSTOMER)[0] == 553


def test_from_is_whoever_logged_in_where_that_is_insisted_on(door, token):
    client = door("insisting")
    log_in(client, QUOTES, token)
    with pytest.raises(smtplib.SMTPDataError, match="SendAsDenied"):
        client.send_message(compose(USER, CUSTOMER), from_addr=QUOTES)


def test_a_fourth_connection_is_refused(door):
    _connections = [door("exchange") for _number in range(3)]
    with pytest.raises(smtplib.SMTPException, match="421"):
        door("exchange")


def test_a_thirty_first_message_a_minute_is_refused(door, token):
    client = door("rationed")
    log_in(client, USER, token)
    replies = []
    for _number in range(31):
        replies.append(client.mail(USER)[0])
        client.rset()
    assert replies == [250] * 30 + [450]


def test_the_outside_takes_mail_for_its_own_domain_from_anybody(door, upstream):
    message = compose(USER, CUSTOMER)
    door("outside").send_message(message)
    arrived = upstream.arrived(message)
    assert (arrived.mailbox, arrived.door, arrived.login) == (CUSTOMER, "mx.harbor-clinic.example", None)
    client = door("outside")
    client.mail(USER)
    assert client.rcpt("somebody@elsewhere.example")[0] == 554
