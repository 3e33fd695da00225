# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The course of a conversation: how far it goes, what is asked on the way, and what is told about it."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from hostile import POLITE, HostileServer
from talk import ANN, MAIL, NOBODY, stage, status, talk

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import (
    STOPS,
    Login,
    Report,
    Route,
    Trust,
    converse,
)
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.message import Outgoing

REST = ("auth", "mail_from", "rcpt_to", "data", "accepted")
CLEAR_ORDER = ["settings", "dns", "connect", "banner", "ehlo", "tls", *REST]
IMPLICIT_ORDER = ["settings", "dns", "connect", "tls", "banner", "ehlo", *REST]
RELAXED = Login(ANN.user, ANN.password, allow_plaintext=True)


@pytest.mark.parametrize(
    ("stop_after", "verbs"),
    [
        ("connect", "EHLO QUIT"),
        ("tls", "EHLO QUIT"),
        ("auth", "EHLO AUTH QUIT"),
        ("envelope", "EHLO AUTH MAIL RCPT RSET QUIT"),
        ("message", "EHLO AUTH MAIL RCPT DATA QUIT"),
        ("delivery", "EHLO AUTH MAIL RCPT DATA QUIT"),
    ],
)
@pytest.mark.parametrize(("mode", "order"), [("plain", CLEAR_ORDER), ("implicit", IMPLICIT_ORDER)])
def test_it_goes_as_far_as_asked(server_tls, mode, order, stop_after, verbs):
    with HostileServer(tls=server_tls, implicit=mode == "implicit") as server:
        report = talk(server, mode, login=RELAXED, stop_after=stop_after)
    assert report.failure is None
    assert [each.name for each in report.stages] == order
    if (mode, stop_after) == ("implicit", "connect"):
        verbs = ""  # nothing can be said before TLS
    assert server.verbs == verbs.split()
    assert len(server.mails) == (stop_after in ("message", "delivery"))


@pytest.mark.parametrize(("stop_after", "greetings"), [("connect", 1), ("tls", 2), ("message", 2)])
def test_starttls_belongs_to_the_tls_stage(server_tls, stop_after, greetings):
    with HostileServer(tls=server_tls) as server:
        report = talk(server, "starttls", stop_after=stop_after)
    assert report.failure is None
    assert [each.name for each in report.stages] == CLEAR_ORDER
    assert server.verbs.count("EHLO") == greetings
    assert ("STARTTLS" in server.verbs) == (stop_after != "connect")


def test_stages_that_were_not_reached_are_skipped():
    with HostileServer({"MAIL": "451 4.3.0 Try again later"}) as server:
        report = talk(server)
    assert status(report) == {
        **dict.fromkeys(CLEAR_ORDER, "ok"),
        **dict.fromkeys(["tls", "auth", "rcpt_to", "data", "accepted"], "skipped"),
        "mail_from": "failed",
    }
    assert stage(report, "rcpt_to").elapsed_ms == 0.0
    assert stage(report, "auth").detail == "The settings name no user."


@pytest.mark.parametrize(
    ("point", "failed", "said"),
    [
        ("banner", "banner", ""),
        ("EHLO", "ehlo", "EHLO QUIT"),
        ("AUTH", "auth", "EHLO AUTH QUIT"),
        ("MAIL", "mail_from", "EHLO AUTH MAIL QUIT"),
        ("RCPT", "rcpt_to", "EHLO AUTH MAIL RCPT RSET QUIT"),
        ("DATA", "data", "EHLO AUTH MAIL RCPT DATA RSET QUIT"),
        ("message", "accepted", "EHLO AUTH MAIL RCPT DATA QUIT"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_server(point, failed, said):
    """What they mean is not judged here, and the goodbye is polite."""
    with HostileServer({point: "550-5.7.1 Not today,\r\n550 5.7.1  and not tomorrow"}) as server:
        report = talk(server, login=RELAXED)
    failure = report.failure
    assert (failure.stage, failure.code, failure.enhanced, failure.cause) == (failed, 550, "5.7.1", None)
    assert failure.text == "5.7.1 Not today, and not tomorrow"
    told = stage(report, failed)
    assert (told.reply_code, told.enhanced_code) == (550, "5.7.1")
    assert told.detail.endswith("Not today, and not tomorrow")
    assert server.verbs == (said.split() or ["QUIT"])


def test_a_server_that_closes_is_not_told_goodbye():
    with HostileServer({"banner": "421 4.3.2 Too busy"}) as server:
        report = talk(server)
    assert (report.failed_stage, report.failure.code) == ("banner", 421)
    assert server.verbs == []


def test_the_report_in_plain_types():
    with HostileServer({"RCPT": "450 4.2.0 Greylisted"}) as server:
        report = talk(server)
    told = json.loads(json.dumps(report.as_dict()))
    assert told == report.as_dict()
    assert set(told) == {"stages", "failed_stage", "failure", "tls", "peer"}
    assert told["failed_stage"] == "rcpt_to"
    assert told["peer"] == f"127.0.0.1:{server.port}"
    assert told["failure"] == {
        "stage": "rcpt_to",
        "text": "4.2.0 Greylisted",
        "code": 450,
        "enhanced": "4.2.0",
        "cause": None,
        "recipient": "bob@example.org",
    }
    banner = next(each for each in told["stages"] if each["name"] == "banner")
    assert set(banner) == {"name", "status", "elapsed_ms", "reply_code", "enhanced_code", "detail"}
    assert (banner["reply_code"], banner["detail"]) == (220, "mail.example.com ESMTP")


def test_time_is_told_per_stage():
    def late(peer):
        time.sleep(0.1)
        peer.say(b"250 ok\r\n")

    with HostileServer({"MAIL": late}) as server:
        report = talk(server)
    assert 90 < stage(report, "mail_from").elapsed_ms < 1000
    assert stage(report, "rcpt_to").elapsed_ms < 90
    assert all(each.elapsed_ms == round(each.elapsed_ms, 1) for each in report.stages)


def test_both_greetings_count_for_the_time_of_the_greeting(server_tls):
    def late(peer):
        time.sleep(0.1)
        peer.say(POLITE["EHLO"].encode() + b"\r\n")

    with HostileServer({"EHLO": late}, server_tls) as server:
        report = talk(server, "starttls", stop_after="tls")
    assert stage(report, "ehlo").elapsed_ms > 190


def test_a_very_long_answer_is_told_in_part():
    with HostileServer({"MAIL": "\r\n".join(["550-" + "x" * 1000] * 20 + ["550 end"])}) as server:
        report = talk(server)
    assert report.failure.code == 550
    assert len(report.failure.text) == 2000


@pytest.mark.parametrize("route", [Route("", 25, "plain"), Route("a b", 25, "plain"), Route("a\nb", 25, "plain")])
def test_an_address_that_is_none(route):
    report = converse(route, Trust(), NOBODY, None, "connect", 1)
    assert report.failed_stage == "settings"
    assert "SMTP Address" in report.failure.text
    assert report.peer is None


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none(port):
    report = converse(Route("localhost", port, "plain"), Trust(), NOBODY, None, "connect", 1)
    assert report.failed_stage == "settings"
    assert "SMTP Port" in report.failure.text


def test_a_mode_that_is_none():
    assert converse(Route("localhost", 25, "tls"), Trust(), NOBODY, None, "connect", 1).failed_stage == "settings"


def test_a_caller_that_forgets_the_mail():
    with pytest.raises(ValueError, match="needs a mail"):
        converse(Route("localhost", 25, "plain"), Trust(), NOBODY, None, "envelope", 1)


@pytest.mark.parametrize(
    ("use_ssl", "port", "mode"),
    [
        (False, 25, "plain"),
        (False, 465, "plain"),
        (True, 587, "starttls"),
        (True, 25, "starttls"),
        (True, 465, "implicit"),
    ],
)
def test_the_route_that_settings_mean(use_ssl, port, mode):
    settings = {"smtp_address": "mail.example.com", "smtp_port": port, "use_ssl": use_ssl}
    assert Route.of(settings) == Route("mail.example.com", port, mode)


def test_ports_of_ones_own_for_implicit_tls():
    settings = {"smtp_address": "mail.example.com", "smtp_port": 2465, "use_ssl": True}
    assert Route.of(settings, [2465]).mode == "implicit"
    assert Route.of({**settings, "smtp_port": 465}, [2465]).mode == "starttls"


def test_settings_without_a_place_have_no_route():
    assert Route.of({"smtp_address": None, "smtp_port": None, "use_ssl": None}).fault()


class TestGreeting:
    """EHLO, and who says it."""

    def test_by_address(self, monkeypatch):
        monkeypatch.setattr(socket, "gethostname", lambda: "laptop")  # the name of this machine is not ours to choose
        with HostileServer() as server:
            talk(server)
        assert server.heard[0] == "EHLO [127.0.0.1]"

    def test_by_name(self, monkeypatch):
        monkeypatch.setattr(socket, "gethostname", lambda: "ctl.example.com")
        with HostileServer() as server:
            talk(server)
        assert server.heard[0] == "EHLO ctl.example.com"

    @pytest.mark.parametrize("name", ["localhost.localdomain", "a b.example.com", "a.b\r\nRSET", "büro.example.com"])
    def test_not_by_a_name_that_says_nothing_or_too_much(self, monkeypatch, name):
        monkeypatch.setattr(socket, "gethostname", lambda: name)
        with HostileServer() as server:
            talk(server)
        assert server.heard[0] == "EHLO [127.0.0.1]"

    @pytest.mark.parametrize("refusal", ["500 What?", "502 5.5.1 Not implemented"])
    def test_helo_for_servers_that_know_nothing_else(self, refusal):
        with HostileServer({"EHLO": refusal}) as server:
            report = talk(server)
        assert report.failure is None
        assert server.verbs == ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT"]
        assert "MAIL FROM:<ann@example.com>" in server.heard, "no extension is used"

    def test_without_extensions_there_is_no_tls(self):
        with HostileServer({"EHLO": "502 5.5.1 Not implemented"}) as server:
            report = talk(server, "starttls")
        assert (report.failed_stage, report.failure.cause) == ("tls", "tls_not_offered")

    def test_helo_refused_too(self):
        with HostileServer({"EHLO": "502 no", "HELO": "550 5.7.1 no"}) as server:
            report = talk(server)
        assert (report.failed_stage, report.failure.code) == ("ehlo", 550)


class TestEnvelope:
    """MAIL FROM with what the mail needs, and every RCPT TO."""

    def test_the_size_is_announced(self):
        with HostileServer() as server:
            assert talk(server).failure is None
        assert f"MAIL FROM:<ann@example.com> SIZE={len(MAIL.content)}" in server.heard
        assert "RCPT TO:<bob@example.org>" in server.heard

    @pytest.mark.parametrize("limit", ["", " 0", f" {len(MAIL.content)}", " unlimited"])
    def test_sizes_that_are_no_obstacle(self, limit):
        with HostileServer({"EHLO": f"250-hi\r\n250 SIZE{limit}"}) as server:
            assert talk(server).failure is None

    def test_a_mail_beyond_the_size(self):
        with HostileServer({"EHLO": f"250-hi\r\n250 SIZE {len(MAIL.content) - 1}"}) as server:
            report = talk(server)
        assert (report.failed_stage, report.failure.cause) == ("mail_from", "message_too_large")
        assert "MAIL" not in server.verbs

    def test_letters_beyond_ascii_need_smtputf8(self):
        mail = Outgoing("änn@example.com", ("bob@example.org",), MAIL.content, "1")
        with HostileServer({"EHLO": "250 hi"}) as server:
            report = talk(server, mail=mail)
        assert (report.failed_stage, report.failure.cause) == ("mail_from", "encoding_unsupported")
        assert "MAIL" not in server.verbs

    def test_letters_beyond_ascii_where_they_are_taken(self):
        content = "Subject: Ä\r\n\r\nHello\r\n".encode()
        mail = Outgoing("ann@example.com", ("bøb@example.org",), content, "1")
        with HostileServer({"EHLO": "250-hi\r\n250-8bitmime\r\n250 smtputf8"}) as server:
            report = talk(server, mail=mail)
        assert report.failure is None
        assert "MAIL FROM:<ann@example.com> SMTPUTF8 BODY=8BITMIME" in server.heard
        assert "RCPT TO:<bøb@example.org>" in server.heard

    def test_every_recipient_is_asked_and_each_refusal_named(self):
        recipients = ("gone@example.org", "bob@example.org", "away@example.org")
        mail = Outgoing("ann@example.com", recipients, MAIL.content, "1")
        replies = ["451 4.7.1 Greylisted", "250 ok", "550 5.1.1 No such user"]
        with HostileServer({"RCPT": replies}) as server:
            report = talk(server, mail=mail)
        assert server.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "RSET", "QUIT"], "nothing is sent to the rest"
        failure = report.failure
        assert (failure.stage, failure.recipient, failure.code) == ("rcpt_to", "away@example.org", 550)
        assert failure.text == "5.1.1 No such user"
        assert stage(report, "rcpt_to").detail == (
            "2 of 3 refused: <gone@example.org>: 451 4.7.1 Greylisted; <away@example.org>: 550 5.1.1 No such user"
        )

    @pytest.mark.parametrize("reply", ["251 Will forward", "252 Cannot verify, but will try"])
    def test_other_ways_to_take_a_recipient(self, reply):
        with HostileServer({"RCPT": reply}) as server:
            assert talk(server).failure is None

    def test_no_more_recipients_for_a_server_that_closes(self):
        mail = Outgoing("ann@example.com", ("a@example.org", "b@example.org"), MAIL.content, "1")
        with HostileServer({"RCPT": "421 4.7.0 Too many errors"}) as server:
            report = talk(server, mail=mail)
        assert server.verbs == ["EHLO", "MAIL", "RCPT"]
        assert report.failure.code == 421


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b".a\r\n..b\r\nc.\r\n", b"..a\r\n...b\r\nc.\r\n"),
        (b"a\nb\rc\n.\nQUIT\n", b"a\r\nb\r\nc\r\n..\r\nQUIT\r\n"),
        (b"no end", b"no end\r\n"),
        (b"\r\n\n.", b"\r\n\r\n..\r\n"),
    ],
)
def test_the_message_cannot_end_early(content, sent):
    """Neither a dot nor a bare line end inside of it is taken for its end (CVE-2023-51764 and its kind)."""
    with HostileServer() as server:
        report = talk(server, mail=Outgoing("a@example.com", ("b@example.com",), content, "1"))
    assert report.failure is None
    assert server.mails == [sent]
    assert server.verbs[-1] == "QUIT"


def test_stops_are_in_order():
    assert STOPS == ("connect", "tls", "auth", "envelope", "message", "delivery")


def test_a_report_of_success():
    report = Report([])
    assert (report.failed_stage, report.as_dict()["failure"]) == (None, None)


def test_no_line_that_is_sent_is_longer_than_a_command_may_be():
    with HostileServer() as server:
        talk(server, login=RELAXED)
    assert all(len(line) <= 510 and not re.search(r"[\r\n\0]", line) for line in server.heard)
