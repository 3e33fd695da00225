# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that do what real ones will not: each conversation ends in time, at the right stage, with little memory."""

from __future__ import annotations

import ssl
import tracemalloc
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hostile import POLITE, Act, HostileServer, drip, leave, silence, without_end, without_line_end
from talk import ANN, held_to, stage, status, talk

#: The stage that each point of the conversation belongs to. The second EHLO is the one after STARTTLS.
STAGES = {
    "banner": "banner",
    "EHLO": "ehlo",
    "STARTTLS": "tls",
    "handshake": "tls",
    "second EHLO": "ehlo",
    "AUTH": "auth",
    "MAIL": "mail_from",
    "RCPT": "rcpt_to",
    "DATA": "data",
    "message": "accepted",
}
IN_CLEAR_WORDS = [point for point in STAGES if point != "handshake"]

#: Seconds for conversations that have to run into their deadline.
SHORT = 1.0


def script(point: str, act: Act) -> dict[str, Act]:
    """A script that is polite but for one point."""
    return {"EHLO": [POLITE["EHLO"], act]} if point == "second EHLO" else {point: act}


def failing(server_tls: ssl.SSLContext, point: str, act: Act, timeout: float = 5.0):
    """The failure of a conversation with a server that does *act* at *point*; checked to be of the right stage."""
    with HostileServer(script(point, act), server_tls) as server:
        report = talk(server, "starttls", login=ANN, timeout=timeout)
    assert report.failed_stage == STAGES[point]
    assert status(report)[STAGES[point]] == "failed"
    return report.failure


def drip_into_the_handshake(peer):
    """Answer the client's hello with the beginning of a long record of TLS."""
    peer.wait()
    drip(peer, b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(1000))


@pytest.fixture(scope="module")
def running_late(server_tls) -> dict[tuple[str, str], Future]:
    """Conversations that run into their deadline, by what the server does and where; they wait at the same time."""
    acts = {("silence", point): silence for point in STAGES}
    acts |= {("drip", point): drip_into_the_handshake if point == "handshake" else drip for point in STAGES}
    with ThreadPoolExecutor(len(acts)) as pool:
        return {key: pool.submit(failing, server_tls, key[1], act, SHORT) for key, act in acts.items()}


@pytest.mark.parametrize("point", STAGES)
def test_silence(running_late, point):
    failure = running_late["silence", point].result()
    assert failure.cause == "connection_timeout"
    assert "1 s" in failure.text


@pytest.mark.parametrize("point", STAGES)
def test_one_byte_after_the_other_does_not_stretch_the_deadline(running_late, point):
    assert running_late["drip", point].result().cause == "connection_timeout"


@pytest.mark.parametrize("point", STAGES)
def test_disconnect(server_tls, point):
    with held_to(1):
        assert failing(server_tls, point, leave).cause == "server_disconnected"


@pytest.mark.parametrize("act", [without_end, without_line_end])
@pytest.mark.parametrize("point", IN_CLEAR_WORDS)
def test_endless_answers_end_at_once_and_take_little_memory(server_tls, point, act):
    failing(server_tls, point, act)  # whatever is loaded once
    tracemalloc.start()
    try:
        with held_to(2):
            failure = failing(server_tls, point, act)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert failure.cause == "protocol_error"
    assert peak < 1024 * 1024, "with what the server in this process needs"


@pytest.mark.parametrize("point", IN_CLEAR_WORDS)
def test_a_line_of_100_kilobytes(server_tls, point):
    failure = failing(server_tls, point, b"250 " + b"x" * 100_000 + b"\r\n")
    assert failure.cause == "protocol_error"
    assert len(failure.text) < 200


@pytest.mark.parametrize(
    "reply",
    [
        b"hello\r\n",
        b"\r\n",
        b"25\r\n",
        b"2500 ok\r\n",
        b"250ok\r\n",
        b"25\x00 ok\r\n",
        "２５０ ok\r\n".encode(),  # noqa: RUF001 - digits of another script, which a careless reader takes for digits
        b"099 ok\r\n",
        b"199 ok\r\n",
        b"600 ok\r\n",
        b"+25 ok\r\n",
        b"250-first\r\n251 second\r\n",
        b"550-first\r\n250 second\r\n",
        b"250-first\r\nsecond\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
@pytest.mark.parametrize("point", ["banner", "second EHLO", "RCPT"])
def test_malformed_replies(server_tls, point, reply):
    with held_to(1):
        assert failing(server_tls, point, reply).cause == "protocol_error"


@pytest.mark.parametrize("point", IN_CLEAR_WORDS)
def test_a_reply_that_does_not_fit(server_tls, point):
    """It is no refusal, but nothing to go on with either."""
    failure = failing(server_tls, point, "354 Go on" if point != "DATA" else "250 Thank you")
    assert failure.cause == "protocol_error"


def test_answers_before_the_question():
    with HostileServer({"MAIL": b"250 ok\r\n250 and this one too\r\n"}) as server:
        report = talk(server)
    failure = report.failure
    assert (failure.stage, failure.cause) == ("rcpt_to", "protocol_error")
    assert server.verbs == ["EHLO", "MAIL"], "nothing more is said to it"


def test_the_announcement_of_an_end_is_understood_at_any_time():
    with HostileServer({"MAIL": b"250 ok\r\n421 4.3.2 Shutting down\r\n"}) as server:
        report = talk(server)
    assert (report.failure.stage, report.failure.code, report.failure.cause) == ("rcpt_to", 421, None)
    assert report.failure.enhanced == "4.3.2"


def test_last_words_before_the_connection_breaks():
    """What the server said before it left is told, not that the next command met a closed connection."""

    def bow_out(peer):
        peer.say(b"421 4.4.2 Idle for too long\r\n")
        leave(peer)

    def accept_and_bow_out(peer):
        peer.say(b"250 ok\r\n")
        bow_out(peer)

    with HostileServer({"MAIL": accept_and_bow_out}) as server:
        report = talk(server)
    assert (report.failure.stage, report.failure.code) == ("rcpt_to", 421)


@pytest.mark.parametrize("encrypted", [False, True])
def test_injection_behind_starttls(server_tls, encrypted):
    """What stands behind the answer was sent by whoever sits on the line, and must not be read as if encrypted."""

    def inject(peer):
        peer.say(b"220 Ready\r\n250-mail.example.com\r\n250 AUTH PLAIN\r\n")
        if encrypted:
            peer.encrypt()

    with HostileServer({"STARTTLS": inject}, server_tls) as server:
        report = talk(server, "starttls", login=ANN)
    assert (report.failure.stage, report.failure.cause) == ("tls", "protocol_error")
    assert server.verbs == ["EHLO", "STARTTLS"], "the conversation is given up"


def without_tls(peer):
    """Go on in clear text after the client's hello."""
    peer.wait()
    peer.say(b"250 who needs it\r\n")


@pytest.mark.parametrize("answer", ["454 4.7.0 TLS not available", "500 5.5.1 What?", "220 Ready"])
def test_no_downgrade(server_tls, answer):
    """However STARTTLS fails, nothing is said in clear text instead."""
    with HostileServer({"STARTTLS": answer, "handshake": without_tls}, server_tls) as server:
        report = talk(server, "starttls", login=ANN)
    assert report.failed_stage == "tls"
    assert {"AUTH", "MAIL"}.isdisjoint(server.verbs)


def test_capabilities_from_before_tls_are_forgotten(server_tls):
    """A login that was offered in clear text only is not offered."""
    after = "250-mail.example.com\r\n250 SIZE 1000"
    with HostileServer({"EHLO": [POLITE["EHLO"], after]}, server_tls) as server:
        report = talk(server, "starttls", login=ANN)
    assert (report.failure.stage, report.failure.cause) == ("auth", "auth_not_offered")
    assert "AUTH" not in server.verbs


def test_capabilities_that_appear_with_tls_count(server_tls):
    before = "250-mail.example.com\r\n250-STARTTLS\r\n250 SIZE 1"
    after = "250-mail.example.com\r\n250 AUTH LOGIN"
    asks = {"AUTH": "334 VXNlcm5hbWU6", "response": ["334 UGFzc3dvcmQ6", "235 ok"]}
    with HostileServer({"EHLO": [before, after], **asks}, server_tls) as server:
        report = talk(server, "starttls", login=ANN)
    assert report.failure is None, "the limit of one byte is no longer there"
    assert "AUTH LOGIN" in server.heard
    assert "MAIL FROM:<ann@example.com>" in server.heard


def test_unreadable_bytes_in_words():
    words = "250 2.1.0 Größe\x00\x1b[31m\u202e\x07 ".encode() + b"\xff\xfe ok\r\n"
    with HostileServer({"MAIL": words}) as server:
        report = talk(server)
    assert report.failure is None
    assert stage(report, "mail_from").detail == "<ann@example.com>: 2.1.0 Größe[31m \ufffd\ufffd ok"
    assert stage(report, "mail_from").enhanced_code == "2.1.0"


def test_a_goodbye_that_is_not_answered_costs_a_second_at_most():
    with HostileServer({"QUIT": silence}) as server, held_to(1.5):
        assert talk(server, timeout=30).failure is None


def test_a_goodbye_stays_within_the_deadline():
    with HostileServer({"QUIT": silence}) as server, held_to(0.9):
        assert talk(server, timeout=0.5).failure is None


def test_capabilities_of_any_shape():
    lines = ["250-", "250-=", "250-SIZE", "250-SIZE 99999999999999999999999999999", "250-SIZE x y", "250 \t AUTH="]
    with HostileServer({"EHLO": "250-hi\r\n" + "\r\n".join(lines)}) as server:
        assert talk(server).failure is None
