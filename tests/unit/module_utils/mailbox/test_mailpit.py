# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail is looked for in a Mailpit, by its HTTP API."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from authority import Authority
from canary import Canary
from small_mailpit import SmallMailpit

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.mailbox import Arrival, Search, open_mailbox

TOKEN = "k7Qw2"
TEST_MAIL = {"subject": f"Approval {TOKEN}", "x_weestimate_mail_test": TOKEN}

#: Seconds that a visit may take, and that it may exceed them in these tests, on a machine that is busy.
TIMEOUT, SLACK = 0.2, 2.5

#: Seconds and bytes after which even these servers give up, so that a client without limits fails instead of hanging.
PATIENCE, ENOUGH = 4, 64 * 1024 * 1024


def _look(
    mailpit: SmallMailpit, search: Search, *, timeout: float = 2, delete: bool = False, **arguments: Any
) -> Arrival | None:
    confirm = {"mailpit": {"url": mailpit.url, **arguments}, "timeout": timeout}
    with open_mailbox(confirm) as opened:
        return opened.wait_for(search, timeout, 0.05, delete)


def _refusal(**arguments: Any) -> MailSettingsError:
    begin = time.monotonic()
    with pytest.raises(MailSettingsError) as caught:
        open_mailbox({"mailpit": arguments, "timeout": TIMEOUT})
    assert time.monotonic() - begin < TIMEOUT + SLACK
    assert caught.value.code == "mailbox_unavailable"
    assert len(caught.value.message) < 500
    return caught.value


def test_a_mail_that_was_caught(mailpit: SmallMailpit) -> None:
    mailpit.deliver(subject="another")
    mailpit.deliver(**TEST_MAIL, authentication_results=["mx; spf=pass", "other; spf=fail"])
    mailpit.deliver(subject="a third")
    arrival = _look(mailpit, Search(token=TOKEN))

    assert arrival == Arrival(
        folder="INBOX",
        junk=False,
        seconds=arrival.seconds,
        authentication_results={"spf": "pass", "dkim": None, "dmarc": None, "raw": "mx; spf=pass"},
        subject=f"Approval {TOKEN}",
    )


def test_a_mail_that_does_not_arrive(mailpit: SmallMailpit) -> None:
    mailpit.deliver(subject="another")

    assert _look(mailpit, Search(token=TOKEN), timeout=0.2) is None


def test_a_mail_that_arrives_while_it_is_waited_for(mailpit: SmallMailpit) -> None:
    timer = threading.Timer(0.3, lambda: mailpit.deliver(**TEST_MAIL))
    timer.start()

    assert 0.2 < _look(mailpit, Search(token=TOKEN)).seconds < 2
    timer.join()


def test_looking_marks_nothing_as_read(mailpit: SmallMailpit) -> None:
    key = mailpit.deliver(**TEST_MAIL)
    _look(mailpit, Search(token=TOKEN))

    assert f"GET /api/v1/message/{key}/headers" in mailpit.requests
    assert f"GET /api/v1/message/{key}" not in mailpit.requests  # which would mark it


def test_only_that_mail_is_deleted(mailpit: SmallMailpit) -> None:
    other = mailpit.deliver(subject="another")
    mailpit.deliver(**TEST_MAIL)

    assert _look(mailpit, Search(token=TOKEN), delete=True).warning is None
    assert [mail.key for mail in mailpit.mails] == [other]


def test_a_mail_that_may_not_be_deleted_has_arrived_nevertheless(mailpit: SmallMailpit) -> None:
    mailpit.deliver(**TEST_MAIL)
    refusal = [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nread only"]
    mailpit.script = lambda running: refusal if running.requests[-1].startswith("DELETE") else None
    arrival = _look(mailpit, Search(token=TOKEN), delete=True)

    assert arrival.folder == "INBOX"
    assert arrival.warning.endswith("does not delete the test mail: 403 read only. Delete it by hand.")


def test_only_what_arrives_from_now_on_is_watched_for(mailpit: SmallMailpit) -> None:
    old = [mailpit.deliver(subject=f"Approval {number}") for number in range(70)]

    def change() -> None:
        # Older mails move up among the newest when others go; that does not make them new.
        mailpit.mails = [mail for mail in mailpit.mails if mail.key not in old[-30:]]
        mailpit.deliver(subject="Newsletter", **{"from": "bot@example.com"})
        mailpit.deliver(subject="Approval new", **{"from": "WeEstimate <bot@example.com>"})
        mailpit.deliver(subject="Newsletter", **{"from": "bot@example.com"})

    timer = threading.Timer(0.3, change)
    timer.start()
    arrival = _look(mailpit, Search(subject="approval", sender="weestimate*@example.com"))
    timer.join()

    assert arrival.subject == "Approval new"


def test_a_mail_that_goes_away_while_it_is_looked_at(mailpit: SmallMailpit) -> None:
    timer = threading.Timer(0.1, lambda: setattr(mailpit, "mails", [_Ghost("ghost", {})]))
    timer.start()

    assert _look(mailpit, Search(subject="approval"), timeout=0.4) is None
    timer.join()
    assert "GET /api/v1/message/ghost/headers" in mailpit.requests


class _Ghost:
    """A mail that is listed, and gone when it is asked for."""

    def __init__(self, key: str, fields: dict[str, list[str]]) -> None:
        self._keys = iter([key])
        self.fields = fields

    @property
    def key(self) -> str:
        return next(self._keys, "gone")


# Logging in, and encryption


def test_a_login(mailpit: SmallMailpit) -> None:
    mailpit.password = Canary.named("mailpitpassword")
    mailpit.deliver(**TEST_MAIL)

    assert _look(mailpit, Search(token=TOKEN), user="ann", password=mailpit.password)
    for wrong in ({}, {"user": "ann", "password": "hunter2"}):
        error = _refusal(url=mailpit.url, **wrong)
        assert "does not take the login: 401 Unauthorized" in error.message
        assert "hunter2" not in str(error.result())


def test_a_password_does_not_cross_the_network_in_clear_text() -> None:
    error = _refusal(url="http://mailpit.example.com:8025", user="ann", password="hunter2")

    assert "the password would be sent without encryption" in error.message
    assert "https" in error.remedy


def test_https(authority: Authority, server_tls: ssl.SSLContext) -> None:
    with SmallMailpit(server_tls) as mailpit:
        mailpit.deliver(**TEST_MAIL)

        assert _look(mailpit, Search(token=TOKEN), ca_file=str(authority.ca_file))
        assert "offers no encryption that can be trusted" in _refusal(url=mailpit.url).message


def test_a_path_below_which_mailpit_lies(mailpit: SmallMailpit) -> None:
    error = _refusal(url=f"{mailpit.url}/mail pit/")

    assert mailpit.requests[-1].startswith("GET /mail%20pit/api/v1/messages?")
    assert "does not answer as Mailpit does: it lists no messages" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mailpit:8025",
        "ftp://mailpit",
        "http://",
        "http://mailpit:99999",
        "http://mailpit:x",
        "http://ann:hunter2@127.0.0.1",
        "http://127.0.0.1/?token=hunter2",
        "http://[::1",
    ],
)
def test_what_is_no_address_of_a_mailpit(url: str) -> None:
    error = _refusal(url=url)

    assert error.message.startswith("Mailpit cannot be used: ")
    assert "hunter2" not in str(error.result())


def test_a_server_that_is_not_there() -> None:
    assert "cannot be reached" in _refusal(url="http://127.0.0.1:1").message


# Servers that are no Mailpit, or none that does its duty


def _ok(body: bytes) -> list[bytes]:
    return [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body]


def _silent(mailpit: SmallMailpit) -> Iterator[bytes]:
    mailpit.ended.wait(PATIENCE)
    yield b""


def _dripping(mailpit: SmallMailpit) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX: "
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not mailpit.ended.wait(0.02):
        yield b"x"


def _endless(head: bytes, piece: bytes) -> Callable[[SmallMailpit], Iterator[bytes]]:
    def pieces(mailpit: SmallMailpit) -> Iterator[bytes]:
        yield head
        while mailpit.said < ENOUGH:
            yield piece

    return pieces


_HEAD = b"HTTP/1.1 200 OK\r\n"

HOSTILITIES: dict[str, Callable[[SmallMailpit], Iterable[bytes]]] = {
    "silence": _silent,
    "a byte now and then": _dripping,
    "a closed connection": lambda _mailpit: [],
    "half an answer": lambda _mailpit: [_HEAD + b"Content-Length: 100\r\n\r\n{"],
    "no HTTP": lambda _mailpit: [b"* OK IMAP4rev1 ready\r\n" * 3],
    "no text": lambda _mailpit: [bytes(range(256)) * 10],
    "header fields without end": _endless(_HEAD, b"X: y\r\n" * 100),
    "a line without end": _endless(_HEAD, b"x" * 65536),
    "provisional answers without end": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a body without end": _endless(_HEAD + b"\r\n", b" " * 65536),
    "a huge body": _endless(_HEAD + b"Content-Length: 99999999999999\r\n\r\n", b" " * 65536),
    "chunks without end": _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 100),
    "a huge chunk": _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n", b" " * 65536),
    "a web page": lambda _mailpit: _ok(b"<html>Welcome</html>"),
    "no UTF-8": lambda _mailpit: _ok(b'{"messages": "\xff"}'),
    "another API": lambda _mailpit: _ok(b'{"items": []}'),
    "a list": lambda _mailpit: _ok(b"[1, 2]"),
    "no keys": lambda _mailpit: _ok(b'{"messages": [{"id": "x"}]}'),
    "an empty key": lambda _mailpit: _ok(b'{"messages": [{"ID": ""}]}'),
    "a key that is a path": lambda _mailpit: _ok(b'{"messages": [{"ID": "../../admin"}]}'),
    "a key that is a number": lambda _mailpit: _ok(b'{"messages": [{"ID": 7}]}'),
    "nesting without end": lambda _mailpit: _ok(b"[" * 500_000),
    "an error": lambda _mailpit: [b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nbusy"],
    "another place": lambda mailpit: [
        b"HTTP/1.1 302 Found\r\nLocation: " + mailpit.url.encode() + b"/elsewhere\r\nContent-Length: 0\r\n\r\n"
    ],
}


@pytest.mark.parametrize("hostility", HOSTILITIES)
def test_every_hostility_ends_in_time_and_in_bounds(mailpit: SmallMailpit, hostility: str) -> None:
    mailpit.script = HOSTILITIES[hostility]
    _refusal(url=mailpit.url)

    assert mailpit.said < 10 * 1024 * 1024  # what lies in the buffers of the network included
    assert not [request for request in mailpit.requests if "elsewhere" in request]


@pytest.mark.parametrize(
    "body", [b"[]", b"7", b'{"Subject": 7}', b'{"Subject": [7, null]}', b"{", b'{"Subject": "text"}', b"{}"]
)
def test_a_header_that_makes_no_sense_is_no_hit(mailpit: SmallMailpit, body: bytes) -> None:
    with open_mailbox({"mailpit": {"url": mailpit.url}, "timeout": TIMEOUT}) as opened:
        answers = iter([_ok(b'{"messages": []}'), _ok(b'{"messages": [{"ID": "k"}]}'), _ok(body)])
        mailpit.script = lambda _mailpit: next(answers, [])
        with pytest.raises(MailSettingsError) as caught:
            opened.wait_for(Search(subject="approval"), TIMEOUT, 0.01, delete=False)

    assert caught.value.code == "mailbox_unavailable"


def test_a_server_that_repeats_the_login(mailpit: SmallMailpit) -> None:
    password = Canary.named("mailpitpassword")
    login = base64.b64encode(f"ann:{password}".encode())
    words = [password.encode(), login, b"Basic " + login[6:-4]]
    for word in words:
        mailpit.script = lambda _mailpit, word=word: [b"HTTP/1.1 401 " + word + b"\r\nContent-Length: 0\r\n\r\n"]
        errors = [_refusal(url=mailpit.url, user="ann", password=password)]
        mailpit.script = lambda _mailpit, word=word: [
            b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n" % len(word),
            word,
        ]
        errors.append(_refusal(url=mailpit.url, user="ann", password=password))
        mailpit.script = lambda _mailpit, word=word: [word + b"\r\n\r\n"]
        errors.append(_refusal(url=mailpit.url, user="ann", password=password))

        assert [password.traces_in(str(error.result())) for error in errors] == [[], [], []]
        assert all(error.__cause__ is error.__context__ is None for error in errors)
