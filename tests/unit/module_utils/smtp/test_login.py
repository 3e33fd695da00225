# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in: each mechanism, what is chosen when, and that no secret comes back out."""

from __future__ import annotations

import base64
import json

import pytest
from canary import Canary
from hostile import POLITE, HostileServer, leave
from talk import ANN, MAIL, stage, talk

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import Login, Route, Trust, converse
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.scrub import MASK, Scrubber

SECRET = Canary.named("parole")
TOKEN = "ya29.A0ARrdaM-canary-" + "k" * 40
PLAIN = "AUTH PLAIN " + base64.b64encode(f"\0{ANN.user}\0{ANN.password}".encode()).decode()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def login(**facts) -> Login:
    """Ann's login over whatever connection there is."""
    return Login(**{"user": ANN.user, "password": ANN.password, "allow_plaintext": True, **facts})


def offering(*mechanisms: str) -> dict:
    return {"EHLO": f"250-mail.example.com\r\n250 AUTH {' '.join(mechanisms)}"}


def heard(server: HostileServer) -> list[str]:
    """What was said between the greeting and the goodbye."""
    return [line for line in server.heard if not line.startswith(("EHLO", "QUIT"))]


class TestMechanisms:
    """What goes over the wire."""

    def test_plain(self):
        with HostileServer(offering("PLAIN")) as server:
            report = talk(server, login=login(), stop_after="auth")
        assert report.failure is None
        assert heard(server) == [PLAIN]
        assert stage(report, "auth").detail == "PLAIN: 2.7.0 Authentication successful"

    def test_login(self):
        asks = {"AUTH": "334 VXNlcm5hbWU6", "response": ["334 UGFzc3dvcmQ6", "235 ok"]}
        with HostileServer({**offering("LOGIN"), **asks}) as server:
            assert talk(server, login=login(), stop_after="auth").failure is None
        assert heard(server) == ["AUTH LOGIN", b64(ANN.user), b64(ANN.password)]

    def test_login_with_prompts_of_another_kind(self):
        asks = {"AUTH": "334 Please!", "response": ["334", "235 ok"]}
        with HostileServer({**offering("LOGIN"), **asks}) as server:
            assert talk(server, login=login(), stop_after="auth").failure is None
        assert heard(server) == ["AUTH LOGIN", b64(ANN.user), b64(ANN.password)]

    def test_cram_md5_by_the_example_of_rfc_2195(self):
        asks = {"AUTH": "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"}
        tim = login(user="tim", password="tanstaaftanstaaf")
        with HostileServer({**offering("CRAM-MD5"), **asks}) as server:
            assert talk(server, login=tim, stop_after="auth").failure is None
        assert heard(server) == ["AUTH CRAM-MD5", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"]

    def test_xoauth2(self):
        with HostileServer(offering("XOAUTH2", "PLAIN")) as server:
            assert talk(server, login=login(oauth_token=TOKEN), stop_after="auth").failure is None
        assert heard(server) == [f"AUTH XOAUTH2 {b64(f'user={ANN.user}{chr(1)}auth=Bearer {TOKEN}{chr(1)}{chr(1)}')}"]

    def test_a_long_token_gets_a_line_of_its_own(self):
        token = "t" * 2000
        asks = {"AUTH": "334 ", "response": "235 ok"}
        with HostileServer({**offering("XOAUTH2"), **asks}) as server:
            assert talk(server, login=login(oauth_token=token), stop_after="auth").failure is None
        assert heard(server) == ["AUTH XOAUTH2", b64(f"user={ANN.user}\1auth=Bearer {token}\1\1")]

    def test_letters_beyond_ascii_go_as_utf_8(self):
        with HostileServer(offering("PLAIN")) as server:
            talk(server, login=login(password="Überraschung€"), stop_after="auth")
        assert heard(server) == [f"AUTH PLAIN {b64(f'{chr(0)}{ANN.user}{chr(0)}Überraschung€')}"]


class TestChoice:
    """Which mechanism is used, if any."""

    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            (["CRAM-MD5", "LOGIN", "PLAIN"], "PLAIN"),
            (["CRAM-MD5", "LOGIN"], "LOGIN"),
            (["NTLM", "CRAM-MD5"], "CRAM-MD5"),
            (["xoauth2", "plain"], "PLAIN"),
            (["=LOGIN", "PLAIN"], "PLAIN"),
        ],
    )
    def test_by_preference(self, offered, chosen):
        with HostileServer({**offering(*offered), "AUTH": "535 no"}) as server:
            report = talk(server, login=login(), stop_after="auth")
        assert server.heard[1].split()[:2] == ["AUTH", chosen]
        assert server.verbs.count("AUTH") == 1, "a refused password is not tried again, for accounts are locked by that"
        assert report.failure.code == 535

    def test_as_asked(self):
        with HostileServer({**offering("PLAIN", "CRAM-MD5"), "AUTH": "535 no"}) as server:
            talk(server, login=login(mechanism="cram-md5"), stop_after="auth")
        assert heard(server) == ["AUTH CRAM-MD5"]

    def test_the_old_way_to_offer_it(self):
        with HostileServer({"EHLO": "250-hi\r\n250-AUTH=PLAIN\r\n250 AUTH LOGIN"}) as server:
            assert talk(server, login=login(), stop_after="auth").failure is None
        assert heard(server) == [PLAIN]

    def test_the_next_one_where_the_server_does_not_know_what_it_offers(self):
        asks = {"AUTH": ["504 5.5.4 Unknown", "334 VXNlcm5hbWU6"], "response": ["334 UGFzc3dvcmQ6", "235 ok"]}
        with HostileServer({**offering("PLAIN", "LOGIN"), **asks}) as server:
            report = talk(server, login=login(), stop_after="auth")
        assert report.failure is None
        assert stage(report, "auth").detail == "LOGIN: ok"

    @pytest.mark.parametrize(
        ("capabilities", "facts", "words"),
        [
            ("250 hi", {}, "no way to log in"),
            ("250-hi\r\n250 AUTH", {}, "no way to log in"),
            ("250-hi\r\n250 AUTH NTLM GSSAPI", {}, "offers only NTLM GSSAPI"),
            ("250-hi\r\n250 AUTH PLAIN", {"mechanism": "CRAM-MD5"}, "offers only PLAIN"),
            ("250-hi\r\n250 AUTH PLAIN", {"oauth_token": TOKEN}, "offers only PLAIN"),
        ],
    )
    def test_nothing_suitable_is_offered(self, capabilities, facts, words):
        with HostileServer({"EHLO": capabilities}) as server:
            report = talk(server, login=login(**facts), stop_after="auth")
        assert (report.failed_stage, report.failure.cause) == ("auth", "auth_not_offered")
        assert words in report.failure.text
        assert "AUTH" not in server.verbs

    @pytest.mark.parametrize("facts", [{"mechanism": "NTLM"}, {"mechanism": "XOAUTH2"}])
    def test_what_cannot_be_done_is_said_before_anything_else(self, facts):
        with HostileServer() as server:
            report = talk(server, login=login(**facts), stop_after="auth")
        assert report.failed_stage == "settings"
        assert server.heard == []


class TestProtection:
    """No password on a connection that others can read."""

    @pytest.mark.parametrize("mechanism", ["auto", "PLAIN", "LOGIN", "CRAM-MD5"])
    def test_nothing_is_sent_in_clear_text(self, mechanism):
        with HostileServer() as server:
            report = talk(server, login=login(mechanism=mechanism, allow_plaintext=False))
        assert (report.failed_stage, report.failure.cause) == ("auth", "tls_required")
        assert report.failure.code is None
        assert server.verbs == ["EHLO", "QUIT"]

    @pytest.mark.parametrize("mode", ["starttls", "implicit"])
    def test_it_is_sent_where_it_is_encrypted(self, server_tls, trust, mode):
        with HostileServer(tls=server_tls, implicit=mode == "implicit") as server:
            report = talk(server, mode, trust=trust, login=login(allow_plaintext=False))
        assert report.failure is None
        assert PLAIN in server.heard

    def test_a_server_that_wants_tls_says_so_itself(self):
        with HostileServer({"AUTH": "530 5.7.0 Must issue a STARTTLS command first"}) as server:
            report = talk(server, login=login())
        assert (report.failed_stage, report.failure.code, report.failure.cause) == ("auth", 530, None)


class TestOddServers:
    """Servers with an idea of their own of how to log in."""

    @pytest.mark.parametrize("mechanism", ["LOGIN", "CRAM-MD5"])
    def test_one_that_accepts_without_asking(self, mechanism):
        with HostileServer(offering(mechanism)) as server:
            report = talk(server, login=login())
        assert report.failure is None
        assert "accepted without asking for the password" in stage(report, "auth").detail

    def test_one_that_asks_for_the_name_only(self):
        with HostileServer({**offering("LOGIN"), "AUTH": "334 VXNlcm5hbWU6"}) as server:
            report = talk(server, login=login(), stop_after="auth")
        assert "accepted without asking for the password" in stage(report, "auth").detail

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
    def test_one_that_never_stops_asking(self, mechanism):
        with HostileServer({**offering(mechanism), "AUTH": "334 PGE+", "response": "334 PGE+"}) as server:
            report = talk(server, login=login(mechanism=mechanism, oauth_token=TOKEN), stop_after="auth")
        assert (report.failed_stage, report.failure.cause) == ("auth", "protocol_error")
        assert len(server.heard) < 6

    def test_one_that_explains_itself_before_it_refuses(self):
        status = json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.example.com/"})
        asks = {
            "AUTH": f"334 {b64(status)}",
            "response": "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 x",
        }
        with HostileServer({**offering("XOAUTH2"), **asks}) as server:
            report = talk(server, login=login(oauth_token=TOKEN), stop_after="auth")
        assert heard(server)[1:] == [""]
        assert (report.failure.code, report.failure.enhanced) == (535, "5.7.8")
        assert report.failure.text == f"5.7.8 Username and Password not accepted. x {status}"

    def test_one_that_leaves_when_it_hears_the_password(self):
        asks = {"AUTH": "334 VXNlcm5hbWU6", "response": ["334 UGFzc3dvcmQ6", leave]}
        with HostileServer({**offering("LOGIN"), **asks}) as server:
            report = talk(server, login=login(), stop_after="auth")
        assert (report.failed_stage, report.failure.cause) == ("auth", "server_disconnected")


def echo(peer) -> None:
    """Refuse with every form of the secrets that a server can know."""
    everything = (SECRET, TOKEN, *map(b64, (SECRET, TOKEN, f"\0ann\0{SECRET}", f"user=ann\1auth=Bearer {TOKEN}\1\1")))
    peer.say(b"".join(f"550-5.7.0 What is {form}?\r\n".encode() for form in everything) + b"550 5.7.0 No.\r\n")


class TestSecrets:
    """What a server repeats goes no further."""

    @pytest.mark.parametrize("mechanism", ["PLAIN", "XOAUTH2"])
    @pytest.mark.parametrize("point", ["banner", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "message"])
    def test_an_echo_at_any_stage(self, point, mechanism):
        who = login(user="ann", password=SECRET, oauth_token=TOKEN, mechanism=mechanism)
        with HostileServer({point: echo}) as server:
            report = talk(server, login=who)
        told = json.dumps(report.as_dict(), ensure_ascii=False) + json.dumps(report.as_dict()) + repr(report)
        assert "What is " + MASK in told
        assert SECRET.traces_in(told) == []
        assert Canary(TOKEN).lower() not in told.lower()
        assert b64(TOKEN).rstrip("=") not in told

    @pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
    def test_an_echo_of_what_was_sent(self, mechanism):
        """Whole, in part, in capitals, and in a line that is no reply at all."""
        sent = []

        def remember(peer):
            line = server.heard[-1].rpartition(" ")[2]
            if line == b64("ann") or line == mechanism:
                peer.say(b"334 " + b64("<1@x>").encode() + b"\r\n")
                return
            sent.append(line)
            forms = (line, line[:-5], line[7:], line.upper(), "prefix" + line)
            peer.say("".join(f"500-You said {form}\r\n" for form in forms).encode() + f"500 AUTH {line}\r\n".encode())

        who = login(user="ann", password=SECRET, oauth_token=TOKEN, mechanism=mechanism)
        with HostileServer({"AUTH": remember, "response": remember}) as server:
            report = talk(server, login=who, stop_after="auth")
        told = json.dumps(report.as_dict()).lower()
        assert len(sent) == 1
        assert report.failure.code == 500
        assert told.count(MASK) >= 6
        pieces = {sent[0][start : start + 8].lower() for start in range(len(sent[0]) - 8)}
        assert [piece for piece in pieces if piece in told] == []

    def test_the_digest_of_a_password(self):
        """Whoever has it, and the challenge, can try passwords out."""
        digest = "b913a602c7eda7a495b4e6e7334d3890"
        challenge = "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"  # the example of RFC 2195
        asks = {"AUTH": challenge, "response": f"535 Not {digest}"}
        with HostileServer({**offering("CRAM-MD5"), **asks}) as server:
            report = talk(server, login=login(user="tim", password="tanstaaftanstaaf"), stop_after="auth")
        assert report.failure.text == f"Not {MASK}"

    def test_a_line_that_is_no_reply(self):
        with HostileServer({"AUTH": f"{SECRET}\n".encode()}) as server:
            report = talk(server, login=login(password=SECRET), stop_after="auth")
        assert report.failure.cause == "protocol_error"
        assert SECRET.traces_in(json.dumps(report.as_dict(), ensure_ascii=False)) == []

    def test_capabilities_and_good_words(self):
        greeting = f"{POLITE['EHLO']}\r\n".replace("250 AUTH", f"250-{SECRET}\r\n250 AUTH")
        with HostileServer({"EHLO": greeting.rstrip(), "MAIL": f"250 {SECRET} {b64(SECRET)}"}) as server:
            report = talk(server, login=login(password=SECRET))
        assert report.failure is None
        assert SECRET.traces_in(json.dumps(report.as_dict(), ensure_ascii=False)) == []

    def test_the_login_itself_does_not_show_them(self):
        assert SECRET.traces_in(repr(login(password=SECRET, oauth_token=TOKEN))) == []
        assert TOKEN not in repr(login(oauth_token=TOKEN))

    def test_neither_does_the_mail_show_its_content(self):
        assert "Hello" not in repr(MAIL)


class TestScrubber:
    """What is masked, and what is not."""

    @pytest.mark.parametrize(
        ("secret", "text", "clean"),
        [
            ("hunter22", "no hunter22 here", f"no {MASK} here"),
            ("hunter22", "HUNTER22!", f"{MASK}!"),
            ("two  blanks", "said two blanks.", f"said {MASK}."),
            ('q"uo\\te', 'JSON has "q\\"uo\\\\te"', f'JSON has "{MASK}"'),
            ("a", "a bad answer, a!", f"{MASK} bad answer, {MASK}!"),
            ("x.z", "xyz x.z", f"xyz {MASK}"),
            ("", "nothing to hide", "nothing to hide"),
            ("  ", "nothing  to hide", "nothing  to hide"),
        ],
    )
    def test_forms(self, secret, text, clean):
        assert Scrubber([secret]).clean(text) == clean

    def test_the_longer_of_two_secrets_first(self):
        assert Scrubber(["pass", "password1"]).clean("password1") == MASK

    def test_words_stay_readable(self):
        scrubber = Scrubber(["correct horse"])
        scrubber.add_sent(b64("\0ann\0correct horse"))
        words = "5.7.8 Authentication unsuccessful; see https://support.example.com/mail/answer/78754 [AM0PR02CA0100]"
        assert scrubber.clean(words) == words


def test_a_password_that_nothing_can_send_is_told_at_the_settings() -> None:
    route, login = Route("127.0.0.1", 1, "plain"), Login("user", "half \udc80", allow_plaintext=True)

    report = converse(route, Trust(), login, None, "auth", 2)

    assert report.failed_stage == "settings"
    assert "surrogate" in report.failure.text
