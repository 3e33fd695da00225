# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the facts about a relay are judged to be, point by point."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.checklist import FAILED, NOT_CHECKABLE, OK, WARNING
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import checkup

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
LIMITS = checkup.Limits(NOW)
TLS = {
    "protocol": "TLSv1.3",
    "cipher": "TLS_AES_256_GCM_SHA384",
    "subject": "CN=smtp.office365.com",
    "issuer": "CN=Example CA",
    "expires_at": "2027-02-20T00:00:00+00:00",
    "expires_in_days": 89,
}
QUEUE = {"length": 0, "held": 0, "oldest_seconds": 0, "reasons": []}


def report(stage: str | None = None, text: str = "", cause: str | None = None, **more: Any) -> dict[str, Any]:
    """A conversation that ended at a stage, or went through; ``tls`` is what it met, by default `TLS`."""
    failure = {"stage": stage, "text": text, "code": None, "enhanced": None, "cause": cause, "recipient": None}
    return {
        "stages": [],
        "failed_stage": stage,
        "failure": failure if stage else None,
        "peer": "198.51.100.25:587",
        "tls": more.get("tls", TLS),
    }


def upstream(**more: Any) -> dict[str, Any]:
    """Exchange Online behind the proxy, with nothing wrong."""
    return {
        "name": "exchange",
        "auth": "oauth",
        "route": {"address": "smtp.office365.com", "port": 587, "mode": "starttls"},
        "reach": report(),
        "login": report(tls=None),
        "stored": True,
        "token": "",
        "credential": {"kind": "secret", "expires_at": "2027-03-31", "problem": None},
        **more,
    }


def judged(*upstreams: dict[str, Any], **more: Any) -> dict[str, tuple[str, str, str]]:
    """Status, reason and remedy of each point."""
    facts = {
        "runs": True,
        "on_trial": False,
        "certificate": {"kind": "certificate", "expires_at": "2027-02-20T00:00:00+00:00", "problem": None},
        "logins": True,
        "queue": QUEUE,
        "upstreams": list(upstreams),
        **more,
    }
    return {each.point: (each.status, each.why, each.remedy) for each in checkup.examine(facts, LIMITS)}


def test_a_relay_in_order_has_a_point_for_each_thing_in_a_fixed_order() -> None:
    found = judged(upstream())

    assert list(found) == [
        "Postfix",
        "Certificate",
        "Logins",
        "exchange: connection",
        "exchange: encryption",
        "exchange: certificate",
        "exchange: login",
        "exchange: client secret",
        "Queue",
    ]
    assert {status for status, _why, _remedy in found.values()} == {OK}
    assert "token was obtained" in found["exchange: login"][1]
    assert "129 days" in found["exchange: client secret"][1]


def test_a_configuration_that_nobody_has_proven() -> None:
    status, why, remedy = judged(on_trial=True)["Trial"]
    assert (status, "refused for good waits" in why, "weestimate.mail.relay" in remedy) == (WARNING, True, True)


@pytest.mark.parametrize(
    ("expires_at", "status", "words"),
    [
        ("2026-11-20T12:00:00+00:00", FAILED, "ended on 2026-11-20"),
        ("2026-12-10T12:00:00+00:00", WARNING, "ends in 18 days"),
        ("2026-12-22T12:00:00+00:00", OK, "good for 30 days"),
    ],
)
def test_the_certificate_that_instances_are_shown(expires_at: str, status: str, words: str) -> None:
    certificate = {"kind": "certificate", "expires_at": expires_at, "problem": None}
    found = judged(certificate=certificate)["Certificate"]
    assert (found[0], words in found[1]) == (status, True)


def test_a_certificate_that_cannot_be_read() -> None:
    problem = "/etc/relay.crt cannot be read (No such file or directory)"
    found = judged(certificate={"kind": "certificate", "expires_at": None, "problem": problem})["Certificate"]
    assert found[:2] == (FAILED, f"{problem}.")


def test_logins_that_nobody_judges() -> None:
    status, why, remedy = judged(logins=False)["Logins"]
    assert (status, why) == (FAILED, "Dovecot does not answer, so no instance can log in.")
    assert "weestimate-relay-login" in remedy


def test_without_doors_of_that_kind_there_are_no_such_points() -> None:
    assert not {"Certificate", "Logins"} & judged(certificate=None, logins=None).keys()


def test_postfix_that_does_not_run() -> None:
    assert judged(runs=False)["Postfix"][0] == FAILED


def test_an_upstream_that_does_not_answer() -> None:
    down = report("connect", "[Errno 111] Connection refused", "connection_refused", tls=None)
    found = judged(
        upstream(reach=down, login=report("banner", "The server closed the connection.", "server_disconnected"))
    )

    assert found["exchange: connection"][0] == FAILED
    assert "Seen: [Errno 111] Connection refused" in found["exchange: connection"][1]
    assert found["exchange: encryption"][0] == NOT_CHECKABLE
    assert "exchange: certificate" not in found
    assert "proxy cannot reach the upstream" in found["exchange: login"][1]


def test_a_certificate_that_is_not_accepted() -> None:
    found = judged(upstream(auth="password", credential=None, reach=report("tls", "no", "certificate_expired")))

    assert found["exchange: encryption"][0] == FAILED
    assert "out of its period" in found["exchange: encryption"][1]
    assert "exchange: certificate" not in found


@pytest.mark.parametrize(("days", "status"), [(29, WARNING), (30, OK)])
def test_a_certificate_that_ends_soon(days: int, status: str) -> None:
    found = judged(upstream(reach=report(tls={**TLS, "expires_in_days": days})))

    assert found["exchange: certificate"][0] == status


def test_the_word_of_the_token_endpoint_decides() -> None:
    refused = report("auth", "5.7.8 Authentication credentials invalid.", tls=None)
    said = "{'error': 'invalid_client', 'error_description': 'AADSTS7000222: The secret is expired.'}"

    status, why, remedy = judged(upstream(login=refused, token=said))["exchange: login"]

    assert status == FAILED
    assert "The client secret has expired." in why
    assert "AADSTS7000222" in why
    assert "rotate_relay_secret" in remedy


def test_a_token_fault_that_nobody_knows_is_shown_as_it_is() -> None:
    text = "5.7.8 Authentication credentials invalid. Email OAuth 2.0 Proxy: Login failed for account a@b"
    status, why, remedy = judged(upstream(login=report("auth", text, tls=None), token="a new word"))["exchange: login"]

    assert (status, "got no token" in why, "Seen: a new word." in why) == (FAILED, True, True)
    assert "weestimate-relay-oauth@exchange" in remedy
    assert "@NAME" not in remedy


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (report("auth", "5.7.3 Authentication unsuccessful", tls=None), "does not accept the token"),
        (report("connect", "[Errno 111] Connection refused", "connection_refused", tls=None), "proxy does not run"),
        (report("ehlo", "The server closed the connection.", "server_disconnected", tls=None), "before the login"),
    ],
)
def test_a_login_through_the_proxy_that_fails(login: dict[str, Any], words: str) -> None:
    status, why, _remedy = judged(upstream(login=login))["exchange: login"]

    assert status == FAILED
    assert words in why


def test_a_login_with_a_password_that_fails_and_one_that_was_not_reached() -> None:
    refused = report("auth", "5.7.139 Authentication unsuccessful, basic authentication is disabled.")
    broken = report("tls", "no", "certificate_untrusted")
    points = {
        "refused": upstream(name="refused", auth="password", credential=None, reach=refused, login=refused),
        "broken": upstream(name="broken", auth="password", credential=None, reach=broken, login=broken),
    }

    found = judged(*points.values())

    assert found["refused: login"][0] == FAILED
    assert "no longer accepts a login with a password" in found["refused: login"][1]
    assert found["broken: login"][0] == NOT_CHECKABLE


def test_a_login_that_postfix_does_not_know() -> None:
    status, why, remedy = judged(upstream(stored=False, login=None))["exchange: login"]

    assert status == FAILED
    assert "knows no login" in why
    assert "weestimate.mail.relay" in remedy


def test_an_upstream_without_login_and_encryption() -> None:
    plain = {"address": "mail.contoso.com", "port": 25, "mode": "plain"}
    found = judged(
        upstream(auth="none", stored=False, login=None, credential=None, route=plain, reach=report(tls=None))
    )

    assert [found[f"exchange: {point}"][0] for point in ("connection", "encryption", "login")] == [OK, OK, OK]


@pytest.mark.parametrize(
    ("expires_at", "status", "words"),
    [
        ("2026-11-21", FAILED, "ended on 2026-11-21"),
        ("2026-11-22", WARNING, "ends in 0 days"),
        ("2026-12-21", WARNING, "ends in 29 days"),
        ("2026-12-22", OK, "good for 30 days"),
        ("2026-11-22T11:59:59+00:00", FAILED, "ended on 2026-11-22"),
        ("2027-11-22T12:00:00+00:00", OK, "good for 365 days"),
        (None, NOT_CHECKABLE, "Nobody has stated"),
    ],
)
def test_the_end_of_a_credential(expires_at: str | None, status: str, words: str) -> None:
    credential = {"kind": "certificate", "expires_at": expires_at, "problem": None}

    found = judged(upstream(credential=credential))["exchange: client certificate"]

    assert found[0] == status
    assert words in found[1]


def test_a_credential_that_cannot_be_read() -> None:
    credential = {
        "kind": "certificate",
        "expires_at": None,
        "problem": "/etc/app.crt cannot be read (Permission denied)",
    }

    found = judged(upstream(credential=credential))["exchange: client certificate"]

    assert found[:2] == (FAILED, "/etc/app.crt cannot be read (Permission denied).")


@pytest.mark.parametrize(
    ("seconds", "held", "status", "words"),
    [
        (300, 0, OK, "the oldest for 5 minutes"),
        (300, 2, WARNING, "Put aside by hand: 2."),
        (3600, 0, FAILED, "the oldest for 60 minutes"),
        (4 * 86400, 0, FAILED, "the oldest for 4 days"),
    ],
)
def test_the_queue(seconds: int, held: int, status: str, words: str) -> None:
    waiting = {**QUEUE, "length": 1200, "oldest_seconds": seconds, "held": held}

    found = judged(queue=waiting)["Queue"]

    assert found[0] == status
    assert "1,200 mails" in found[1]
    assert words in found[1]


def test_each_meaning_of_a_reason_is_a_point_with_a_count() -> None:
    reasons = [
        {"reason": "connect to a[192.0.2.1]:25: Connection refused", "count": 3},
        {"reason": "connect to b[192.0.2.2]:25: Connection refused", "count": 2},
        {
            "reason": "SASL authentication failed; server a[192.0.2.1] said: 535 5.7.8 Error: authentication failed",
            "count": 1,
        },
    ]

    found = judged(queue={**QUEUE, "length": 6, "reasons": reasons})

    assert found["Queue: connection_refused"][0] == WARNING
    assert "5 recipients waiting" in found["Queue: connection_refused"][1]
    assert found["Queue: auth_bad_credentials"][0] == FAILED
    assert "To be mended by: mail administrator." in found["Queue: auth_bad_credentials"][1]
    assert found["Queue: auth_bad_credentials"][2]


def test_upstreams_for_a_program() -> None:
    facts = {
        "runs": True,
        "queue": QUEUE,
        "upstreams": [
            upstream(),
            upstream(name="b", reach=report("connect", "refused", "connection_refused", tls=None)),
        ],
    }

    good, bad = checkup.upstreams(facts, LIMITS)

    assert (good["reachable"], good["logged_in"], good["diagnosis"]) == (True, True, None)
    assert good["credential"] == {"kind": "secret", "expires_at": "2027-03-31", "days": 129}
    assert (bad["reachable"], bad["tls"], bad["diagnosis"]["cause"]) == (False, None, "connection_refused")
