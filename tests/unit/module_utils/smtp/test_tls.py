# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encryption: which certificates are accepted, what is told about the others, and wrong modes."""

from __future__ import annotations

import socket
import ssl
import warnings
from datetime import datetime, timezone

import pytest
from authority import Validity
from hostile import HostileServer, leave, silence
from talk import ANN, NOBODY, held_to, stage, talk

from ansible_collections.weestimate.mail.plugins.module_utils.smtp import dialogue
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.certificate import facts
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import Route, Trust, converse

SUBJECT = "O=Näch & Co, CN=Server of the tests"
ISSUER = "O=Näch & Co, CN=Authority of the tests"
UNKNOWN = {"subject": None, "issuer": None, "expires_at": None, "expires_in_days": None}

encrypted = pytest.mark.parametrize("mode", ["starttls", "implicit"])


def days_until(moment: str) -> int:
    return (datetime.fromisoformat(moment) - datetime.now(timezone.utc)).days


def serving(tls: ssl.SSLContext, mode: str, script=None, **facts) -> HostileServer:
    return HostileServer(script, tls, implicit=mode == "implicit", **facts)


@encrypted
def test_a_good_certificate(server_tls, trust, mode):
    with serving(server_tls, mode) as server:
        report = talk(server, mode, trust=trust, stop_after="tls")
    assert report.failure is None
    assert report.tls == {
        "protocol": "TLSv1.3",
        "cipher": report.tls["cipher"],
        "subject": SUBJECT,
        "issuer": ISSUER,
        "expires_at": report.tls["expires_at"],
        "expires_in_days": 29,
    }
    assert days_until(report.tls["expires_at"]) == 29
    assert "AES" in report.tls["cipher"] or "CHACHA" in report.tls["cipher"]
    assert stage(report, "tls").detail == f"TLSv1.3, {report.tls['cipher']}, {SUBJECT}"


@encrypted
@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="the wish is known to Linux alone")
def test_the_first_answer_after_the_handshake_is_not_held_up(server_tls, mode):
    """TLS 1.3 sends its tickets and then the answer; without care, each conversation would wait 40 ms for it."""
    waits = []
    for _attempt in range(5):
        with serving(server_tls, mode) as server:
            report = talk(server, mode, stop_after="tls")
        waits.append(stage(report, "banner").elapsed_ms + stage(report, "ehlo").elapsed_ms)
    assert min(waits) < 30


BAD = {
    # Days are rounded down, so that whatever has expired is below 0.
    "expired": (("127.0.0.1",), {"validity": Validity(-20, -3)}, "certificate_expired", -4),
    "not yet valid": (("127.0.0.1",), {"validity": Validity(3, 20)}, "certificate_expired", 19),
    "of another address": (("192.0.2.1", "mail.example.com"), {}, "certificate_hostname_mismatch", 29),
    "self-signed": (("127.0.0.1",), {"self_signed": True}, "certificate_untrusted", 29),
}


@encrypted
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_certificate(authority, trust, mode, kind):
    """It is described nevertheless, and nobody logs in to look at it."""
    names, made, cause, days = BAD[kind]
    with serving(authority.server(*names, **made), mode) as server:
        report = talk(server, mode, trust=trust, login=ANN)
    assert (report.failed_stage, report.failure.cause) == ("tls", cause)
    assert "CERTIFICATE_VERIFY_FAILED" in report.failure.text
    issuer = SUBJECT if kind == "self-signed" else ISSUER
    seen = dict(report.tls)
    assert days_until(seen.pop("expires_at")) == days
    assert seen == {"protocol": None, "cipher": None, "subject": SUBJECT, "issuer": issuer, "expires_in_days": days}
    assert set(server.verbs) <= {"EHLO", "STARTTLS", "QUIT"}
    assert stage(report, "ehlo").status == ("ok" if mode == "starttls" else "skipped")


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_certificate_where_that_does_not_matter(authority, kind):
    names, made, _cause, days = BAD[kind]
    with serving(authority.server(*names, **made), "implicit") as server:
        report = talk(server, "implicit", trust=Trust(verify=False))
    assert report.failure is None
    assert (report.tls["protocol"], report.tls["subject"], report.tls["expires_in_days"]) == ("TLSv1.3", SUBJECT, days)


def test_a_certificate_of_another_name(authority, trust):
    with HostileServer({}, authority.server("mail.example.com", "127.0.0.1"), implicit=True) as server:
        route = Route("localhost", server.port, "implicit")
        report = converse(route, trust, NOBODY, None, "tls", 5)
    assert report.failure.cause == "certificate_hostname_mismatch"
    assert "localhost" in report.failure.text


def test_an_authority_that_nobody_knows(server_tls):
    with serving(server_tls, "implicit") as server:
        report = talk(server, "implicit", trust=Trust())
    assert report.failure.cause == "certificate_untrusted"
    assert report.tls["issuer"] == ISSUER


@pytest.mark.parametrize("act", [silence, leave])
def test_a_second_look_that_fails_costs_only_the_look(authority, trust, act):
    """The server shows its certificate once, and then no more."""

    def once(peer):
        server.looks += 1
        peer.encrypt() if server.looks == 1 else act(peer)

    with serving(authority.server("192.0.2.1"), "implicit", {"handshake": once}) as server, held_to(1):
        server.looks = 0
        report = talk(server, "implicit", trust=trust, timeout=0.5)
    assert server.looks == 2
    assert (report.failure.cause, report.tls) == ("certificate_hostname_mismatch", None)


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_an_authority_that_cannot_be_read(tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with HostileServer() as server:
        report = talk(server, "starttls", trust=Trust(ca_file=str(file)))
    assert (report.failed_stage, report.failure.cause) == ("settings", None)
    assert str(file) in report.failure.text
    assert server.heard == []


def test_a_version_that_is_none(server_tls):
    with serving(server_tls, "implicit") as server:
        report = talk(server, "implicit", trust=Trust(minimum_version="SSLv3"))
    assert report.failed_stage == "settings"


class TestVersions:
    """The oldest version of TLS that will do."""

    @encrypted
    def test_too_old_a_server(self, authority, mode):
        tls = authority.server("127.0.0.1")
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        with serving(tls, mode) as server:
            report = talk(server, mode, trust=Trust(verify=False, minimum_version="TLSv1.3"))
        assert (report.failed_stage, report.failure.cause) == ("tls", "tls_version_or_cipher")

    def test_the_same_server_with_less_to_ask(self, authority):
        tls = authority.server("127.0.0.1")
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        with serving(tls, "implicit") as server:
            report = talk(server, "implicit", trust=Trust(verify=False))
        assert (report.failure, report.tls["protocol"]) == (None, "TLSv1.2")

    @pytest.mark.parametrize(
        ("minimum", "cause"), [("TLSv1.2", "tls_version_or_cipher"), ("TLSv1.1", None), ("TLSv1", None)]
    )
    def test_an_ancient_server_for_those_who_ask_for_it(self, authority, minimum, cause):
        tls = authority.server("127.0.0.1")
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is ancient is the point
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
        with serving(tls, "implicit") as server:
            report = talk(server, "implicit", trust=Trust(verify=False, minimum_version=minimum))
        assert (report.failure.cause if report.failure else None) == cause
        assert (report.tls or {}).get("protocol") == (None if cause else "TLSv1.1")

    def test_no_cipher_in_common(self, authority):
        tls = authority.server("127.0.0.1")
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        tls.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")  # which its key does not fit
        with serving(tls, "implicit") as server:
            report = talk(server, "implicit")
        assert (report.failed_stage, report.failure.cause) == ("tls", "tls_version_or_cipher")


class TestWrongMode:
    """Use SSL and the port do not go together."""

    def test_clear_text_where_tls_was_meant(self):
        with HostileServer() as server:
            report = talk(server, "implicit")
        assert (report.failed_stage, report.failure.cause) == ("tls", "tls_wrong_mode")
        assert "220 mail.example.com ESMTP" in report.failure.text

    def test_silence_on_the_port_for_implicit_tls(self, monkeypatch, server_tls):
        with serving(server_tls, "implicit") as server:
            monkeypatch.setattr(dialogue, "SUBMISSIONS_PORT", server.port)  # 465 may be taken, or not ours to take
            report = talk(server, "plain", timeout=0.3)
        assert (report.failed_stage, report.failure.cause) == ("banner", "tls_wrong_mode")

    def test_silence_on_another_port(self, server_tls):
        with serving(server_tls, "implicit") as server:
            report = talk(server, "plain", timeout=0.3)
        assert (report.failed_stage, report.failure.cause) == ("banner", "connection_timeout")

    @pytest.mark.parametrize("mode", ["plain", "starttls"])
    def test_an_alert_instead_of_a_banner(self, mode):
        """Some servers lose their patience before the client does, and say so in the way of TLS."""

        def complain(peer):
            peer.say(b"\x15\x03\x01\x00\x02\x02\x50")
            leave(peer)

        with HostileServer({"banner": complain}) as server:
            report = talk(server, mode)
        assert (report.failed_stage, report.failure.cause) == ("banner", "tls_wrong_mode")

    def test_clear_text_behind_starttls(self):
        def go_on(peer):
            peer.wait()  # what comes before the client's hello is an injection
            peer.say(b"250 Who needs it\r\n")

        with HostileServer({"handshake": go_on}) as server:
            report = talk(server, "starttls")
        assert (report.failed_stage, report.failure.cause) == ("tls", "protocol_error")
        assert "250 Who needs it" in report.failure.text

    def test_starttls_is_wanted_but_not_offered(self):
        with HostileServer({"EHLO": "250-mail.example.com\r\n250 AUTH PLAIN"}) as server:
            report = talk(server, "starttls", login=ANN)
        assert (report.failed_stage, report.failure.cause) == ("tls", "tls_not_offered")
        assert server.verbs == ["EHLO", "QUIT"]

    def test_starttls_is_not_wanted_but_required(self):
        refusal = "530 5.7.0 Must issue a STARTTLS command first"
        with HostileServer({"MAIL": refusal}) as server:
            report = talk(server)
        assert (report.failed_stage, report.failure.code, report.failure.cause) == ("mail_from", 530, None)


def test_nonsense_within_the_handshake(server_tls):
    with serving(server_tls, "implicit", {"handshake": b"\x16\x03\x03\x00\x04abcd"}) as server:
        report = talk(server, "implicit")
    assert (report.failed_stage, report.failure.cause) == ("tls", "protocol_error")


def test_a_server_that_wants_a_certificate_of_ours(authority):
    """It complains after the handshake, in TLS 1.3; what that means is for the diagnosis."""
    tls = authority.server("127.0.0.1")
    tls.load_verify_locations(authority.ca_file)
    tls.verify_mode = ssl.CERT_REQUIRED
    with serving(tls, "implicit") as server:
        report = talk(server, "implicit")
    assert report.failed_stage == "banner"
    assert "CERTIFICATE_REQUIRED" in report.failure.text
    assert report.failure.cause is None


def test_a_name_that_no_certificate_can_hold(monkeypatch):
    """It is found out before STARTTLS, so that the goodbye is still understood."""
    with HostileServer() as server:
        found = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (server.host, server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_keywords: [found])  # no resolver has it
        report = converse(Route(".example.com", server.port, "starttls"), Trust(), NOBODY, None, "tls", 2)
    assert (report.failed_stage, report.failure.cause) == ("tls", None)
    assert server.verbs == ["EHLO", "QUIT"]


class TestFacts:
    """Reading certificates that may be anything."""

    @pytest.mark.parametrize("der", [None, b"", b"0", b"0\x82", b"0\x03\x02\x01\x05", b"\x30\x80\x00\x00", b"x" * 300])
    def test_what_is_no_certificate_has_none(self, der):
        assert facts(der) == UNKNOWN

    def test_a_certificate_that_is_cut_off_or_altered(self, server_tls):
        with serving(server_tls, "implicit") as server:
            der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", server.port)))
        assert facts(der)["subject"] == SUBJECT
        assert all(facts(der[:length]) == UNKNOWN for length in range(0, len(der) - 1, 7))
        for position in range(len(der)):
            altered = facts(der[:position] + bytes([der[position] ^ 0xFF]) + der[position + 1 :])
            assert set(altered) == set(UNKNOWN), "whatever it reads, it does not fail"
